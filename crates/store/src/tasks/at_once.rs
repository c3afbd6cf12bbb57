//! Claims and ends in one statement each, where nothing speaks against it: what most tasks are.

use super::claim::{Wanted, let_go_at_start};
use super::look::{COLUMNS, Found, Walk, reach_together, walks};
use super::place::{Came, Look};
use super::rows::{among, among_texts, json_or_none};
use super::{FOREVER_US, micros};
use crate::sql::statement;
use kernel::{Claim, Ending, Settlement, Time};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Value};
use serde_json::{Map, Value as Json};
use std::collections::HashSet;
use tokio::time::Instant;
use uuid::Uuid;

/// Where the rows are, and nothing else of them: they are locked, so that none moves before it is deleted.
const WALK: Walk = Walk { columns: "ctid", condition: " AND expires_us > $2", lock: " FOR UPDATE SKIP LOCKED" };

/// Claims in one statement, where nothing speaks against it: a queue without limits, no task in a lane. None says that the
/// whole way has to be gone.
///
/// It takes no lock on the queue. Rows that somebody else claims at the same time are skipped; the holder's row is
/// locked, so that whoever takes its tasks away does so before this or sees what it claimed.
pub(super) async fn claim_at_once(
    db: &DatabaseTransaction,
    wanted: &Wanted<'_>,
    look: &Look,
) -> Result<(Option<Claim>, Came), DbErr> {
    let backend = db.get_database_backend();
    let (began, now_us) = (Instant::now(), micros(wanted.now));
    let limit = i64::try_from(wanted.want).unwrap_or(i64::MAX);
    let mut values: Vec<Value> = vec![wanted.queue.into(), now_us.into(), limit.into(), wanted.holder.into()];
    let walks = walks(look.starts_at, &WALK, &mut values);
    let sql = format!(
        "WITH me AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) FROM task_holders h \
         JOIN task_queues q ON q.name = $1 WHERE h.id = $4 AND q.paused = 0 AND q.at_most = 0 AND q.rate = 0 \
         AND q.per_process = 0 AND NOT EXISTS (SELECT 1 FROM task_ready WHERE queue = $1 AND aside = 0 AND lane <> '') FOR SHARE OF h), \
         r AS (DELETE FROM task_ready d WHERE d.ctid = ANY(ARRAY(\
         SELECT w.ctid FROM me CROSS JOIN LATERAL ({walks}) AS w LIMIT $3)) RETURNING d.*), \
         held AS (INSERT INTO task_running (task_id, queue, holder, token, attempt, priority, tenant, due_us, \
         started_us, lane, lane_limit, in_order, expires_us, key_held, cancel) SELECT task_id, queue, $4, token + 1, \
         attempts + 1, priority, tenant, due_us, $2, '', 0, 0, {FOREVER_US}, CASE WHEN key_held = 2 THEN 2 ELSE 0 END, 0 \
         FROM r) \
         SELECT {COLUMNS}, p.checkpoint FROM r CROSS JOIN me JOIN tasks t ON t.id = r.task_id \
         LEFT JOIN task_progress p ON p.task_id = r.task_id AND r.token > 0 AND p.checkpoint <> ''"
    );
    db.execute_unprepared(BY_INDEX).await?;
    let rows = db.query_all_raw(statement(backend, sql, values)).await?;
    let came = Came::nowhere(look, Some(began.elapsed()));
    if rows.is_empty() {
        return Ok((None, came));
    }
    let mut found = rows.into_iter().map(Found::of).collect::<Result<Vec<_>, _>>()?;
    found.sort_by_key(|one| (one.candidate.priority, one.candidate.due_us, one.candidate.id));
    // Whatever it saw it took.
    let seen: Vec<(i16, i64)> = found.iter().map(|one| (one.candidate.priority, one.candidate.due_us)).collect();
    let reach = reach_together(look.stood, &seen, wanted.want, now_us);
    let_go_at_start(db, &found).await?;
    let mut tasks = Vec::with_capacity(found.len());
    for one in found {
        let checkpoint = json_or_none(&one.body, "checkpoint")?;
        tasks.push(one.claimed(wanted, checkpoint)?);
    }
    let floods = tasks.len() >= wanted.want;
    Ok((Some(Claim { tasks, next_due: None, more: true, per_process: None }), Came { reach, floods, ..came }))
}

/// Rows are to be found by their indexes. A plan made while a table was empty would read the whole of it for as long as
/// the plan is kept, and these tables are empty every now and then.
const BY_INDEX: &str = "SET LOCAL enable_seqscan = off";

/// Whether an end can be written by [`done_at_once`].
pub(super) fn is_plain(backend: DbBackend, end: &Settlement) -> bool {
    backend == DbBackend::Postgres && end.task.lane.is_none() && matches!(end.ending, Ending::Done { .. })
}

/// Writes down that these tasks of one kind are done, in one statement; which claims were still held.
///
/// Rows are found by an array of ids, and what belongs to one of them travels as a JSON object under its id. The planner
/// knows nothing of how many there will be: joins would be loops in loops. Nearly always it is nothing: all have the same
/// token, and no result.
pub(super) async fn done_at_once(
    db: &DatabaseTransaction,
    holder: Uuid,
    ends: &[&Settlement],
    now: Time,
) -> Result<HashSet<(Uuid, i32)>, DbErr> {
    let backend = db.get_database_backend();
    let Some(first) = ends.first().map(|end| &end.task) else { return Ok(HashSet::new()) };
    let ids: Vec<Uuid> = ends.iter().map(|end| end.task.id).collect();
    let keys: Vec<String> = ends.iter().filter_map(|end| end.task.release.clone()).collect();
    let mut values: Vec<Value> = vec![holder.into(), micros(now).into()];
    let among_ids = among(backend, "r.task_id", &ids, &mut values);
    let mut of_each = |value: Value, read: fn(usize) -> String| {
        values.push(value);
        read(values.len())
    };
    let token = if ends.iter().all(|end| end.task.token == first.token) {
        of_each(first.token.into(), |n| format!("${n}"))
    } else {
        let tokens: Map<String, Json> =
            ends.iter().map(|end| (end.task.id.to_string(), end.task.token.into())).collect();
        of_each(Json::Object(tokens).into(), |n| format!("(${n}::jsonb ->> r.task_id::text)::int4"))
    };
    let results: Map<String, Json> = ends.iter().filter_map(|end| result(end)).collect();
    let result = if results.is_empty() {
        "''".to_owned()
    } else {
        of_each(Json::Object(results).into(), |n| format!("COALESCE(${n}::jsonb ->> task_id::text, '')"))
    };
    let mut sql = format!(
        "WITH held AS (DELETE FROM task_running r WHERE {among_ids} AND r.holder = $1 AND r.token = {token} \
         RETURNING r.task_id, r.token, r.attempt, r.started_us), \
         kept AS (INSERT INTO task_runs (task_id, token, attempt, outcome, started_us, ended_us, holder, error, result) \
         SELECT task_id, token, attempt, 'done', started_us, $2, $1, '', {result} FROM held)"
    );
    if !keys.is_empty() {
        let of_kind = of_each(first.kind.as_str().into(), |n| format!("${n}"));
        let among_keys = among_texts(backend, "k.task_key", &keys, &mut values);
        // Said twice negatively it is looked up in a hash; said simply it would be a loop in a loop too.
        sql.push_str(&format!(
            ", freed AS (DELETE FROM task_keys k WHERE k.kind = {of_kind} AND {among_keys} \
             AND NOT (k.task_id NOT IN (SELECT task_id FROM held)))"
        ));
    }
    sql.push_str(" SELECT task_id, token FROM held");
    db.execute_unprepared(BY_INDEX).await?;
    let rows = db.query_all_raw(statement(backend, sql, values)).await?;
    rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}

/// The result to keep, as text under the task's id.
fn result(end: &Settlement) -> Option<(String, Json)> {
    match &end.ending {
        Ending::Done { result } if !result.is_null() => Some((end.task.id.to_string(), result.to_string().into())),
        _ => None,
    }
}
