//! What auth does besides answering: its tasks and schedules in one list.

use crate::Auth;
use crate::store::Forgotten;
use crate::usecases::SweepSessions;
use kernel::{Fault, reasons};
use runtime::{StartError, Worker};
use std::sync::Arc;
use taskmill::{Mill, Ran, Schedule, Task, TaskContext, Tasks};

/// Every task, with its schedule.
pub(crate) fn tasks(auth: &Arc<Auth>) -> Result<Tasks<Auth>, StartError> {
    let hourly = Schedule::new("auth.sweep_sessions", "17 * * * *", "UTC", |_| SweepSessions {});
    Ok(Tasks::of(Arc::clone(auth)).task::<SweepSessions>().schedule(hourly.map_err(StartError::of)?.one_at_a_time()))
}

/// The workers of the mill.
pub(crate) fn workers(mill: &Mill<Auth>) -> Vec<Worker> {
    Worker::of_mill("auth", mill.worker(), mill.housekeeping(), mill.scheduler(), mill.wake())
}

/// Batch by batch, until nothing is left that has expired. What is left is read anew each time, so an attempt goes on
/// where the one before came to, whatever became of it; the checkpoint only keeps the sum.
#[async_trait::async_trait]
impl Task for SweepSessions {
    type Module = Auth;
    const KIND: &'static str = "auth.sweep_sessions";

    async fn run(&self, auth: &Auth, context: &TaskContext) -> Result<Ran, Fault> {
        let mut sum = context.left::<Forgotten>()?.unwrap_or_default();
        loop {
            let batch = auth.execute(&context.caller(), Self {}).await?;
            if batch == Forgotten::default() {
                return Ran::with(&sum);
            }
            sum += batch;
            let note = format!("{} sessions and {} refresh tokens forgotten", sum.sessions, sum.refresh_tokens);
            context.checkpoint(None, &note, &sum).await?;
            if context.stop().is_cancelled() {
                return Err(reasons::DRAINING.fault());
            }
        }
    }
}
