//! Queues, one task's life, and what happened lately, as operators see them.

use super::desk_lists::{FACTS, STANDS, summary};
use super::queue::settings;
use super::rows::{json, json_or_none};
use super::settle::instant_in;
use super::{Demand, micros};
use crate::Store;
use crate::sql::statement;
use kernel::{Fault, Progress, QueueLimits, QueueSettings, QueueState, Run, TaskLife, ThroughputMinute};
use sea_orm::{ConnectionTrait, DbErr, QueryResult};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The runs of a life that are shown: the last ones.
const RUNS_SHOWN: u32 = 500;

impl Store {
    /// Every queue as it is now, by name. A queue that has tasks and no worker yet is one, too.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn queue_states(&self) -> Result<Vec<QueueState>, Fault> {
        let list = "SELECT name, paused, per_process, at_most, rate, rate_period_us FROM task_queues";
        // Somebody who has just paused a queue looks at the same page again: what is set is never read too old.
        let rows = self.read(self.primary().query_all_raw(statement(self.backend(), list, []))).await?;
        let mut states = BTreeMap::new();
        for row in &rows {
            let settings = settings(row).map_err(Fault::internal)?;
            states.insert(settings.name.clone(), standing_still(settings));
        }
        let now_us = micros(self.clock().now());
        let waiting = format!(
            "SELECT queue, aside, due, COUNT(*) AS n, MIN(due_us) AS first_us FROM \
             (SELECT queue, aside, due_us, CASE WHEN due_us <= {now_us} THEN 1 ELSE 0 END AS due FROM task_ready) AS w \
             GROUP BY queue, aside, due"
        );
        for row in self.read(self.replica().query_all_raw(statement(self.backend(), waiting, []))).await? {
            count_waiting(&mut states, &row).map_err(Fault::internal)?;
        }
        for (table, running) in [("task_running", true), ("task_dead", false)] {
            let count = format!("SELECT queue, COUNT(*) AS n FROM {table} GROUP BY queue");
            for row in self.read(self.replica().query_all_raw(statement(self.backend(), count, []))).await? {
                let (state, n) = counted(&mut states, &row).map_err(Fault::internal)?;
                *(if running { &mut state.running } else { &mut state.dead }) = n;
            }
        }
        Ok(states.into_values().collect())
    }

    /// One task's life, with its last 500 runs. Nothing is masked here.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn task_life(&self, id: Uuid) -> Result<Option<TaskLife>, Fault> {
        let find = format!(
            "SELECT {FACTS}, t.version, t.payload, t.origin, g.percent, g.note, g.checkpoint FROM tasks t {STANDS} \
             LEFT JOIN task_progress g ON g.task_id = t.id WHERE t.id = $1"
        );
        let find = statement(self.backend(), find, [id.into()]);
        let Some(row) = self.read(self.primary().query_one_raw(find)).await? else { return Ok(None) };
        let list = format!(
            "SELECT u.token, u.attempt, u.outcome, u.started_us, u.ended_us, u.holder, u.error, u.result, h.name \
             FROM task_runs u LEFT JOIN task_holders h ON h.id = u.holder WHERE u.task_id = $1 \
             ORDER BY u.token DESC LIMIT {RUNS_SHOWN}"
        );
        let list = statement(self.backend(), list, [id.into()]);
        let mut rows = self.read(self.primary().query_all_raw(list)).await?;
        rows.reverse();
        let runs = rows.iter().map(run).collect::<Result<_, _>>().map_err(Fault::internal)?;
        let result = rows.last().map_or(Ok(None), |row| json_or_none(row, "result")).map_err(Fault::internal)?;
        let summary = summary(&row, self.clock().now()).map_err(Fault::internal)?;
        life(&row, summary, runs, result).map(Some).map_err(Fault::internal)
    }

    /// What ended in each minute from the one of `from_us` to before `to_us`, in microseconds since 1970, as far as it is
    /// still kept. Minutes in which nothing ended are left out. `for_good` is for whoever will not ask again: it is
    /// answered by the primary, and not by a replica that may lag behind.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn throughput(&self, from_us: i64, to_us: i64, for_good: bool) -> Result<Vec<ThroughputMinute>, Fault> {
        let count = "SELECT minute_us, outcome, COUNT(*) AS n FROM \
                     (SELECT ended_us - ended_us % 60000000 AS minute_us, outcome FROM task_runs \
                     WHERE ended_us >= $1 AND ended_us < $2) AS e \
                     WHERE outcome IN ('done', 'failed', 'lost', 'dead') GROUP BY minute_us, outcome";
        let count = statement(self.backend(), count, [from_us.into(), to_us.into()]);
        let db = if for_good { self.primary() } else { self.replica() };
        let rows = self.read(db.query_all_raw(count)).await?;
        let mut minutes = BTreeMap::new();
        for row in &rows {
            let minute = instant_in(row, "minute_us").map_err(Fault::internal)?;
            let entry = minutes.entry(minute).or_insert(ThroughputMinute { minute, done: 0, failed: 0, dead: 0 });
            let outcome: String = row.try_get("", "outcome").map_err(Fault::internal)?;
            let n = number(row).map_err(Fault::internal)?;
            match outcome.as_str() {
                "done" => entry.done += n,
                "dead" => entry.dead += n,
                _ => entry.failed += n,
            }
        }
        Ok(minutes.into_values().collect())
    }
}

fn standing_still(settings: QueueSettings) -> QueueState {
    QueueState { settings, ready: 0, scheduled: 0, waiting: 0, running: 0, dead: 0, oldest_due: None }
}

fn number(row: &QueryResult) -> Result<u64, DbErr> {
    row.try_get::<i64>("", "n").map(|n| u64::try_from(n).unwrap_or(0))
}

/// The queue a row counts, and how many it counts.
fn counted<'a>(
    states: &'a mut BTreeMap<String, QueueState>,
    row: &QueryResult,
) -> Result<(&'a mut QueueState, u64), DbErr> {
    let name: String = row.try_get("", "queue")?;
    let unseen = || QueueSettings { name: name.clone(), paused: false, limits: QueueLimits::default() };
    let state = states.entry(name.clone()).or_insert_with(|| standing_still(unseen()));
    Ok((state, number(row)?))
}

fn count_waiting(states: &mut BTreeMap<String, QueueState>, row: &QueryResult) -> Result<(), DbErr> {
    let (state, n) = counted(states, row)?;
    let (aside, due): (i16, i32) = (row.try_get("", "aside")?, row.try_get("", "due")?);
    match (aside, due) {
        (0, 1) => {
            state.ready = n;
            state.oldest_due = Some(instant_in(row, "first_us")?);
        }
        (0, _) => state.scheduled = n,
        _ => state.waiting += n,
    }
    Ok(())
}

fn run(row: &QueryResult) -> Result<Run, DbErr> {
    let holder: Uuid = row.try_get("", "holder")?;
    let name: Option<String> = row.try_get("", "name")?;
    let error: String = row.try_get("", "error")?;
    Ok(Run {
        token: row.try_get("", "token")?,
        attempt: row.try_get("", "attempt")?,
        outcome: row.try_get("", "outcome")?,
        started_at: instant_in(row, "started_us")?,
        ended_at: instant_in(row, "ended_us")?,
        error: (!error.is_empty()).then_some(error),
        worker: (!holder.is_nil()).then(|| name.unwrap_or_else(|| holder.to_string())),
    })
}

fn life(
    row: &QueryResult,
    summary: kernel::TaskSummary,
    runs: Vec<Run>,
    result: Option<Json>,
) -> Result<TaskLife, DbErr> {
    let progress = match row.try_get::<Option<String>>("", "note")? {
        Some(note) => {
            let percent: i16 = row.try_get("", "percent")?;
            Some(Progress { percent: u8::try_from(percent).ok(), note, checkpoint: json_or_none(row, "checkpoint")? })
        }
        None => None,
    };
    Ok(TaskLife {
        summary,
        version: row.try_get("", "version")?,
        payload: json_or_none(row, "payload")?.unwrap_or(Json::Null),
        origin: json(row, "origin")?,
        lane: json::<Demand>(row, "demand")?.lane.map(|lane| lane.key),
        runs,
        progress,
        result,
    })
}
