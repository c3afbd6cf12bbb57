//! What can be ordered about each sort of thing: the one list of verbs that addresses, commands and pages spell alike.
//! What may not enter: how an order is carried out.

use kernel::DeskOrder;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// What can be ordered about one sort of thing.
pub(super) trait Order: Copy + 'static {
    /// What it is about: a task's id, a queue's name.
    type Thing;
    /// Every order.
    const ALL: &'static [Self];

    /// As addresses and commands spell it.
    fn word(self) -> &'static str;

    /// As the desk takes it.
    fn about(self, thing: Self::Thing) -> DeskOrder;

    /// What has come of it, for people.
    fn done(self) -> &'static str;

    /// The order of that word, if there is one.
    fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|order| order.word() == word)
    }
}

/// What can be ordered about a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum TaskOrder {
    /// Give a dead letter another life, with its attempts counted anew.
    Redrive,
    /// Stop it: one that waits at once, one that runs as soon as it listens.
    Cancel,
}

impl Order for TaskOrder {
    type Thing = Uuid;
    const ALL: &'static [Self] = &[Self::Redrive, Self::Cancel];

    fn word(self) -> &'static str {
        match self {
            Self::Redrive => "redrive",
            Self::Cancel => "cancel",
        }
    }

    fn about(self, id: Uuid) -> DeskOrder {
        match self {
            Self::Redrive => DeskOrder::Redrive(id),
            Self::Cancel => DeskOrder::Cancel(id),
        }
    }

    fn done(self) -> &'static str {
        match self {
            Self::Redrive => "The task gets another life.",
            Self::Cancel => "The task is stopped; one that runs stops as soon as it listens.",
        }
    }
}

/// What can be ordered about a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum QueueOrder {
    /// Start nothing more. What runs goes on.
    Pause,
    /// Go on starting.
    Resume,
}

impl Order for QueueOrder {
    type Thing = String;
    const ALL: &'static [Self] = &[Self::Pause, Self::Resume];

    fn word(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
        }
    }

    fn about(self, queue: String) -> DeskOrder {
        match self {
            Self::Pause => DeskOrder::Pause(queue),
            Self::Resume => DeskOrder::Resume(queue),
        }
    }

    fn done(self) -> &'static str {
        match self {
            Self::Pause => "Nothing more is started in this queue.",
            Self::Resume => "The queue goes on.",
        }
    }
}

/// What can be ordered about a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ScheduleOrder {
    /// Fire it now, besides its ticks.
    RunNow,
    /// Stop it from firing.
    Pause,
    /// Let it fire again.
    Resume,
}

impl Order for ScheduleOrder {
    type Thing = String;
    const ALL: &'static [Self] = &[Self::RunNow, Self::Pause, Self::Resume];

    fn word(self) -> &'static str {
        match self {
            Self::RunNow => "run-now",
            Self::Pause => "pause",
            Self::Resume => "resume",
        }
    }

    fn about(self, name: String) -> DeskOrder {
        match self {
            Self::RunNow => DeskOrder::RunNow(name),
            Self::Pause => DeskOrder::PauseSchedule(name),
            Self::Resume => DeskOrder::ResumeSchedule(name),
        }
    }

    fn done(self) -> &'static str {
        match self {
            Self::RunNow => "The schedule fires once, besides its ticks.",
            Self::Pause => "The schedule fires no more.",
            Self::Resume => "The schedule fires again.",
        }
    }
}

/// What can be ordered about a saga.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum SagaOrder {
    /// Try the step that failed again now, or order the step that is under way once more.
    Retry,
    /// Take the step that failed as dealt with: on the way forward as done, on the way back as undone.
    Skip,
    /// Undo the saga now.
    Compensate,
}

impl Order for SagaOrder {
    type Thing = Uuid;
    const ALL: &'static [Self] = &[Self::Retry, Self::Skip, Self::Compensate];

    fn word(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Skip => "skip",
            Self::Compensate => "compensate",
        }
    }

    fn about(self, id: Uuid) -> DeskOrder {
        match self {
            Self::Retry => DeskOrder::RetrySaga(id),
            Self::Skip => DeskOrder::SkipStep(id),
            Self::Compensate => DeskOrder::CompensateSaga(id),
        }
    }

    fn done(self) -> &'static str {
        match self {
            Self::Retry => "The step is tried again now.",
            Self::Skip => "The step is skipped.",
            Self::Compensate => "The saga is being undone.",
        }
    }
}
