//! What audit does besides answering: its tasks and schedules in one list.

use crate::Audit;
use crate::usecases::SealEntries;
use kernel::{Fault, reasons};
use runtime::{StartError, Worker};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use taskmill::{Mill, Ran, Schedule, Task, TaskContext, Tasks, Terms};

/// Every task, with its schedule.
pub(crate) fn tasks(audit: &Arc<Audit>) -> Result<Tasks<Audit>, StartError> {
    let each_minute = Schedule::new("audit.seal_entries", "* * * * *", "UTC", |_| SealEntries {});
    let each_minute = each_minute.map_err(StartError::of)?.one_at_a_time();
    Ok(Tasks::of(Arc::clone(audit)).task::<SealEntries>().schedule(each_minute))
}

/// The workers of the mill.
pub(crate) fn workers(mill: &Mill<Audit>) -> Vec<Worker> {
    Worker::of_mill("audit", mill.worker(), mill.housekeeping(), mill.scheduler(), mill.wake())
}

/// Batch by batch, until nothing waits. What waits is read anew each time, so an attempt goes on where the one before
/// came to.
#[async_trait::async_trait]
impl Task for SealEntries {
    type Module = Audit;
    const KIND: &'static str = "audit.seal_entries";

    fn terms() -> Terms {
        // One comes each minute, and the checkpoints tell more than their results.
        Terms { keep: Duration::from_hours(1), ..Terms::default() }
    }

    async fn run(&self, audit: &Audit, context: &TaskContext) -> Result<Ran, Fault> {
        let mut sum = 0;
        loop {
            let sealed = audit.execute(&context.caller(), Self {}).await?;
            if sealed == 0 {
                return Ran::with(&json!({ "sealed": sum }));
            }
            sum += sealed;
            if context.stop().is_cancelled() {
                return Err(reasons::DRAINING.fault());
            }
        }
    }
}
