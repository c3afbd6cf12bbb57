//! Enqueueing, in whatever transaction does the rest of the work.

use super::keys::{KEYS, owners, until};
use super::rows::{Column, Rows};
use super::settle::{REPLACED, end_waiting};
use super::waiting::{KeyHeld, READY, Waiting};
use super::{Demand, FOREVER_US, MAX_KEY, for_update, micros};
use crate::ChangeError;
use crate::sql::statement;
use kernel::{Enqueued, Fault, NewTask, Second, Start, TaskOrigin, Time, Unique, after};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Value};
use std::collections::BTreeMap;
use uuid::Uuid;

const BODIES: &[Column] = &[
    Column::Id("id"),
    Column::Text("kind"),
    Column::Int("version"),
    Column::Text("queue"),
    Column::Id("tenant"),
    Column::Text("task_key"),
    Column::Text("payload"),
    Column::Text("origin"),
    Column::Text("demand"),
    Column::Big("enqueued_us"),
];

/// How often a key is looked for that others take and let go meanwhile.
const LOOKS: usize = 8;

/// A task with the id it will have.
struct Planned<'a> {
    id: Uuid,
    task: &'a NewTask,
    outcome: Enqueued,
}

/// Enqueues `tasks`, the nth under the nth id. What became of each.
///
/// # Errors
/// `Invalid` when a key or lane is empty or too long; what the database said.
pub(crate) async fn enqueue(
    tx: &DatabaseTransaction,
    origin: &TaskOrigin,
    tasks: &[NewTask],
    ids: impl Fn() -> Uuid,
    now: Time,
) -> Result<Vec<Enqueued>, ChangeError> {
    let mut planned = Vec::with_capacity(tasks.len());
    for task in tasks {
        check(task)?;
        let id = ids();
        planned.push(Planned { id, task, outcome: Enqueued::New(id) });
    }
    claim_keys(tx, &mut planned, now).await?;
    let text = serde_json::to_string(origin).map_err(Fault::internal)?;
    let (mut bodies, mut ready) = (Rows::into_table("tasks", BODIES), Rows::into_table("task_ready", READY));
    for Planned { id, task, outcome } in &planned {
        if matches!(outcome, Enqueued::Kept(_)) {
            continue;
        }
        bodies.push(body(*id, task, origin, &text, now)?);
        ready.push(waiting(*id, task, origin, now));
    }
    bodies.insert(tx).await?;
    ready.insert(tx).await?;
    Ok(planned.into_iter().map(|planned| planned.outcome).collect())
}

fn check(task: &NewTask) -> Result<(), Fault> {
    task.writable()?;
    let fits = |text: &str| (1..=MAX_KEY).contains(&text.len()) && !text.contains('\0');
    if task.unique.as_ref().is_some_and(|unique| !fits(&unique.key)) {
        return Err(Fault::invalid("unique", format!("has a key of 1 to {MAX_KEY} bytes, none of them 0")));
    }
    if task.lane.as_ref().is_some_and(|lane| !fits(&lane.key)) {
        return Err(Fault::invalid("lane", format!("has a key of 1 to {MAX_KEY} bytes, none of them 0")));
    }
    if task.lane.as_ref().is_some_and(|lane| lane.at_most == 0 || lane.in_order && lane.at_most != 1) {
        return Err(Fault::invalid("lane", "lets at least one run, and exactly one when it is in order"));
    }
    if task.kind.len() > 80 || task.queue.is_empty() || task.queue.len() > 40 {
        return Err(Fault::invalid("kind", "has at most 80 bytes, and its queue 1 to 40"));
    }
    Ok(())
}

fn body(id: Uuid, task: &NewTask, origin: &TaskOrigin, text: &str, now: Time) -> Result<Vec<Value>, Fault> {
    let demand = Demand {
        priority: task.priority,
        unique: task.unique.clone(),
        lane: task.lane.clone(),
        expires_after: task.expires_after,
    };
    Ok(vec![
        id.into(),
        task.kind.into(),
        task.version.into(),
        task.queue.into(),
        origin.tenant().0.into(),
        task.unique.as_ref().map_or("", |unique| unique.key.as_str()).into(),
        task.payload.to_string().into(),
        text.into(),
        serde_json::to_string(&demand).map_err(Fault::internal)?.into(),
        micros(now).into(),
    ])
}

fn waiting(id: Uuid, task: &NewTask, origin: &TaskOrigin, now: Time) -> Vec<Value> {
    let due = match task.start {
        Start::Now => now,
        Start::After(delay) => after(now, delay),
        Start::At(time) => time,
    };
    let waiting = Waiting {
        task: id,
        queue: task.queue,
        priority: task.priority.rank(),
        due_us: micros(due),
        tenant: origin.tenant().0,
        lane: task.lane.as_ref(),
        expires_us: task.expires_after.map_or(FOREVER_US, |period| micros(after(now, period))),
        key: KeyHeld::of(task.unique.as_ref()),
        attempts: 0,
        token: 0,
    };
    waiting.into_row()
}

/// Takes the unique keys the tasks ask for, and decides about those whose key is taken.
async fn claim_keys(tx: &DatabaseTransaction, planned: &mut [Planned<'_>], now: Time) -> Result<(), ChangeError> {
    // Keys are taken in one order by everybody, so that two batches wait for each other instead of for ever.
    let mut first: BTreeMap<(&'static str, String), (Uuid, i64)> = BTreeMap::new();
    let mut asked = 0_usize;
    for Planned { id, task, .. } in planned.iter() {
        let Some(unique) = &task.unique else { continue };
        asked += 1;
        first.entry((task.kind, unique.key.clone())).or_insert((*id, until(unique, now)));
    }
    if asked == 0 {
        return Ok(());
    }
    let mut rows = Rows::into_table("task_keys", KEYS);
    for ((kind, key), (id, until_us)) in &first {
        rows.push(vec![(*kind).into(), key.as_str().into(), (*id).into(), (*until_us).into()]);
    }
    let taken = rows.insert_what_is_free(tx).await?;
    let counts = tx.get_database_backend() != DbBackend::MySql;
    if counts && usize::try_from(taken).is_ok_and(|taken| taken == asked) {
        return Ok(());
    }
    let owners = owners(tx, first.keys().map(|(kind, key)| (*kind, key.as_str()))).await?;
    for nth in 0..planned.len() {
        let Planned { id, task, .. } = &planned[nth];
        let Some(unique) = task.unique.clone() else { continue };
        let (id, kind) = (*id, task.kind);
        if owners.get(&(kind.to_owned(), unique.key.clone())).is_some_and(|(owner, _)| *owner == id) {
            continue;
        }
        planned[nth].outcome = take_over(tx, planned, Newcomer { id, kind, unique: &unique }, now).await?;
        if let Enqueued::Replaced { old, .. } = planned[nth].outcome {
            // The one whose place is taken may be of this very batch: it does not enter the queue at all, and those
            // that were told of it are told of the one that does.
            let told_of_it = |earlier: &&mut Planned<'_>| earlier.id == old || earlier.outcome == Enqueued::Kept(old);
            planned[..nth].iter_mut().filter(told_of_it).for_each(|earlier| earlier.outcome = Enqueued::Kept(id));
        }
    }
    Ok(())
}

/// A task that finds its key taken.
struct Newcomer<'a> {
    id: Uuid,
    kind: &'static str,
    unique: &'a Unique,
}

/// Decides about one task whose key is taken.
async fn take_over(
    tx: &DatabaseTransaction,
    batch: &[Planned<'_>],
    newcomer: Newcomer<'_>,
    now: Time,
) -> Result<Enqueued, ChangeError> {
    let backend = tx.get_database_backend();
    let Newcomer { id, kind, unique } = newcomer;
    let key: [Value; 2] = [kind.into(), unique.key.as_str().into()];
    let find = "SELECT task_id, until_us FROM task_keys WHERE kind = $1 AND task_key = $2";
    let find = format!("{find}{}", for_update(backend));
    let mut looks = 0;
    let row = loop {
        if let Some(row) = tx.query_one_raw(statement(backend, find.as_str(), key.clone())).await? {
            break row;
        }
        if looks == LOOKS {
            return Err(ChangeError::Stale);
        }
        looks += 1;
        // It was let go a moment ago. Others may find it free at the same time, and one of them gets it.
        let mut rows = Rows::into_table("task_keys", KEYS);
        rows.push(vec![kind.into(), unique.key.as_str().into(), id.into(), until(unique, now).into()]);
        rows.insert_what_is_free(tx).await?;
    };
    let (old, until_us): (Uuid, i64) = (row.try_get("", "task_id")?, row.try_get("", "until_us")?);
    if old == id {
        return Ok(Enqueued::New(id));
    }
    let outcome = if until_us <= micros(now) {
        Enqueued::New(id)
    } else if unique.second == Second::Replaces
        && (batch.iter().any(|planned| planned.id == old) || end_waiting(tx, old, REPLACED, now).await?)
    {
        Enqueued::Replaced { new: id, old }
    } else {
        return Ok(Enqueued::Kept(old));
    };
    let update = "UPDATE task_keys SET task_id = $3, until_us = $4 WHERE kind = $1 AND task_key = $2";
    let values = key.into_iter().chain([id.into(), until(unique, now).into()]);
    tx.execute_raw(statement(backend, update, values)).await?;
    Ok(outcome)
}
