//! Claiming: one transaction under the queue's lock finds what may start and hands it to a holder.

use super::choose::{Active, Choice, LaneState, choose};
use super::look::{Found, Reach, Sight, look, short_of};
use super::place::{Came, Learned, Look};
use super::rows::{Column, Rows, among, among_texts, json};
use super::settle::{RUNS, instant_in, never_run, promote, release, release_of, set_aside};
use super::{FOREVER_US, for_update, instant, micros};
use crate::sql::statement;
use kernel::{Claim, Claimed, Lane, Priority, TenantId, Time};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Value};
use std::collections::{BTreeMap, HashMap, HashSet};
use uuid::Uuid;

const RUNNING: &[Column] = &[
    Column::Id("task_id"),
    Column::Text("queue"),
    Column::Id("holder"),
    Column::Int("token"),
    Column::Int("attempt"),
    Column::Small("priority"),
    Column::Id("tenant"),
    Column::Big("due_us"),
    Column::Big("started_us"),
    Column::Text("lane"),
    Column::Int("lane_limit"),
    Column::Small("in_order"),
    Column::Big("expires_us"),
    Column::Small("key_held"),
    Column::Small("cancel"),
];

/// What a claim asks for.
pub(super) struct Wanted<'a> {
    pub(super) holder: Uuid,
    pub(super) queue: &'a str,
    pub(super) want: usize,
    pub(super) now: Time,
}

/// Claims what may start, going the whole way. None when the holder is not known any more, or the queue not yet.
pub(super) async fn claim(
    tx: &DatabaseTransaction,
    wanted: &Wanted<'_>,
    looking: &Look,
    mut learned: Learned,
) -> Result<(Option<Claim>, Came), DbErr> {
    let Some(gate) = gate(tx, wanted).await? else { return Ok((None, Came::nowhere(looking, None))) };
    (learned.limited, learned.per_process) = (gate.at_most > 0, gate.per_process);
    let room = gate.room(wanted);
    if room.places == 0 {
        let claim = Claim { next_due: room.again, per_process: gate.per_process, ..Claim::default() };
        learned.idle = false;
        return Ok((Some(claim), Came { learned: Some(learned), ..Came::nowhere(looking, None) }));
    }
    let Sight { found, reach, full, took } = look(tx, wanted, room.places, looking, &mut learned).await?;
    let lanes = lanes(tx, wanted.queue, &found).await?;
    let candidates = found.values().map(|found| found.candidate.clone()).collect();
    let choice = choose(candidates, &lanes, room.places, micros(wanted.now));
    let gone: HashSet<Uuid> = choice.taken.iter().chain(&choice.expired).chain(&choice.aside).copied().collect();
    let left = found.values().map(|one| &one.candidate).filter(|candidate| !gone.contains(&candidate.id));
    let reach = short_of(reach, left.map(|candidate| (candidate.priority, candidate.due_us)));
    learned.idle = found.is_empty();
    // What is left may be of several priorities, none of which had as many as there are places.
    let full = full || found.values().any(|one| !gone.contains(&one.candidate.id));
    let tasks = take(tx, wanted, found, &choice).await?;
    gate.started(tx, wanted, tasks.len()).await?;
    let touched = !tasks.is_empty() || !choice.expired.is_empty() || !choice.aside.is_empty();
    // What has expired may have stood in somebody's way.
    let more = full && touched || !choice.expired.is_empty();
    let next_due = if more || full { room.again } else { next_due(tx, wanted.queue, [micros(wanted.now); 4]).await? };
    let claim = Claim { tasks, next_due, more, per_process: gate.per_process };
    Ok((Some(claim), Came { reach, took: Some(took), floods: false, learned: Some(learned) }))
}

/// The queue's row, locked.
struct Gate {
    paused: bool,
    per_process: Option<u32>,
    at_most: usize,
    running: usize,
    /// How many of those that run are this holder's.
    mine: usize,
    rate: i64,
    period_us: i64,
    period_end_us: i64,
    period_started: i64,
}

/// How many may start now.
struct Room {
    places: usize,
    again: Option<Time>,
}

async fn gate(tx: &DatabaseTransaction, wanted: &Wanted<'_>) -> Result<Option<Gate>, DbErr> {
    let backend = tx.get_database_backend();
    // The holder's row is locked too: whoever takes its tasks away does so before this claim or sees what it claimed.
    let lock = format!(
        "SELECT q.paused, q.per_process, q.at_most, q.rate, q.rate_period_us, q.period_end_us, q.period_started{} FROM task_queues q \
         JOIN task_holders h ON h.id = $2 WHERE q.name = $1{}",
        super::need_not_be_durable(backend),
        for_update(backend)
    );
    let row = tx.query_one_raw(statement(backend, lock, [wanted.queue.into(), wanted.holder.into()])).await?;
    let Some(row) = row else { return Ok(None) };
    let at_most: i32 = row.try_get("", "at_most")?;
    let per_process = u32::try_from(row.try_get::<i32>("", "per_process")?).ok().filter(|most| *most > 0);
    let (mut running, mut mine) = (0, 0);
    if at_most > 0 || per_process.is_some() {
        let count =
            "SELECT COUNT(*) AS n, COUNT(CASE WHEN holder = $2 THEN 1 END) AS mine FROM task_running WHERE queue = $1";
        let count = statement(backend, count, [wanted.queue.into(), wanted.holder.into()]);
        if let Some(row) = tx.query_one_raw(count).await? {
            (running, mine) = (row.try_get::<i64>("", "n")?, row.try_get::<i64>("", "mine")?);
        }
    }
    Ok(Some(Gate {
        paused: row.try_get::<i16>("", "paused")? != 0,
        per_process,
        at_most: usize::try_from(at_most).unwrap_or(0),
        running: usize::try_from(running).unwrap_or(usize::MAX),
        mine: usize::try_from(mine).unwrap_or(usize::MAX),
        rate: i64::from(row.try_get::<i32>("", "rate")?),
        period_us: row.try_get("", "rate_period_us")?,
        period_end_us: row.try_get("", "period_end_us")?,
        period_started: row.try_get("", "period_started")?,
    }))
}

impl Gate {
    fn room(&self, wanted: &Wanted<'_>) -> Room {
        if self.paused {
            return Room { places: 0, again: None };
        }
        let mut places = wanted.want;
        if self.at_most > 0 {
            places = places.min(self.at_most.saturating_sub(self.running));
        }
        if let Some(most) = self.per_process.and_then(|most| usize::try_from(most).ok()) {
            places = places.min(most.saturating_sub(self.mine));
        }
        if self.rate == 0 {
            return Room { places, again: None };
        }
        let free = usize::try_from(self.rate - self.started_in(wanted.now)).unwrap_or(0);
        let again = (free <= places).then(|| instant(self.period_end(wanted.now)));
        Room { places: places.min(free), again }
    }

    /// How many were started in the period that `now` is in.
    fn started_in(&self, now: Time) -> i64 {
        if micros(now) < self.period_end_us { self.period_started } else { 0 }
    }

    /// Periods follow each other without a gap while there is something to start, each from its first start.
    fn period_end(&self, now: Time) -> i64 {
        if micros(now) < self.period_end_us { self.period_end_us } else { micros(now) + self.period_us }
    }

    async fn started(&self, tx: &DatabaseTransaction, wanted: &Wanted<'_>, count: usize) -> Result<(), DbErr> {
        if self.rate == 0 || count == 0 {
            return Ok(());
        }
        let started = self.started_in(wanted.now) + i64::try_from(count).unwrap_or(i64::MAX);
        let update = "UPDATE task_queues SET period_end_us = $2, period_started = $3 WHERE name = $1";
        let values = [wanted.queue.into(), self.period_end(wanted.now).into(), started.into()];
        tx.execute_raw(statement(tx.get_database_backend(), update, values)).await.map(drop)
    }
}

/// What there is of each lane in sight.
async fn lanes(
    tx: &DatabaseTransaction,
    queue: &str,
    found: &HashMap<Uuid, Found>,
) -> Result<HashMap<String, LaneState>, DbErr> {
    let backend = tx.get_database_backend();
    let mut keys: Vec<String> =
        found.values().filter_map(|found| found.candidate.lane.as_ref()).map(|lane| lane.key.clone()).collect();
    keys.sort_unstable();
    keys.dedup();
    let mut lanes: HashMap<String, LaneState> = keys.iter().map(|key| (key.clone(), LaneState::default())).collect();
    for chunk in keys.chunks(1_000) {
        let mut values = vec![queue.into()];
        let among = among_texts(backend, "lane", chunk, &mut values);
        let count = format!(
            "SELECT lane, COUNT(*) AS n FROM task_running WHERE queue = $1 AND {among} AND lane <> '' GROUP BY lane"
        );
        for row in tx.query_all_raw(statement(backend, count, values.clone())).await? {
            let n = usize::try_from(row.try_get::<i64>("", "n")?).unwrap_or(usize::MAX);
            lanes.entry(row.try_get("", "lane")?).or_default().running = n;
        }
        let list = format!(
            "SELECT lane, task_id, due_us FROM task_ready WHERE queue = $1 AND {among} AND lane <> '' AND aside = 0 \
             ORDER BY task_id"
        );
        for row in tx.query_all_raw(statement(backend, list, values)).await? {
            let active = Active { id: row.try_get("", "task_id")?, due_us: row.try_get("", "due_us")? };
            lanes.entry(row.try_get("", "lane")?).or_default().active.push(active);
        }
    }
    Ok(lanes)
}

/// Writes the choice down.
async fn take(
    tx: &DatabaseTransaction,
    wanted: &Wanted<'_>,
    mut found: HashMap<Uuid, Found>,
    choice: &Choice,
) -> Result<Vec<Claimed>, DbErr> {
    set_aside(tx, &choice.aside, true).await?;
    let gone: Vec<Uuid> = choice.taken.iter().chain(&choice.expired).copied().collect();
    remove_ready(tx, &gone).await?;
    let mut runs = Rows::into_table("task_runs", RUNS);
    for one in choice.expired.iter().filter_map(|id| found.get(id)) {
        runs.push(never_run(one.candidate.id, one.token + 1, one.attempts, "expired", wanted.now));
        release_of(tx, one.candidate.id).await?;
        if let Some(lane) = &one.candidate.lane {
            promote(tx, wanted.queue, &lane.key, 1).await?;
        }
    }
    runs.insert(tx).await?;
    let taken: Vec<Found> = choice.taken.iter().filter_map(|id| found.remove(id)).collect();
    let mut running = Rows::into_table("task_running", RUNNING);
    for one in &taken {
        running.push(one.running(wanted));
    }
    running.insert(tx).await?;
    let mut checkpoints = checkpoints(tx, &taken).await?;
    let mut tasks = Vec::with_capacity(taken.len());
    let_go_at_start(tx, &taken).await?;
    for one in taken {
        let checkpoint = checkpoints.remove(&one.candidate.id);
        tasks.push(one.claimed(wanted, checkpoint)?);
    }
    Ok(tasks)
}

/// Lets go of the unique keys that these tasks hold only until they start.
pub(super) async fn let_go_at_start(tx: &DatabaseTransaction, taken: &[Found]) -> Result<(), DbErr> {
    let mut freed: BTreeMap<String, Vec<(String, Uuid)>> = BTreeMap::new();
    for one in taken.iter().filter(|one| one.key_held == 1) {
        let kind = one.body.try_get("", "kind")?;
        freed.entry(kind).or_default().push((one.key()?, one.candidate.id));
    }
    for (kind, keys) in freed {
        release(tx, &kind, &keys).await?;
    }
    Ok(())
}

async fn remove_ready(tx: &DatabaseTransaction, ids: &[Uuid]) -> Result<(), DbErr> {
    let backend = tx.get_database_backend();
    for chunk in ids.chunks(5_000) {
        let mut values = Vec::new();
        let among = among(backend, "task_id", chunk, &mut values);
        tx.execute_raw(statement(backend, format!("DELETE FROM task_ready WHERE {among}"), values)).await?;
    }
    Ok(())
}

/// What earlier attempts left for these.
async fn checkpoints(tx: &DatabaseTransaction, taken: &[Found]) -> Result<HashMap<Uuid, serde_json::Value>, DbErr> {
    let backend = tx.get_database_backend();
    let again: Vec<Uuid> = taken.iter().filter(|one| one.token > 0).map(|one| one.candidate.id).collect();
    let mut left = HashMap::new();
    for chunk in again.chunks(1_000) {
        let mut values = Vec::new();
        let among = among(backend, "task_id", chunk, &mut values);
        let sql = format!("SELECT task_id, checkpoint FROM task_progress WHERE {among} AND checkpoint <> ''");
        for row in tx.query_all_raw(statement(backend, sql, values)).await? {
            left.insert(row.try_get("", "task_id")?, json(&row, "checkpoint")?);
        }
    }
    Ok(left)
}

impl Found {
    fn key(&self) -> Result<String, DbErr> {
        self.body.try_get("", "task_key")
    }

    fn running(&self, wanted: &Wanted<'_>) -> Vec<Value> {
        vec![
            self.candidate.id.into(),
            wanted.queue.into(),
            wanted.holder.into(),
            (self.token + 1).into(),
            (self.attempts + 1).into(),
            self.candidate.priority.into(),
            self.candidate.tenant.into(),
            self.candidate.due_us.into(),
            micros(wanted.now).into(),
            self.candidate.lane.as_ref().map_or("", |lane| lane.key.as_str()).into(),
            self.lane_limit.into(),
            self.in_order.into(),
            FOREVER_US.into(),
            (if self.key_held == 2 { 2_i16 } else { 0 }).into(),
            0_i16.into(),
        ]
    }

    pub(super) fn claimed(self, wanted: &Wanted<'_>, checkpoint: Option<serde_json::Value>) -> Result<Claimed, DbErr> {
        let at_most = u16::try_from(self.lane_limit).unwrap_or(u16::MAX);
        let in_order = self.in_order != 0;
        Ok(Claimed {
            id: self.candidate.id,
            kind: self.body.try_get("", "kind")?,
            version: self.body.try_get("", "version")?,
            payload: json(&self.body, "payload")?,
            queue: wanted.queue.to_owned(),
            priority: Priority::of_rank(self.candidate.priority),
            tenant: TenantId(self.candidate.tenant),
            origin: json(&self.body, "origin")?,
            enqueued_at: instant_in(&self.body, "enqueued_us")?,
            due_at: instant(self.candidate.due_us),
            started_at: wanted.now,
            token: self.token + 1,
            attempt: self.attempts + 1,
            release: if self.key_held == 2 { Some(self.key()?) } else { None },
            lane: self.candidate.lane.map(|lane| Lane { key: lane.key, at_most, in_order }),
            checkpoint,
        })
    }
}

/// When the next task falls due, of those due after these instants, one for each priority.
pub(super) async fn next_due<C: ConnectionTrait>(db: &C, queue: &str, after: Reach) -> Result<Option<Time>, DbErr> {
    let mut values: Vec<Value> = vec![queue.into()];
    let mut parts = Vec::with_capacity(4);
    for (rank, after) in after.into_iter().enumerate() {
        values.push(after.into());
        parts.push(format!(
            "SELECT (SELECT MIN(due_us) FROM task_ready WHERE queue = $1 AND aside = 0 AND priority = {rank} \
             AND due_us > ${}) AS due_us",
            values.len()
        ));
    }
    let sql = format!("SELECT MIN(due_us) AS due_us FROM ({}) AS n", parts.join(" UNION ALL "));
    let row = db.query_one_raw(statement(db.get_database_backend(), sql, values)).await?;
    let due = row.map_or(Ok(None), |row| row.try_get::<Option<i64>>("", "due_us"))?;
    Ok(due.map(instant))
}
