//! How far a saga has come: what is stored, and what is decided on. Pure data.

use kernel::Time;
use serde_json::Value;

/// Which way a saga goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It does its steps.
    Forward,
    /// It undoes what it did.
    Backward,
    /// Every step is done.
    Done,
    /// Everything is undone.
    Undone,
}

impl Phase {
    const ALL: [Self; 4] = [Self::Forward, Self::Backward, Self::Done, Self::Undone];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Backward => "backward",
            Self::Done => "done",
            Self::Undone => "undone",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.name() == name)
    }

    pub(crate) fn has_ended(self) -> bool {
        matches!(self, Self::Done | Self::Undone)
    }
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum StepState {
    /// Not begun.
    #[default]
    Pending,
    /// Begun, and its outcome is not known: it may have had its effect.
    Running,
    /// It waits for a signal or its deadline.
    Waiting,
    /// It had its effect.
    Done,
    /// It was refused, and had no effect.
    Failed,
    /// An operator has seen to it.
    Skipped,
    /// It had its effect, which is being undone.
    Compensating,
    /// Its effect is undone, or it no longer waits.
    Undone,
}

impl StepState {
    const ALL: [Self; 8] = [
        Self::Pending,
        Self::Running,
        Self::Waiting,
        Self::Done,
        Self::Failed,
        Self::Skipped,
        Self::Compensating,
        Self::Undone,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Compensating => "compensating",
            Self::Undone => "undone",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// One step's record.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Record {
    pub(crate) state: StepState,
    /// Its attempts are used up, or what it heard cannot be kept, and somebody should look at it.
    pub(crate) stuck: bool,
    /// Grows with each order to try it. What was ordered under an older number no longer counts.
    pub(crate) epoch: i32,
    /// Attempts in the direction it goes now.
    pub(crate) attempts: i32,
    /// When it is tried again, or stops waiting.
    pub(crate) next_at: Option<Time>,
    pub(crate) output: Option<Value>,
    pub(crate) error: Option<String>,
    pub(crate) updated_at: Option<Time>,
}

impl Record {
    /// Puts it into `state` with nothing left of earlier trouble.
    pub(crate) fn turn(&mut self, state: StepState) {
        self.state = state;
        self.stuck = false;
        self.attempts = 0;
        self.next_at = None;
        self.error = None;
    }

    /// Whether something is to come of it yet.
    pub(crate) fn is_under_way(&self) -> bool {
        matches!(self.state, StepState::Running | StepState::Waiting | StepState::Compensating)
    }

    /// The same, under a new epoch: what was ordered before no longer counts.
    pub(crate) fn renew(&mut self, state: StepState) {
        self.turn(state);
        self.epoch += 1;
    }
}

/// A saga's whole progress.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Progress {
    pub(crate) phase: Phase,
    /// The stage it is at.
    pub(crate) position: usize,
    /// How many stages have been done, so that their outputs are kept in the saga's data. It does not shrink on the way
    /// back: what undoes a step is given the same data at every attempt.
    pub(crate) kept: usize,
    /// Why it goes backward.
    pub(crate) why: Option<String>,
    /// One record for each step, in the plan's order.
    pub(crate) steps: Vec<Record>,
}

impl Progress {
    /// The progress of a saga of so many steps that has not begun.
    pub(crate) fn none(steps: usize) -> Self {
        Self { phase: Phase::Forward, position: 0, kept: 0, why: None, steps: vec![Record::default(); steps] }
    }

    /// The step people should be told of first: one that is stuck, otherwise the first one under way.
    pub(crate) fn at(&self) -> Option<usize> {
        let stuck = self.steps.iter().position(|record| record.stuck);
        stuck.or_else(|| self.steps.iter().position(Record::is_under_way))
    }

    /// The saga's state as people see it.
    pub(crate) fn state(&self) -> &'static str {
        let any = |test: fn(&Record) -> bool| self.steps.iter().any(test);
        match self.phase {
            Phase::Done => "done",
            Phase::Undone => "undone",
            _ if any(|record| record.stuck) => "stuck",
            Phase::Backward => "compensating",
            Phase::Forward if any(|record| record.state == StepState::Waiting) => "waiting",
            Phase::Forward => "running",
        }
    }
}
