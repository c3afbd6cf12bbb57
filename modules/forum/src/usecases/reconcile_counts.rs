//! Counts again what threads and categories keep counted, and mends what has drifted: after a restored backup, or a
//! mistake of ours. A thread with a wrong count takes no more replies, because the count is the next post's number.

use super::board;
use crate::store::{Drifted, MendedCounts};
use crate::{Forum, operations};
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Threads looked at in one go.
const BATCH: u64 = 500;

/// Some threads, in the order of their ids; with the last of them, the categories.
#[derive(Debug, Serialize)]
pub(crate) struct ReconcileCounts {
    /// The last thread that was looked at.
    pub(crate) after: Option<Uuid>,
}

/// What was found.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Reconciled {
    /// How many counts were wrong.
    pub(crate) mended: usize,
    /// The last thread looked at; none when there are no more.
    pub(crate) last: Option<Uuid>,
}

impl UseCase for ReconcileCounts {
    type Module = Forum;
    type Subject = (Vec<Drifted>, Option<Uuid>);
    type Output = Reconciled;
    const OPERATION: &'static Operation = &operations::RECONCILE_COUNTS;

    async fn load(&self, forum: &Forum, _: &Caller) -> Result<Self::Subject, Fault> {
        let (mut drifted, last) = forum.store.threads_drifted(self.after, BATCH).await?;
        if last.is_none() {
            drifted.extend(forum.store.categories_drifted().await?);
        }
        Ok((drifted, last))
    }

    fn resource(&self, _: &Self::Subject, caller: &Caller) -> Resource {
        board(caller.actor.tenant)
    }

    async fn run(&self, forum: &Forum, (drifted, last): Self::Subject, permit: Permit) -> Result<Reconciled, Fault> {
        let reconciled = Reconciled { mended: drifted.len(), last };
        if drifted.is_empty() {
            return Ok(reconciled);
        }
        forum.store.0.commit(permit, MendedCounts(drifted), Vec::new(), reconciled).await
    }
}
