//! A read model that follows the streams: each step moves the cursor and writes the rows in one transaction.

use crate::streams::Entry;
use crate::streams::stands::{Colour, Stand, State, shift};
use crate::{ChangeError, Store};
use kernel::{Fault, Position, reasons};
use sea_orm::DatabaseTransaction;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// After a failure the next attempt comes after this pause at the latest; the first ones come sooner.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Writes the rows of a read model.
#[async_trait::async_trait]
pub trait Projector: Send + Sync {
    /// Takes entries in, in their order, touching rows of `colour` alone and nothing outside the transaction.
    ///
    /// # Errors
    /// Anything. The step is undone, and the projection stands still in front of these entries until it succeeds.
    async fn project(&self, tx: &DatabaseTransaction, colour: Colour, entries: &[Entry]) -> Result<(), ChangeError>;
}

/// A read model: its name, its tables, and who writes them.
#[derive(Clone)]
pub struct Projection {
    /// Its stable name, such as `ledger.balances`: at most 80 characters.
    pub name: &'static str,
    /// The version of what it writes. Raise it with every change, and the read model is rebuilt: until that is done the
    /// rows of the version before are read, and only processes of that version go on with them.
    pub version: i32,
    /// Its tables. Each has the column [`colour`](super::colour).
    pub tables: &'static [&'static str],
    /// The kinds of streams it is made of. Entries of others are passed over.
    pub kinds: &'static [&'static str],
    /// Entries taken in by one transaction, and rows deleted by one; 500 is a good number.
    pub batch: usize,
    /// Writes the rows.
    pub projector: Arc<dyn Projector>,
}

/// How far a read model is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Up to where the rows that are read go; nothing before the first build is complete.
    pub live: Option<Position>,
    /// Up to where an unfinished rebuild has come.
    pub rebuilt: Option<Position>,
    /// The last entry there is.
    pub head: Position,
}

impl Store {
    /// Brings the rows that are read up to the head, and says where they stand. Builds the read model first if there is
    /// none or it is of an older version; leaves one of a newer version alone.
    ///
    /// # Errors
    /// What the projector failed with; `Unavailable` when the database does not answer.
    pub async fn follow(&self, projection: &Projection) -> Result<Position, Fault> {
        loop {
            let stands = self.stands(projection.name).await?;
            if let Some(left) = stands.in_state(&[State::Emptying]) {
                // A rebuild was killed after its switch.
                self.delete_rows(projection, left, State::Empty).await?;
            }
            let newest = stands.live().into_iter().chain(stands.unfinished()).map(|stand| stand.version).max();
            let live = match stands.live() {
                Some(live) if live.version == projection.version => live,
                live if newest > Some(projection.version) => {
                    return Ok(live.map_or(Position::START, |live| live.position));
                }
                _ => {
                    self.rebuild(projection).await?;
                    continue;
                }
            };
            let entries = self.entries(live.position, projection.batch).await?;
            let Some(last) = entries.last() else { return Ok(live.position) };
            let moved = self.step(projection, live, &entries).await?;
            if moved && entries.len() < projection.batch {
                return Ok(last.position);
            }
        }
    }

    /// How far the read model of this name is.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn progress(&self, projection: &str) -> Result<Progress, Fault> {
        let stands = self.stands(projection).await?;
        Ok(Progress {
            live: stands.live().map(|stand| stand.position),
            rebuilt: stands.unfinished().map(|stand| stand.position),
            head: self.last_entry().await?,
        })
    }

    /// Takes `entries` into a colour that stands right before them; false when it stands elsewhere by now.
    pub(super) async fn step(&self, projection: &Projection, at: Stand, entries: &[Entry]) -> Result<bool, Fault> {
        let Some(last) = entries.last() else { return Ok(true) };
        let to = Stand { position: last.position, ..at };
        self.turn(async |tx| {
            if !shift(tx, projection.name, at, to).await? {
                return Ok(None);
            }
            projection.take_in(tx, at.colour, entries).await?;
            Ok(Some(()))
        })
        .await
        .map(|done| done.is_some())
    }

    /// Runs `work` in one write transaction, which is undone when it comes back with nothing.
    pub(super) async fn turn<T>(
        &self,
        work: impl AsyncFnOnce(&DatabaseTransaction) -> Result<Option<T>, ChangeError>,
    ) -> Result<Option<T>, Fault> {
        let write = async {
            let tx = self.begin().await?;
            let done = work(&tx).await?;
            if done.is_some() {
                tx.commit().await?;
            } else {
                tx.rollback().await?;
            }
            Ok::<_, ChangeError>(done)
        };
        match timeout(self.shared.patience, write).await {
            Ok(done) => done.map_err(|error| error.into_fault(self.shared.constraints)),
            Err(_) => Err(reasons::STORE_DOWN.fault()),
        }
    }
}

impl Projection {
    pub(super) async fn take_in(
        &self,
        tx: &DatabaseTransaction,
        colour: Colour,
        entries: &[Entry],
    ) -> Result<(), ChangeError> {
        let wanted: Vec<Entry> = entries.iter().filter(|e| self.kinds.contains(&e.kind.as_str())).cloned().collect();
        if wanted.is_empty() {
            return Ok(());
        }
        self.projector.project(tx, colour, &wanted).await
    }
}

/// Follows the streams until `stop`. Any number of processes may: each step is made by one of them.
pub async fn run_projection(store: Store, projection: Projection, stop: CancellationToken) {
    let mut commits = store.shared.wake.committed.subscribe();
    let mut failures = 0_u32;
    while !stop.is_cancelled() {
        commits.borrow_and_update();
        // What is dropped in the middle is undone, or taken up by the next one who follows.
        let followed = tokio::select! {
            followed = store.follow(&projection) => followed,
            () = stop.cancelled() => return,
        };
        let pause = match followed {
            Ok(at) => {
                failures = 0;
                tracing::trace!(projection = projection.name, position = at.0, "the read model has caught up");
                store.shared.poll
            }
            Err(fault) => {
                failures = failures.saturating_add(1);
                let cause = fault.chain();
                tracing::warn!(projection = projection.name, failures, %fault, cause, "the read model stands still");
                store.shared.poll.saturating_mul(failures).min(LONGEST_PAUSE)
            }
        };
        let rest = async {
            if failures == 0 {
                // A commit of this process wakes at once; another process's is found after the pause.
                let _woken = timeout(pause, commits.changed()).await;
            } else {
                tokio::time::sleep(pause).await;
            }
        };
        tokio::select! { () = rest => {}, () = stop.cancelled() => {} }
    }
}
