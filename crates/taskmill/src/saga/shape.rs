//! The outline of a plan that decisions are made on: which steps there are, in which order, and what may be done about
//! each. No closures, no data.

use crate::Retry;
use std::time::Duration;

/// What is done about a step that fails for a reason that may pass.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tries {
    pub(crate) attempts: u32,
    pub(crate) pauses: Retry,
    pub(crate) again: Option<Duration>,
    pub(crate) undo: bool,
}

impl Default for Tries {
    /// Eight attempts, half a second apart and then twice as long each time up to five minutes. Then the saga is stuck:
    /// operators see it, and the step is tried again every hour.
    fn default() -> Self {
        let pauses = Retry { first: Duration::from_millis(500), longest: Duration::from_mins(5) };
        Self { attempts: 8, pauses, again: Some(Duration::from_hours(1)), undo: false }
    }
}

impl Tries {
    /// So many attempts, at least one, otherwise as by default.
    pub fn times(attempts: u32) -> Self {
        Self { attempts: attempts.max(1), ..Self::default() }
    }

    /// One attempt, and none after it unless an operator says so: for what cannot be asked twice. A step that was cut
    /// short with its process counts as tried, and the saga is stuck.
    pub fn once() -> Self {
        Self { attempts: 1, again: None, ..Self::default() }
    }

    /// The same with these pauses between attempts.
    #[must_use]
    pub fn pausing(mut self, pauses: Retry) -> Self {
        self.pauses = pauses;
        self
    }

    /// The same, trying a stuck step again this often.
    #[must_use]
    pub fn then_every(mut self, period: Duration) -> Self {
        self.again = Some(period);
        self
    }

    /// The same, leaving a stuck step to the operators alone.
    #[must_use]
    pub fn then_wait(mut self) -> Self {
        self.again = None;
        self
    }

    /// The same, undoing the saga when the attempts are used up, instead of leaving it stuck. The step itself is then
    /// asked on until it is known whether there is something to undo.
    #[must_use]
    pub fn then_undo(mut self) -> Self {
        self.undo = true;
        self
    }

    /// Whether the step may be asked a second time without anybody saying so.
    pub(crate) fn repeat(&self) -> bool {
        self.attempts > 1
    }
}

/// What a signal or a deadline means to whoever waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The saga goes on.
    GoOn,
    /// The saga is undone.
    Undo,
    /// The deadline no longer counts; from now on only signals do.
    StopTheClock,
}

/// One step, or one wait.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Step { name: &'static str, undoable: bool, pivot: bool, tries: Tries },
    Wait { name: &'static str, rules: Vec<(&'static str, Verdict)>, late: Option<Verdict> },
}

impl Node {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Step { name, .. } | Self::Wait { name, .. } => name,
        }
    }

    pub(crate) fn is_undoable(&self) -> bool {
        matches!(self, Self::Step { undoable: true, .. })
    }

    pub(crate) fn is_pivot(&self) -> bool {
        matches!(self, Self::Step { pivot: true, .. })
    }

    pub(crate) fn is_wait(&self) -> bool {
        matches!(self, Self::Wait { .. })
    }
}

/// A mistake in a plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// There is nothing to do.
    #[error("{0} has no steps")]
    Empty(&'static str),
    /// Names go into idempotency keys.
    #[error("the step name {0:?} is not 1 to 60 letters, digits, spaces, `_` or `-`")]
    Name(&'static str),
    /// Two steps have one name.
    #[error("there are two steps named {0:?}")]
    Twice(&'static str),
    /// Others go on while it is decided.
    #[error("{0:?} is a point of no return and must not run beside other steps")]
    PivotInParallel(&'static str),
    /// Nothing can be undone there.
    #[error("{0:?} would undo the saga after its point of no return")]
    UndoAfterPivot(&'static str),
    /// It would wait for ever.
    #[error("{0:?} waits for nothing")]
    WaitsForNothing(&'static str),
    /// There is no plan for today's version.
    #[error("{0} has no plan for its own version")]
    NoPlan(&'static str),
    /// Two sagas have one kind.
    #[error("there are two sagas of the kind {0:?}")]
    Kind(&'static str),
}

/// A plan's outline: nodes in order, and where each stage ends.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shape {
    pub(crate) nodes: Vec<Node>,
    /// Exclusive ends of the stages, in nodes.
    ends: Vec<usize>,
}

impl Shape {
    /// The outline of these stages.
    pub(crate) fn of(kind: &'static str, stages: Vec<Vec<Node>>) -> Result<Self, PlanError> {
        let mut shape = Self { nodes: Vec::new(), ends: Vec::new() };
        for stage in stages.into_iter().filter(|stage| !stage.is_empty()) {
            if let Some(pivot) = stage.iter().find(|node| node.is_pivot() && stage.len() > 1) {
                return Err(PlanError::PivotInParallel(pivot.name()));
            }
            shape.nodes.extend(stage);
            shape.ends.push(shape.nodes.len());
        }
        shape.check(kind)?;
        Ok(shape)
    }

    fn check(&self, kind: &'static str) -> Result<(), PlanError> {
        if self.nodes.is_empty() {
            return Err(PlanError::Empty(kind));
        }
        let mut past_pivot = false;
        for (nth, node) in self.nodes.iter().enumerate() {
            let name = node.name();
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b" _-".contains(&byte);
            if !(1..=60).contains(&name.len()) || !name.bytes().all(is_plain) {
                return Err(PlanError::Name(name));
            }
            if self.nodes[..nth].iter().any(|other| other.name() == name) {
                return Err(PlanError::Twice(name));
            }
            past_pivot |= node.is_pivot();
            let undoes = match node {
                Node::Step { tries, .. } => tries.undo,
                Node::Wait { rules, late, .. } => {
                    if rules.is_empty() && late.is_none() {
                        return Err(PlanError::WaitsForNothing(name));
                    }
                    rules.iter().map(|rule| rule.1).chain(*late).any(|verdict| verdict == Verdict::Undo)
                }
            };
            if undoes && past_pivot {
                return Err(PlanError::UndoAfterPivot(name));
            }
        }
        Ok(())
    }

    pub(crate) fn stages(&self) -> usize {
        self.ends.len()
    }

    /// The nodes of the nth stage.
    pub(crate) fn stage(&self, nth: usize) -> std::ops::Range<usize> {
        let end = self.ends.get(nth).copied().unwrap_or(self.nodes.len());
        let begin = nth.checked_sub(1).and_then(|before| self.ends.get(before).copied()).unwrap_or(0);
        begin..end
    }

    /// The stage a node is in.
    pub(crate) fn stage_of(&self, node: usize) -> usize {
        self.ends.iter().position(|end| node < *end).unwrap_or(self.ends.len())
    }

    pub(crate) fn node_named(&self, name: &str) -> Option<usize> {
        self.nodes.iter().position(|node| node.name() == name)
    }
}
