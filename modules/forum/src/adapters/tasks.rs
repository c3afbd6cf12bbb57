//! What the forum does besides answering: its tasks and schedules in one list.

use crate::Forum;
use crate::usecases::{ReconcileCounts, Reconciled};
use kernel::{Fault, reasons};
use runtime::{StartError, Worker};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use taskmill::{Mill, Ran, Schedule, Task, TaskContext, Tasks};
use uuid::Uuid;

/// Every task, with its schedule.
pub(crate) fn tasks(forum: &Arc<Forum>) -> Result<Tasks<Forum>, StartError> {
    let nightly = Schedule::new("forum.reconcile_counts", "41 3 * * *", "UTC", |_| CountAgain {});
    Ok(Tasks::of(Arc::clone(forum)).task::<CountAgain>().schedule(nightly.map_err(StartError::of)?.one_at_a_time()))
}

/// The workers of the mill.
pub(crate) fn workers(mill: &Mill<Forum>) -> Vec<Worker> {
    Worker::of_mill("forum", mill.worker(), mill.housekeeping(), mill.scheduler(), mill.wake())
}

/// Counts every thread's posts and every category's threads again, and mends the counts that have drifted.
#[derive(Debug, Serialize, Deserialize)]
struct CountAgain {}

/// How far it has come.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Counted {
    /// The last thread that was looked at.
    after: Option<Uuid>,
    /// How many counts were wrong so far.
    mended: usize,
}

#[async_trait::async_trait]
impl Task for CountAgain {
    type Module = Forum;
    const KIND: &'static str = "forum.reconcile_counts";

    async fn run(&self, forum: &Forum, context: &TaskContext) -> Result<Ran, Fault> {
        let mut counted = context.left::<Counted>()?.unwrap_or_default();
        loop {
            let batch = ReconcileCounts { after: counted.after };
            let Reconciled { mended, last } = forum.execute(&context.caller(), batch).await?;
            counted.mended += mended;
            if last.is_none() {
                return Ran::with(&counted.mended);
            }
            counted.after = last;
            context.checkpoint(None, &format!("{} counts mended", counted.mended), &counted).await?;
            if context.stop().is_cancelled() {
                return Err(reasons::DRAINING.fault());
            }
        }
    }
}
