//! Tasks: work that outlives the request that asked for it.
//!
//! What may not enter: how a queue keeps them, and who runs them.

mod desk;
mod lease;
mod new_task;
mod queue;

pub use desk::{
    DeskAnswer, DeskOrder, DeskQuestion, NO_SUCH_DESK, ORDER_TASKS, QueueState, READ_TASKS, Run, SagaFilter, SagaLife,
    SagaStep, SagaSummary, ScheduleState, TaskDesk, TaskFilter, TaskLife, TaskState, TaskSummary, ThroughputMinute,
};
pub use lease::Lease;
pub use new_task::{Held, Lane, NewTask, Priority, Second, Start, TaskOrigin, Unique};
pub use queue::{Beat, Claim, Claimed, Ending, Enqueued, Progress, QueueLimits, QueueSettings, Settlement, TaskQueue};
