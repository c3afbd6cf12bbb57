//! What is over goes: ended tasks, dead letters nobody wanted, keys whose time has passed, answers and events nobody can
//! ask for again. A batch at a time, so that nobody waits for it.
//!
//! What may not enter: for how long things are kept, and when the house is put in order.

use super::rows::among;
use super::{FOREVER_US, micros};
use crate::Store;
use crate::sql::statement;
use kernel::{Fault, Time};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, QueryResult, Value};
use std::time::Duration;
use uuid::Uuid;

/// Rows that go in one transaction.
const BATCH: usize = 1_000;
/// How far a turn may lie ahead, in turns, before it was taken by a clock that was wrong.
const TURNS_AHEAD: u32 = 10;

/// Where a look through ended tasks stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SweepPlace {
    ended_us: i64,
    /// The last of those that ended in this very microsecond, in the order of the index.
    outcome: String,
    task: Uuid,
    token: i32,
}

impl SweepPlace {
    /// Before everything that ended in this microsecond since 1970.
    pub fn at(ended_us: i64) -> Self {
        Self { ended_us, ..Self::default() }
    }

    /// Those that ended before this microsecond since 1970 were looked at.
    pub fn ended_us(&self) -> i64 {
        self.ended_us
    }
}

/// What one batch of ended tasks came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swept {
    /// How many tasks went.
    pub gone: u64,
    /// Where the next batch begins; none when there is none.
    pub next: Option<SweepPlace>,
}

impl Store {
    /// Whether it is this process's turn to do a chore that all processes share, once in `every`. Of those who ask at the
    /// same time one gets it.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn take_turn(&self, chore: &'static str, every: Duration) -> Result<bool, Fault> {
        let now = self.clock().now();
        let take = "UPDATE task_chores SET next_us = $3 WHERE name = $1 AND (next_us <= $2 OR next_us > $4)";
        let too_far_us = micros(now + every * TURNS_AHEAD);
        let values = [chore.into(), micros(now).into(), micros(now + every).into(), too_far_us.into()];
        Ok(self.note(statement(self.backend(), take, values)).await? > 0)
    }

    /// Forgets tasks, with everything about them, that ended from a place on and before `to_us` and are of a kind that
    /// `goes`: of the first thousand. Dead letters have not ended.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn forget_ended(
        &self,
        from: SweepPlace,
        to_us: i64,
        goes: impl Fn(&str) -> bool,
    ) -> Result<Swept, Fault> {
        let find = format!(
            "SELECT u.task_id, u.token, u.outcome, u.ended_us, t.kind FROM task_runs u LEFT JOIN tasks t \
             ON t.id = u.task_id WHERE u.ended_us >= $1 AND u.ended_us < $2 \
             AND (u.ended_us > $1 OR (u.outcome, u.task_id, u.token) > ($3, $4, $5)) \
             AND u.outcome IN ('done', 'cancelled', 'expired', 'replaced') \
             ORDER BY u.ended_us, u.outcome, u.task_id, u.token LIMIT {BATCH}"
        );
        let SweepPlace { ended_us, outcome, task, token } = from;
        let values = [ended_us.into(), to_us.into(), outcome.into(), task.into(), token.into()];
        let rows = self.read(self.primary().query_all_raw(statement(self.backend(), find, values))).await?;
        let mut ended = Vec::new();
        let mut last = None;
        for row in &rows {
            let (place, kind) = ended_task(row).map_err(Fault::internal)?;
            if goes(&kind) {
                ended.push(place.task);
            }
            last = Some(place);
        }
        // None of these outcomes is ever followed by another, so that nothing need be locked to be sure.
        self.in_transaction(async |tx| Ok(forget(tx, &ended).await?)).await?;
        let next = last.filter(|_| rows.len() == BATCH);
        Ok(Swept { gone: u64::try_from(ended.len()).unwrap_or(0), next })
    }

    /// Forgets dead letters that died before this instant: up to a thousand of each queue. How many went.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn forget_dead(&self, before: Time) -> Result<u64, Fault> {
        let list = statement(self.backend(), "SELECT name FROM task_queues", []);
        let rows = self.read(self.primary().query_all_raw(list)).await?;
        let queues: Vec<String> =
            rows.iter().map(|row| row.try_get("", "name")).collect::<Result<_, _>>().map_err(Fault::internal)?;
        let mut gone = 0;
        for queue in queues {
            // Somebody may be giving one of them another life just now: that one stays.
            let skip = if self.backend() == DbBackend::Sqlite { "" } else { " FOR UPDATE SKIP LOCKED" };
            let find = format!(
                "SELECT task_id FROM task_dead WHERE queue = $1 AND died_us < $2 ORDER BY died_us LIMIT {BATCH}{skip}"
            );
            let find = statement(self.backend(), find, [queue.into(), micros(before).into()]);
            gone += self
                .in_transaction(async |tx| {
                    let rows = tx.query_all_raw(find.clone()).await?;
                    let dead: Vec<Uuid> =
                        rows.iter().map(|row| row.try_get("", "task_id")).collect::<Result<_, _>>()?;
                    delete(tx, "task_dead", "task_id", &dead).await?;
                    forget(tx, &dead).await?;
                    Ok(u64::try_from(dead.len()).unwrap_or(0))
                })
                .await?;
        }
        Ok(gone)
    }

    /// Forgets unique keys that were held for a time which is over: up to a thousand. How many went.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn forget_expired_keys(&self) -> Result<u64, Fault> {
        let over = format!("until_us < $1 AND until_us < {FOREVER_US}");
        self.delete_some("task_keys", &over, vec![micros(self.clock().now()).into()]).await
    }

    /// Forgets answers kept for retries, of calls made before this instant: up to a thousand. Those that Polity's own
    /// services got are kept from `services_before` on: a saga may stand still for weeks and then ask again. How many
    /// went.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn forget_replays(&self, before: Time, services_before: Time) -> Result<u64, Fault> {
        let mut gone = 0;
        for (of_service, before) in [(0_i16, before), (1, services_before)] {
            let over = "of_service = $1 AND created_at < $2";
            gone += self.delete_some("replays", over, vec![of_service.into(), before.into()]).await?;
        }
        Ok(gone)
    }

    /// Forgets that events were handled which were so before this instant: up to a thousand of each subscriber. How many
    /// went.
    ///
    /// An event behind the cursor is not read again, and one that was parked is not parked any more once it was handled;
    /// whoever still has one of them in hands fails on the cursor, which has moved, or on the parked event, which is gone.
    /// So the memory is needed only for an event that comes again under another position, from a log that was restored
    /// from a backup; that takes less than the time things are kept for.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn forget_handled(&self, before: Time) -> Result<u64, Fault> {
        let list = statement(self.backend(), "SELECT DISTINCT subscriber FROM cursors", []);
        let rows = self.read(self.primary().query_all_raw(list)).await?;
        let mut gone = 0;
        for row in &rows {
            let subscriber: String = row.try_get("", "subscriber").map_err(Fault::internal)?;
            gone += self.forget_handled_by(&subscriber, before).await?;
        }
        Ok(gone)
    }

    async fn forget_handled_by(&self, subscriber: &str, before: Time) -> Result<u64, Fault> {
        // Events' ids are in the order of time, so that the oldest of a subscriber stand first in the primary key.
        let find = format!(
            "SELECT o.event_id FROM (SELECT event_id, source, position, handled_at FROM inbox WHERE subscriber = $1 \
             ORDER BY event_id LIMIT {BATCH}) AS o JOIN cursors c ON c.subscriber = $1 AND c.source = o.source \
             WHERE o.handled_at < $2 AND o.position <= c.position"
        );
        let find = statement(self.backend(), find, [subscriber.into(), before.into()]);
        let rows = self.read(self.primary().query_all_raw(find)).await?;
        let handled: Vec<Uuid> =
            rows.iter().map(|row| row.try_get("", "event_id")).collect::<Result<_, _>>().map_err(Fault::internal)?;
        if handled.is_empty() {
            return Ok(0);
        }
        let mut values = vec![subscriber.into()];
        let among = among(self.backend(), "event_id", &handled, &mut values);
        let delete = format!("DELETE FROM inbox WHERE subscriber = $1 AND {among}");
        self.note(statement(self.backend(), delete, values)).await
    }

    /// Deletes up to a thousand rows, leaving out those somebody else has locked.
    pub(super) async fn delete_some(&self, table: &str, over: &str, values: Vec<Value>) -> Result<u64, Fault> {
        let delete = match self.backend() {
            DbBackend::Postgres => format!(
                "DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {table} WHERE {over} LIMIT {BATCH} \
                 FOR UPDATE SKIP LOCKED))"
            ),
            DbBackend::MySql => format!("DELETE FROM {table} WHERE {over} LIMIT {BATCH}"),
            _ => format!("DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table} WHERE {over} LIMIT {BATCH})"),
        };
        self.note(statement(self.backend(), delete, values)).await
    }
}

/// Where an end stands, and of what kind its task is.
fn ended_task(row: &QueryResult) -> Result<(SweepPlace, String), DbErr> {
    let kind: Option<String> = row.try_get("", "kind")?;
    let place = SweepPlace {
        ended_us: row.try_get("", "ended_us")?,
        outcome: row.try_get("", "outcome")?,
        task: row.try_get("", "task_id")?,
        token: row.try_get("", "token")?,
    };
    Ok((place, kind.unwrap_or_default()))
}

/// Forgets everything about these tasks.
async fn forget(tx: &DatabaseTransaction, tasks: &[Uuid]) -> Result<(), DbErr> {
    delete(tx, "task_progress", "task_id", tasks).await?;
    delete(tx, "task_runs", "task_id", tasks).await?;
    delete(tx, "tasks", "id", tasks).await
}

async fn delete(tx: &DatabaseTransaction, table: &str, column: &str, tasks: &[Uuid]) -> Result<(), DbErr> {
    if tasks.is_empty() {
        return Ok(());
    }
    let mut values = Vec::new();
    let among = among(tx.get_database_backend(), column, tasks, &mut values);
    tx.execute_raw(statement(tx.get_database_backend(), format!("DELETE FROM {table} WHERE {among}"), values)).await?;
    Ok(())
}
