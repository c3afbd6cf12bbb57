//! Keeps the book of flags and the communities' rules current: whoever changes one, in whatever process, tells of it in the module's log, and
//! every process of the module follows that log to its end. While the database does not answer, the flags stay as they
//! were.

use crate::Admin;
use ::store::Outbox;
use admin_contract::{AccessChanged, FlagChanged};
use kernel::{EventLog, EventPayload, Fault, Position};
use runtime::{Role, Worker};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Events read at once.
const STEP: usize = 256;
/// How long a look at the end of the log waits for news; they come at once.
const WAIT: Duration = Duration::from_secs(20);
/// Between two tries while the database does not answer.
const PAUSE: Duration = Duration::from_millis(250);

/// The follower, in every process of the module.
pub(crate) fn worker(admin: &Arc<Admin>) -> Worker {
    let admin = Arc::clone(admin);
    Worker::new("admin.flags", Role::All, move |stop| keep_current(Arc::clone(&admin), stop))
}

async fn keep_current(admin: Arc<Admin>, stop: CancellationToken) {
    let mut at = None;
    let mut told = false;
    while !stop.is_cancelled() {
        let step = tokio::select! { step = follow(&admin, at) => step, () = stop.cancelled() => return };
        match step {
            Ok(seen) => (at, told) = (Some(seen), false),
            Err(fault) => {
                if !std::mem::replace(&mut told, true) {
                    tracing::warn!(%fault, cause = fault.chain(), "flags and rules stay as they were: they or their log cannot be read");
                }
                at = None;
                tokio::select! { () = tokio::time::sleep(PAUSE) => {}, () = stop.cancelled() => {} }
            }
        }
    }
}

/// One step along the log, from the beginning when nothing is known. Where it stands then.
async fn follow(admin: &Admin, at: Option<Position>) -> Result<Position, Fault> {
    let log = Outbox::of(admin.store.base());
    let Some(at) = at else {
        // The end of the log first: what is committed in between is read twice, and nothing is missed.
        let head = log.read(Position(i64::MAX), 1, Duration::ZERO).await?.head;
        admin.read_flags().await?;
        admin.read_rules().await?;
        return Ok(head);
    };
    let batch = log.read(at, STEP, WAIT).await?;
    // When nothing is heard for long they are read all the same: the database may have been put back to an earlier day.
    let is_quiet = batch.events.is_empty();
    let tells_of = |kind: &str| is_quiet || batch.events.iter().any(|sequenced| sequenced.event.kind == kind);
    if tells_of(FlagChanged::KIND) {
        admin.read_flags().await?;
    }
    if tells_of(AccessChanged::KIND) {
        admin.read_rules().await?;
    }
    Ok(batch.events.last().map_or(batch.head, |last| last.position))
}
