//! Wake-up: who waits for a commit or a task hears of it at once, in this process and, on PostgreSQL, in every other.
//!
//! A signal carries nothing and may be lost; everybody who waits also looks by itself from time to time. On PostgreSQL
//! it is sent after the commit, over a connection of its own and as few times as will do: a `NOTIFY` inside the
//! transaction would make commits wait for each other.

use crate::{Pooler, Store};
use sea_orm::DbBackend;
use sqlx::postgres::PgListener;
use std::collections::HashSet;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// A signal need not be on disk before it is heard.
const NOTIFY: &str = "SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)";
/// After how long a lost connection is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// Counters that rise when something may have changed.
pub(crate) struct Wake {
    /// Commits, of this process or another.
    pub(crate) committed: watch::Sender<u64>,
    /// Tasks that may be claimed, enqueued by this process or another.
    pub(crate) enqueued: watch::Sender<u64>,
    /// What others have to be told: commits and tasks of this process.
    told: watch::Sender<(u64, u64)>,
    /// Queues of which only so many tasks may run at once, as far as this process has claimed of them.
    limited: RwLock<HashSet<String>>,
    pooler: Pooler,
}

impl Wake {
    pub(crate) fn new(pooler: Pooler) -> Self {
        let counter = || watch::Sender::new(0);
        Self {
            committed: counter(),
            enqueued: counter(),
            told: watch::Sender::new((0, 0)),
            limited: RwLock::default(),
            pooler,
        }
    }
}

fn raise(counter: &watch::Sender<u64>) {
    counter.send_modify(|count| *count = count.wrapping_add(1));
}

impl Store {
    /// Says that something was committed.
    pub(crate) fn signal(&self) {
        let wake = &self.shared.wake;
        raise(&wake.committed);
        wake.told.send_modify(|told| told.0 = told.0.wrapping_add(1));
    }

    /// Says that there may be tasks to claim.
    pub(crate) fn enqueued(&self) {
        let wake = &self.shared.wake;
        raise(&wake.enqueued);
        wake.told.send_modify(|told| told.1 = told.1.wrapping_add(1));
    }

    /// Remembers whether only so many of this queue's tasks may run at once.
    pub(crate) fn set_limited(&self, queue: &str, limited: bool) {
        let queues = &self.shared.wake.limited;
        if queues.read().unwrap_or_else(PoisonError::into_inner).contains(queue) == limited {
            return;
        }
        let mut queues = queues.write().unwrap_or_else(PoisonError::into_inner);
        if limited {
            queues.insert(queue.to_owned());
        } else {
            queues.remove(queue);
        }
    }

    /// Whether the end of a task of this queue may let another one start.
    pub(crate) fn makes_room(&self, queue: &str, in_a_lane: bool) -> bool {
        in_a_lane || self.shared.wake.limited.read().unwrap_or_else(PoisonError::into_inner).contains(queue)
    }

    /// How the next tasks are heard of.
    pub(crate) fn enqueuings(&self) -> watch::Receiver<u64> {
        self.shared.wake.enqueued.subscribe()
    }

    /// Passes signals between this process and others on the same database until `stop`. Without it, and on engines
    /// that cannot, everybody finds out by looking.
    pub async fn run_wake(self, stop: CancellationToken) {
        if self.backend() != DbBackend::Postgres || self.shared.wake.pooler == Pooler::Transaction {
            stop.cancelled().await;
            return;
        }
        while !stop.is_cancelled() {
            let passed = tokio::select! { passed = self.pass() => passed, () = stop.cancelled() => return };
            if let Err(error) = passed {
                tracing::debug!(module = self.module(), %error, "signals between processes are interrupted");
            }
            // Something may have been missed.
            raise(&self.shared.wake.committed);
            raise(&self.shared.wake.enqueued);
            tokio::select! { () = tokio::time::sleep(AGAIN) => {}, () = stop.cancelled() => {} }
        }
    }

    async fn pass(&self) -> Result<(), sqlx::Error> {
        let pool = self.shared.writer.get_postgres_connection_pool();
        let channel = format!("polity_{}", self.module());
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen(&channel).await?;
        let me = Uuid::from_u64_pair(std::process::id().into(), std::ptr::from_ref(&*self.shared).addr() as u64);
        let mut told = self.shared.wake.told.subscribe();
        let mut last = *told.borrow_and_update();
        loop {
            tokio::select! {
                heard = listener.try_recv() => match heard? {
                    Some(heard) => self.hear(heard.payload(), me),
                    None => return Ok(()),
                },
                _ = told.changed() => {
                    let now = *told.borrow_and_update();
                    let (commits, tasks) = (now.0 != last.0, now.1 != last.1);
                    last = now;
                    let what = match (commits, tasks) { (true, true) => "both", (false, true) => "tasks", _ => "commits" };
                    sqlx::query(NOTIFY).bind(&channel).bind(format!("{me} {what}")).execute(pool).await?;
                }
            }
        }
    }

    fn hear(&self, payload: &str, me: Uuid) {
        let Some((whose, what)) = payload.split_once(' ') else { return };
        if whose == me.to_string() {
            return;
        }
        if what != "tasks" {
            raise(&self.shared.wake.committed);
        }
        if what != "commits" {
            raise(&self.shared.wake.enqueued);
        }
    }
}
