//! Durable tasks, cron schedules and sagas on a module's own database.
//!
//! A [`Task`] is a struct with a stable kind, a version and a `run`. A module lists its tasks in one [`Tasks`], enqueues
//! them with its commits, and gives the runtime the [`Worker`] that does them.
//!
//! What may not enter: SQL that a commit needs (that is the store's), a web framework, the runtime.

mod claims;
mod context;
mod cron;
mod desk;
mod ends;
mod flight;
mod holder;
mod housekeeping;
mod mill;
mod pace;
mod retry;
mod scheduler;
mod shift;
mod standstill;
mod task;
mod tasks;
mod worker;

pub use context::TaskContext;
pub use cron::{Cron, CronError};
pub use desk::{DESK_REASONS, Desk};
pub use housekeeping::{House, keep_house};
pub use mill::{Mill, Run};
pub use retry::Retry;
pub use scheduler::{CatchUp, Schedule, Scheduler, Tick, run_scheduler};
pub use task::{Ran, Task, Terms};
pub use tasks::{Tasks, TermsOf};
pub use worker::{Worker, WorkerOptions};

pub mod saga;
