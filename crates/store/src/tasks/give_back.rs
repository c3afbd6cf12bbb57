//! Giving back: tasks whose holder is gone, drains, or never heard of its claim return to their queue. Those that somebody
//! asked to stop end instead.

use super::rows::{Rows, among};
use super::settle::{RUNS, lock_queue, promote, release_of};
use super::waiting::{KeyHeld, READY, Waiting};
use super::{FOREVER_US, for_update, micros};
use crate::sql::statement;
use kernel::{Lane, Time};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, QueryResult, Value};
use std::collections::HashSet;
use uuid::Uuid;

/// Takes the locks of the queues in whose lanes the holder has tasks, in the order of their names: a task that ends
/// moves its lane along. A claim locks its queue before the holder, so whoever forgets the holder calls this first.
pub(super) async fn lock_lanes(tx: &DatabaseTransaction, holder: Uuid) -> Result<(), DbErr> {
    let backend = tx.get_database_backend();
    let list = "SELECT DISTINCT queue FROM task_running WHERE holder = $1 AND lane <> '' ORDER BY queue";
    for row in tx.query_all_raw(statement(backend, list, [holder.into()])).await? {
        lock_queue(tx, &row.try_get::<String>("", "queue")?).await?;
    }
    Ok(())
}

/// Gives back what a holder holds besides the claims it is `known` to hold, each a task and its token, as lost or as
/// untouched; what was asked to stop ends as cancelled. How many tasks.
pub(super) async fn give_back(
    tx: &DatabaseTransaction,
    holder: Uuid,
    known: &[(Uuid, i32)],
    outcome: &str,
    error: &str,
    now: Time,
) -> Result<u64, DbErr> {
    let backend = tx.get_database_backend();
    let list = format!("SELECT * FROM task_running WHERE holder = $1{}", for_update(backend));
    let rows = tx.query_all_raw(statement(backend, list, [holder.into()])).await?;
    let known: HashSet<(Uuid, i32)> = known.iter().copied().collect();
    let (mut runs, mut ready) = (Rows::into_table("task_runs", RUNS), Rows::into_table("task_ready", READY));
    let (mut gone, mut stopped) = (Vec::new(), Vec::new());
    for row in &rows {
        let (task, token): (Uuid, i32) = (row.try_get("", "task_id")?, row.try_get("", "token")?);
        if known.contains(&(task, token)) {
            continue;
        }
        gone.push(task);
        let stops = row.try_get::<i16>("", "cancel")? != 0;
        if stops {
            stopped.push((task, row.try_get::<String>("", "queue")?, row.try_get::<String>("", "lane")?));
        } else {
            ready.push(returned(row, outcome == "lost")?);
        }
        runs.push(vec![
            task.into(),
            token.into(),
            row.try_get::<i32>("", "attempt")?.into(),
            (if stops { "cancelled" } else { outcome }).into(),
            row.try_get::<i64>("", "started_us")?.into(),
            micros(now).into(),
            holder.into(),
            error.into(),
            "".into(),
        ]);
    }
    for chunk in gone.chunks(5_000) {
        let mut values = Vec::new();
        let among = among(backend, "task_id", chunk, &mut values);
        tx.execute_raw(statement(backend, format!("DELETE FROM task_running WHERE {among}"), values)).await?;
    }
    runs.insert(tx).await?;
    ready.insert(tx).await?;
    for (task, queue, lane) in stopped {
        release_of(tx, task).await?;
        if !lane.is_empty() {
            // Held already, unless a claim came between the look for lanes and the holder's end.
            lock_queue(tx, &queue).await?;
            promote(tx, &queue, &lane, 1).await?;
        }
    }
    Ok(u64::try_from(gone.len()).unwrap_or(u64::MAX))
}

/// What a row of `task_running` says of a task that goes back to its queue because its holder is gone.
fn returned(row: &QueryResult, counts: bool) -> Result<Vec<Value>, DbErr> {
    let (queue, attempt): (String, i32) = (row.try_get("", "queue")?, row.try_get("", "attempt")?);
    let lane = Lane {
        key: row.try_get("", "lane")?,
        at_most: u16::try_from(row.try_get::<i32>("", "lane_limit")?).unwrap_or(u16::MAX),
        in_order: row.try_get::<i16>("", "in_order")? != 0,
    };
    let waiting = Waiting {
        task: row.try_get("", "task_id")?,
        queue: &queue,
        priority: row.try_get("", "priority")?,
        due_us: row.try_get("", "due_us")?,
        tenant: row.try_get("", "tenant")?,
        lane: Some(&lane).filter(|lane| !lane.key.is_empty()),
        expires_us: FOREVER_US,
        key: KeyHeld(row.try_get("", "key_held")?),
        attempts: if counts { attempt } else { attempt - 1 },
        token: row.try_get("", "token")?,
    };
    Ok(waiting.into_row())
}
