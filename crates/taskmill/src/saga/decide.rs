//! What a saga does next. Pure: the same progress and the same happening always give the same decision.
//!
//! The rules, in the order in which they matter:
//! 1. Stages go one after the other, the steps of one stage beside each other.
//! 2. A step is undone only when it is known to be done. One whose outcome is unknown is asked again, with the same
//!    idempotency key, until it is known; also when the saga goes backward already.
//! 3. A refusal before the point of no return turns the saga round; behind it, it leaves the saga stuck.
//! 4. Whatever was ordered under an older epoch changes nothing when it arrives.

use super::progress::{Progress, StepState};
use super::rules::Decider;
use super::shape::Shape;
use kernel::Time;
use serde_json::Value;
use std::time::Duration;
use uuid::Uuid;

/// Forward or backward, for one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Way {
    Do,
    Undo,
}

impl Way {
    /// Its name in idempotency keys.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Do => "do",
            Self::Undo => "undo",
        }
    }
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    /// It had its effect.
    Done(Value),
    /// It had none, and asking again would not help.
    Refused(String),
    /// Nobody knows, or it may help to ask again.
    Unknown(String),
}

/// A signal somebody sent, not yet taken by a wait.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Letter {
    pub(crate) name: String,
    pub(crate) key: String,
    pub(crate) payload: Value,
}

/// What an operator wants done about a saga.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SagaOrder {
    /// Try what failed again now, with all its attempts. Where nothing failed, bring on what is under way.
    Retry,
    /// Take what is stuck as dealt with, or what failed where nothing is: on the way forward as done, and not to be
    /// undone; on the way back as undone.
    Skip,
    /// Undo it now.
    Compensate,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Happening {
    Began,
    /// An attempt ended. `tries` counts those that the same task had begun before it and that were cut short, too.
    Tried {
        node: usize,
        way: Way,
        epoch: i32,
        tries: i32,
        outcome: Outcome,
    },
    /// It is time to look at the letters and the clock.
    Looked,
    /// What a wait heard cannot be kept.
    Unheard {
        error: String,
    },
    Ordered(SagaOrder),
}

/// What is to be done about it, in this order, in the transaction that stores the progress.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Action {
    /// Try this step, not before so much time has passed.
    Try { node: usize, way: Way, epoch: i32, after: Duration },
    /// Keep the outputs of this stage in the saga's data.
    Keep { stage: usize },
    /// Set this wait's deadline.
    Watch { node: usize },
    /// Look at the letters and the clock, now and again at the deadline.
    Look,
    /// The wait took this letter.
    Take { node: usize, letter: Letter },
}

/// Why an order stands against the saga's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Against {
    Ended,
    NothingFailed,
    Undoing,
    NoReturn,
}

/// All that a decision is made on.
pub(crate) struct Facts<'a> {
    pub(crate) shape: &'a Shape,
    /// Letters no wait has taken, the oldest first.
    pub(crate) letters: &'a [Letter],
    pub(crate) now: Time,
    /// The saga, whose id spreads pauses.
    pub(crate) saga: Uuid,
}

/// The progress after `happening`, and what is to be done. Nothing when it changes nothing.
pub(crate) fn decide(
    facts: &Facts<'_>,
    progress: &Progress,
    happening: &Happening,
) -> Result<Option<(Progress, Vec<Action>)>, Against> {
    let mut next = Decider::on(facts, progress.clone());
    match happening {
        Happening::Began => {}
        Happening::Tried { node, way, epoch, tries, outcome } => {
            if !expects(progress, *node, *way, *epoch) {
                return Ok(None);
            }
            match way {
                Way::Do => next.acted(*node, *tries, outcome),
                Way::Undo => next.undid(*node, *tries, outcome),
            }
        }
        Happening::Looked => next.look(),
        Happening::Unheard { error } => next.unheard(error),
        Happening::Ordered(order) => next.obey(*order)?,
    }
    next.settle();
    let (mut after, actions) = next.decided();
    if actions.is_empty() && after == *progress {
        return Ok(None);
    }
    for (record, before) in after.steps.iter_mut().zip(&progress.steps) {
        if record != before {
            record.updated_at = Some(facts.now);
        }
    }
    Ok(Some((after, actions)))
}

/// Whether this attempt is the one ordered last.
pub(crate) fn expects(progress: &Progress, node: usize, way: Way, epoch: i32) -> bool {
    let Some(record) = progress.steps.get(node) else { return false };
    let state = match way {
        Way::Do => StepState::Running,
        Way::Undo => StepState::Compensating,
    };
    !progress.phase.has_ended() && record.state == state && record.epoch == epoch
}
