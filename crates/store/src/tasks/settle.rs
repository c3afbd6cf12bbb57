//! How tasks end: with the commit that did the work, in batches after handlers returned, or before they began.

use super::rows::{Column, Rows, among, among_texts};
use super::waiting::{KeyHeld, READY, Waiting};
use super::{FOREVER_US, for_update, instant, micros};
use crate::ChangeError;
use crate::sql::{statement, storable};
use kernel::{Claimed, Ending, Fault, Lease, Settlement, Time, reasons};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, QueryResult, Value};
use std::collections::{BTreeMap, HashMap, HashSet};
use uuid::Uuid;

pub(super) const RUNS: &[Column] = &[
    Column::Id("task_id"),
    Column::Int("token"),
    Column::Int("attempt"),
    Column::Text("outcome"),
    Column::Big("started_us"),
    Column::Big("ended_us"),
    Column::Id("holder"),
    Column::Text("error"),
    Column::Text("result"),
];
const DEAD: &[Column] =
    &[Column::Id("task_id"), Column::Text("queue"), Column::Text("kind"), Column::Id("tenant"), Column::Big("died_us")];

/// The longest result that is kept, in bytes of JSON.
const MAX_RESULT: usize = 1 << 20;

/// How a task ends whose place another one took, together with its unique key.
pub(super) const REPLACED: &str = "replaced";

/// Makes sure that the lease is held until the transaction ends.
pub(crate) async fn hold(tx: &DatabaseTransaction, lease: &Lease) -> Result<(), ChangeError> {
    if is_held(tx, lease.task, lease.holder, lease.token).await? {
        return Ok(());
    }
    Err(reasons::LEASE_LOST.fault().into())
}

/// Whether the holder has the task under this token; if so, it keeps it until the transaction ends.
pub(super) async fn is_held(tx: &DatabaseTransaction, task: Uuid, holder: Uuid, token: i32) -> Result<bool, DbErr> {
    let backend = tx.get_database_backend();
    let find = "SELECT token FROM task_running WHERE task_id = $1 AND holder = $2 AND token = $3";
    let find = format!("{find}{}", for_update(backend));
    let values = [task.into(), holder.into(), token.into()];
    tx.query_one_raw(statement(backend, find, values)).await.map(|row| row.is_some())
}

/// Refuses a result of so many bytes of JSON when that is more than is kept.
///
/// # Errors
/// `Invalid`, naming `result`.
pub fn result_fits(bytes: usize) -> Result<(), Fault> {
    if bytes <= MAX_RESULT {
        return Ok(());
    }
    Err(Fault::invalid("result", format!("has {bytes} bytes of JSON; at most {MAX_RESULT} are kept")))
}

/// Ends the task of the lease as done, in the transaction that did it.
pub(crate) async fn end_with_commit(tx: &DatabaseTransaction, lease: &Lease, now: Time) -> Result<(), ChangeError> {
    let backend = tx.get_database_backend();
    if lease.lane.is_some() {
        lock_queue(tx, &lease.queue).await?;
    }
    let take = "DELETE FROM task_running WHERE task_id = $1 AND holder = $2 AND token = $3";
    let values = [lease.task.into(), lease.holder.into(), lease.token.into()];
    if tx.execute_raw(statement(backend, take, values)).await?.rows_affected() == 0 {
        return Err(reasons::LEASE_LOST.fault().into());
    }
    let mut runs = Rows::into_table("task_runs", RUNS);
    let result = if lease.result.is_null() { String::new() } else { lease.result.to_string() };
    result_fits(result.len())?;
    runs.push(vec![
        lease.task.into(),
        lease.token.into(),
        lease.attempt.into(),
        "done".into(),
        micros(lease.started_at).into(),
        micros(now).into(),
        lease.holder.into(),
        "".into(),
        result.into(),
    ]);
    runs.insert(tx).await?;
    if let Some(key) = &lease.release {
        release(tx, &lease.kind, &[(key.clone(), lease.task)]).await?;
    }
    if let Some(lane) = &lease.lane {
        promote(tx, &lease.queue, &lane.key, 1).await?;
    }
    Ok(())
}

/// Takes the queue's lock: claims and whatever moves a lane along take turns.
pub(super) async fn lock_queue(tx: &DatabaseTransaction, queue: &str) -> Result<(), DbErr> {
    let backend = tx.get_database_backend();
    let lock = format!("SELECT paused FROM task_queues WHERE name = $1{}", for_update(backend));
    tx.query_one_raw(statement(backend, lock, [queue.into()])).await.map(drop)
}

/// Lets go of these unique keys, as far as these tasks still have them.
pub(super) async fn release<C: ConnectionTrait>(tx: &C, kind: &str, keys: &[(String, Uuid)]) -> Result<(), DbErr> {
    let backend = tx.get_database_backend();
    for chunk in keys.chunks(1_000) {
        let (keys, tasks): (Vec<String>, Vec<Uuid>) = chunk.iter().cloned().unzip();
        let mut values = vec![kind.into()];
        let among_keys = among_texts(backend, "task_key", &keys, &mut values);
        // A key belongs to one task, so that any of these having it is the one meant.
        let among_tasks = among(backend, "task_id", &tasks, &mut values);
        let free = format!("DELETE FROM task_keys WHERE kind = $1 AND {among_keys} AND {among_tasks}");
        tx.execute_raw(statement(backend, free, values)).await?;
    }
    Ok(())
}

/// Lets go of whatever unique key the task holds until it starts or ends.
pub(super) async fn release_of(tx: &DatabaseTransaction, task: Uuid) -> Result<(), DbErr> {
    let backend = tx.get_database_backend();
    let find = "SELECT k.kind, k.task_key FROM tasks t JOIN task_keys k ON k.kind = t.kind AND k.task_key = t.task_key \
                WHERE t.id = $1 AND t.task_key <> '' AND k.task_id = $1 AND k.until_us = $2";
    let find = statement(backend, find, [task.into(), FOREVER_US.into()]);
    let Some(row) = tx.query_one_raw(find).await? else { return Ok(()) };
    let (kind, key): (String, String) = (row.try_get("", "kind")?, row.try_get("", "task_key")?);
    release(tx, &kind, &[(key, task)]).await
}

/// Lets the next `count` tasks that wait in the lane come forward. The queue's lock is held.
pub(super) async fn promote(tx: &DatabaseTransaction, queue: &str, lane: &str, count: i64) -> Result<(), DbErr> {
    let backend = tx.get_database_backend();
    let find = "SELECT task_id FROM task_ready WHERE queue = $1 AND lane = $2 AND aside = 1 AND lane <> '' \
                ORDER BY task_id LIMIT $3";
    let rows = tx.query_all_raw(statement(backend, find, [queue.into(), lane.into(), count.into()])).await?;
    let next: Vec<Uuid> = rows.iter().map(|row| row.try_get("", "task_id")).collect::<Result<_, _>>()?;
    set_aside(tx, &next, false).await
}

/// Moves tasks between those that may be claimed and those that wait for their lane.
pub(super) async fn set_aside(tx: &DatabaseTransaction, tasks: &[Uuid], aside: bool) -> Result<(), DbErr> {
    for chunk in tasks.chunks(5_000) {
        let mut values = vec![i16::from(aside).into()];
        let among = among(tx.get_database_backend(), "task_id", chunk, &mut values);
        let update = format!("UPDATE task_ready SET aside = $1 WHERE {among}");
        tx.execute_raw(statement(tx.get_database_backend(), update, values)).await?;
    }
    Ok(())
}

/// Ends a task that has not started. False when it has, or has ended.
pub(super) async fn end_waiting(tx: &DatabaseTransaction, task: Uuid, outcome: &str, now: Time) -> Result<bool, DbErr> {
    let backend = tx.get_database_backend();
    let find = "SELECT queue, lane FROM task_ready WHERE task_id = $1";
    let Some(row) = tx.query_one_raw(statement(backend, find, [task.into()])).await? else { return Ok(false) };
    let (queue, lane): (String, String) = (row.try_get("", "queue")?, row.try_get("", "lane")?);
    if !lane.is_empty() {
        lock_queue(tx, &queue).await?;
    }
    let find = format!("SELECT aside, attempts, token FROM task_ready WHERE task_id = $1{}", for_update(backend));
    let Some(row) = tx.query_one_raw(statement(backend, find, [task.into()])).await? else { return Ok(false) };
    let (aside, attempts, token) = stand(&row)?;
    let take = "DELETE FROM task_ready WHERE task_id = $1";
    tx.execute_raw(statement(backend, take, [task.into()])).await?;
    let mut runs = Rows::into_table("task_runs", RUNS);
    runs.push(never_run(task, token + 1, attempts, outcome, now));
    runs.insert(tx).await?;
    if outcome != REPLACED {
        release_of(tx, task).await?;
    }
    if aside == 0 && !lane.is_empty() {
        promote(tx, &queue, &lane, 1).await?;
    }
    Ok(true)
}

fn stand(row: &QueryResult) -> Result<(i16, i32, i32), DbErr> {
    Ok((row.try_get("", "aside")?, row.try_get("", "attempts")?, row.try_get("", "token")?))
}

/// The line that says how a task ended that nobody held.
pub(super) fn never_run(task: Uuid, token: i32, attempts: i32, outcome: &str, now: Time) -> Vec<Value> {
    vec![
        task.into(),
        token.into(),
        attempts.into(),
        outcome.into(),
        micros(now).into(),
        micros(now).into(),
        Uuid::nil().into(),
        "".into(),
        "".into(),
    ]
}

/// Writes down how attempts ended; which of them were still held.
pub(super) async fn settle(
    tx: &DatabaseTransaction,
    holder: Uuid,
    ends: &[&Settlement],
    now: Time,
) -> Result<HashSet<(Uuid, i32)>, ChangeError> {
    let lanes = ends.iter().filter(|end| end.task.lane.is_some()).map(|end| end.task.queue.as_str());
    let mut queues: Vec<&str> = lanes.collect();
    queues.sort_unstable();
    queues.dedup();
    for queue in queues {
        lock_queue(tx, queue).await?;
    }
    let pairs: Vec<(Uuid, i32)> = ends.iter().map(|end| (end.task.id, end.task.token)).collect();
    let held = take_running(tx, holder, &pairs).await?;
    let mut runs = Rows::into_table("task_runs", RUNS);
    let (mut ready, mut dead) = (Rows::into_table("task_ready", READY), Rows::into_table("task_dead", DEAD));
    // One batch may have ends of two claims of one task.
    let held_ends =
        || ends.iter().filter_map(|end| Some((&end.task, ending(end, *held.get(&(end.task.id, end.task.token))?))));
    for (task, ending) in held_ends() {
        if *ending != Ending::Untouched {
            runs.push(run(task, ending, holder, now));
        }
        match ending {
            Ending::Retry { at, .. } => ready.push(again(task, *at, task.attempt)),
            Ending::Snoozed { until } => ready.push(again(task, *until, task.attempt - 1)),
            Ending::Returned | Ending::Untouched => ready.push(again(task, task.due_at, task.attempt - 1)),
            Ending::Dead { .. } => dead.push(vec![
                task.id.into(),
                task.queue.as_str().into(),
                task.kind.as_str().into(),
                task.tenant.0.into(),
                micros(now).into(),
            ]),
            Ending::Done { .. } | Ending::Cancelled => {}
        }
    }
    runs.insert(tx).await?;
    ready.insert(tx).await?;
    dead.insert(tx).await?;
    let mut freed: BTreeMap<&str, Vec<(String, Uuid)>> = BTreeMap::new();
    for (task, _) in held_ends().filter(|(_, ending)| is_over(ending)) {
        if let Some(key) = &task.release {
            freed.entry(task.kind.as_str()).or_default().push((key.clone(), task.id));
        }
    }
    for (kind, keys) in freed {
        release(tx, kind, &keys).await?;
    }
    for (task, ending) in held_ends() {
        match &task.lane {
            // What is to be tried again stays the first of an ordered lane.
            Some(lane) if is_over(ending) || !lane.in_order => promote(tx, &task.queue, &lane.key, 1).await?,
            _ => {}
        }
    }
    Ok(held.into_keys().collect())
}

/// How the attempt ends, given whether somebody asked the task to stop: then it is not tried again, even where its holder
/// had not heard of it yet.
fn ending(end: &Settlement, stops: bool) -> &Ending {
    match &end.ending {
        Ending::Retry { .. } | Ending::Snoozed { .. } | Ending::Returned | Ending::Untouched if stops => {
            &Ending::Cancelled
        }
        ending => ending,
    }
}

/// Whether the task has ended with this attempt.
fn is_over(ending: &Ending) -> bool {
    matches!(ending, Ending::Done { .. } | Ending::Dead { .. } | Ending::Cancelled)
}

/// The line of one attempt.
fn run(task: &Claimed, ending: &Ending, holder: Uuid, now: Time) -> Vec<Value> {
    let (outcome, error, result) = match ending {
        Ending::Done { result } if result.is_null() => ("done", "", String::new()),
        Ending::Done { result } => ("done", "", result.to_string()),
        Ending::Retry { error, .. } => ("failed", error.as_str(), String::new()),
        Ending::Dead { error } => ("dead", error.as_str(), String::new()),
        Ending::Snoozed { .. } => ("snoozed", "", String::new()),
        Ending::Cancelled => ("cancelled", "", String::new()),
        Ending::Returned | Ending::Untouched => ("returned", "", String::new()),
    };
    vec![
        task.id.into(),
        task.token.into(),
        task.attempt.into(),
        outcome.into(),
        micros(task.started_at).into(),
        micros(now).into(),
        holder.into(),
        storable(error).into(),
        result.into(),
    ]
}

/// The row of a task that goes back to its queue. It does not expire any more: it has started once.
fn again(task: &Claimed, due: Time, attempts: i32) -> Vec<Value> {
    let waiting = Waiting {
        task: task.id,
        queue: &task.queue,
        priority: task.priority.rank(),
        due_us: micros(due),
        tenant: task.tenant.0,
        lane: task.lane.as_ref(),
        expires_us: FOREVER_US,
        key: if task.release.is_some() { KeyHeld::UNTIL_ENDED } else { KeyHeld::NOT },
        attempts,
        token: task.token,
    };
    waiting.into_row()
}

/// Takes these claims away from the holder; which of them it still held, and whether somebody asked them to stop. A task
/// that was claimed again since, under a higher token, is not touched.
async fn take_running(
    tx: &DatabaseTransaction,
    holder: Uuid,
    claims: &[(Uuid, i32)],
) -> Result<HashMap<(Uuid, i32), bool>, DbErr> {
    let backend = tx.get_database_backend();
    let mut held = HashMap::with_capacity(claims.len());
    let ours: HashSet<(Uuid, i32)> = claims.iter().copied().collect();
    for chunk in claims.chunks(1_000) {
        let ids: Vec<Uuid> = chunk.iter().map(|(id, _)| *id).collect();
        let mut values: Vec<Value> = vec![holder.into()];
        let among_these = among(backend, "task_id", &ids, &mut values);
        let find = "SELECT task_id, token, cancel FROM task_running WHERE holder = $1 AND";
        let find = format!("{find} {among_these}{}", for_update(backend));
        let mut mine = Vec::with_capacity(chunk.len());
        for row in tx.query_all_raw(statement(backend, find, values)).await? {
            let (id, token): (Uuid, i32) = (row.try_get("", "task_id")?, row.try_get("", "token")?);
            if ours.contains(&(id, token)) {
                mine.push(id);
                held.insert((id, token), row.try_get::<i16>("", "cancel")? != 0);
            }
        }
        let mut values = Vec::new();
        let among_mine = among(backend, "task_id", &mine, &mut values);
        let take = format!("DELETE FROM task_running WHERE {among_mine}");
        tx.execute_raw(statement(backend, take, values)).await?;
    }
    Ok(held)
}

/// The instant in a column of microseconds.
pub(super) fn instant_in(row: &QueryResult, column: &str) -> Result<Time, DbErr> {
    row.try_get::<i64>("", column).map(instant)
}
