//! Tasks as operators look for them.
//!
//! Ended tasks may be millions, and most filters have no index. So a look walks from the newest task to older ones, a
//! window at a time, and gives up after some windows: its page may be short or empty and yet say where to go on.

use super::rows::json;
use super::settle::instant_in;
use super::{Demand, instant, micros};
use crate::Store;
use crate::sql::statement;
use kernel::{Cursor, Fault, Page, PageRequest, TaskFilter, TaskState, TaskSummary, TenantId, Time};
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Value};
use uuid::Uuid;

/// How many tasks one statement looks at when not all of them are wanted.
const WINDOW: u64 = 2_000;
/// How many such statements one page may take.
const WINDOWS: usize = 5;
/// How many tasks are counted at most, the newest ones, where an index or a narrow table leads to them.
const COUNTED: u64 = 100_000;
/// And how many where each of them has to be looked at.
const COUNTED_OF_ALL: u64 = 20_000;

/// What a summary is made of.
pub(super) const FACTS: &str = "t.id, t.kind, t.queue, t.tenant, t.task_key, t.demand, t.enqueued_us, r.aside, \
     r.due_us AS ready_due_us, r.attempts, x.attempt AS running_attempt, x.due_us AS running_due_us, d.died_us, \
     l.outcome, l.attempt AS last_attempt, l.ended_us, SUBSTR(l.error, 1, 400) AS error";
/// The bodies of what a window `w` shows, with `t.id = w.id` among the conditions: spelt so because SQLite would begin
/// with the bodies, all of them, if it were free to choose.
const BODIES: &str = "CROSS JOIN tasks t";
/// Everything that says where a task stands, in one statement, so that none is seen between two places.
pub(super) const STANDS: &str = "LEFT JOIN task_ready r ON r.task_id = t.id \
     LEFT JOIN task_running x ON x.task_id = t.id LEFT JOIN task_dead d ON d.task_id = t.id \
     LEFT JOIN task_runs l ON l.task_id = t.id \
     AND l.token = (SELECT MAX(m.token) FROM task_runs m WHERE m.task_id = t.id)";

impl Store {
    /// Tasks, newest first, 50 at a time unless asked otherwise. A page may be short, even empty, and have a next one:
    /// then that many tasks did not match, and the next page goes on behind them.
    ///
    /// # Errors
    /// `Invalid` for a cursor or limit that is not one; `Unavailable` when the database does not answer.
    pub async fn find_tasks(&self, filter: &TaskFilter, page: &PageRequest) -> Result<Page<TaskSummary>, Fault> {
        let size = page.size(50, 200)?;
        let mut below = page.cursor.as_ref().map(Cursor::key::<Uuid>).transpose()?;
        let now = self.clock().now();
        let mut items: Vec<TaskSummary> = Vec::new();
        for _ in 0..WINDOWS {
            let seen = self.look(filter, below, size + 1 - count(&items), now).await?;
            items.extend(seen.tasks);
            if count(&items) > size {
                return Ok(Page::cut(items, size, |task| task.id));
            }
            below = seen.goes_on_below;
            if below.is_none() {
                break;
            }
        }
        Ok(Page { items, next: below.map(|id| Cursor::of(&id)) })
    }

    /// How many tasks the filter matches, among the newest 100,000 that could; among the newest 20,000 of all when it
    /// names neither a state that has not ended nor a kind or key alone.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn count_tasks(&self, filter: &TaskFilter) -> Result<u64, Fault> {
        let search = Search::of(filter, None, self.clock().now());
        let counted = if search.rest.is_empty() {
            format!("SELECT COUNT(*) AS n FROM ({}) AS w", search.window(COUNTED))
        } else {
            let matching = search.rest.join(" AND ");
            let window = search.window(if search.table == "tasks" { COUNTED_OF_ALL } else { COUNTED });
            format!("SELECT COUNT(*) AS n FROM ({window}) AS w {BODIES} {STANDS} WHERE t.id = w.id AND {matching}")
        };
        let row = self.read(self.replica().query_one_raw(statement(self.backend(), counted, search.values))).await?;
        let count = row.map_or(Ok(0), |row| row.try_get::<i64>("", "n")).map_err(Fault::internal)?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Looks through one window for up to `want` tasks.
    async fn look(&self, filter: &TaskFilter, below: Option<Uuid>, want: u64, now: Time) -> Result<Seen, Fault> {
        let search = Search::of(filter, below, now);
        let window = if search.rest.is_empty() { want } else { WINDOW };
        let matching = if search.rest.is_empty() { "1 = 1".to_owned() } else { search.rest.join(" AND ") };
        let list = format!(
            "WITH w AS ({}) SELECT s.scanned, s.last_id, p.* FROM \
             (SELECT (SELECT COUNT(*) FROM w) AS scanned, (SELECT id FROM w ORDER BY id LIMIT 1) AS last_id) AS s \
             LEFT JOIN (SELECT {FACTS} FROM w {BODIES} {STANDS} WHERE t.id = w.id AND {matching} \
             ORDER BY w.id DESC LIMIT {want}) AS p ON 1 = 1 ORDER BY p.id DESC",
            search.window(window)
        );
        let rows = self.read(self.replica().query_all_raw(statement(self.backend(), list, search.values))).await?;
        Seen::of(&rows, window, now).map_err(Fault::internal)
    }
}

fn count(items: &[TaskSummary]) -> u64 {
    u64::try_from(items.len()).unwrap_or(u64::MAX)
}

/// What one window showed.
struct Seen {
    tasks: Vec<TaskSummary>,
    goes_on_below: Option<Uuid>,
}

impl Seen {
    fn of(rows: &[QueryResult], window: u64, now: Time) -> Result<Self, DbErr> {
        let mut seen = Self { tasks: Vec::with_capacity(rows.len()), goes_on_below: None };
        for row in rows {
            if u64::try_from(row.try_get::<i64>("", "scanned")?).is_ok_and(|scanned| scanned >= window) {
                seen.goes_on_below = row.try_get("", "last_id")?;
            }
            if row.try_get::<Option<Uuid>>("", "id")?.is_some() {
                seen.tasks.push(summary(row, now)?);
            }
        }
        Ok(seen)
    }
}

/// A filter as SQL: what an index answers bounds the window, the rest is looked at inside it.
struct Search {
    table: &'static str,
    id: &'static str,
    indexed: Vec<String>,
    rest: Vec<String>,
    values: Vec<Value>,
}

impl Search {
    fn of(filter: &TaskFilter, below: Option<Uuid>, now: Time) -> Self {
        let (table, id) = match filter.state {
            Some(TaskState::Ready | TaskState::Scheduled | TaskState::Waiting) => ("task_ready", "task_id"),
            Some(TaskState::Running) => ("task_running", "task_id"),
            Some(TaskState::Dead) => ("task_dead", "task_id"),
            _ => ("tasks", "id"),
        };
        let mut search = Self { table, id, indexed: Vec::new(), rest: Vec::new(), values: Vec::new() };
        if let Some(below) = below {
            let mark = search.value(below);
            search.indexed.push(format!("{id} < {mark}"));
        }
        search.narrow(filter);
        search.narrow_to_state(filter.state, now);
        search
    }

    fn value(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    fn narrow(&mut self, filter: &TaskFilter) {
        let bodies = self.table == "tasks";
        if let Some(key) = &filter.key {
            let mark = self.value(key.as_str());
            if bodies {
                // Said again as the partial index says it.
                self.indexed.push(format!("task_key = {mark} AND task_key <> ''"));
            } else {
                self.rest.push(format!("t.task_key = {mark}"));
            }
        }
        if let Some(kind) = &filter.kind {
            let mark = self.value(kind.as_str());
            if bodies && filter.key.is_none() {
                self.indexed.push(format!("kind = {mark}"));
            } else {
                self.rest.push(format!("t.kind = {mark}"));
            }
        }
        if let Some(queue) = &filter.queue {
            let mark = self.value(queue.as_str());
            self.rest.push(format!("t.queue = {mark}"));
        }
        if let Some(tenant) = filter.tenant {
            let mark = self.value(tenant.0);
            self.rest.push(format!("t.tenant = {mark}"));
        }
    }

    fn narrow_to_state(&mut self, state: Option<TaskState>, now: Time) {
        let now = micros(now);
        match state {
            // The table says it.
            None | Some(TaskState::Running | TaskState::Dead) => {}
            Some(TaskState::Waiting) => self.rest.push("r.aside <> 0".to_owned()),
            Some(TaskState::Ready) => self.rest.push(format!("r.aside = 0 AND r.due_us <= {now}")),
            Some(TaskState::Scheduled) => self.rest.push(format!("r.aside = 0 AND r.due_us > {now}")),
            Some(ended) => {
                let nowhere = "r.task_id IS NULL AND x.task_id IS NULL AND d.task_id IS NULL";
                self.rest.push(format!("{nowhere} AND l.outcome = '{}'", ended.name()));
            }
        }
    }

    fn window(&self, most: u64) -> String {
        let Self { table, id, .. } = self;
        let only =
            if self.indexed.is_empty() { String::new() } else { format!("WHERE {}", self.indexed.join(" AND ")) };
        format!("SELECT {id} AS id FROM {table} {only} ORDER BY {id} DESC LIMIT {most}")
    }
}

/// A row of [`FACTS`].
pub(super) fn summary(row: &QueryResult, now: Time) -> Result<TaskSummary, DbErr> {
    let demand: Demand = json(row, "demand")?;
    let key: String = row.try_get("", "task_key")?;
    let state = state(row, now)?;
    let ended = !matches!(state, TaskState::Ready | TaskState::Scheduled | TaskState::Waiting | TaskState::Running);
    let number = |column: &str| row.try_get::<Option<i32>>("", column);
    let moment = |column: &str| row.try_get::<Option<i64>>("", column).map(|us| us.map(instant));
    let attempts = number("attempts")?.or(number("running_attempt")?).or(number("last_attempt")?);
    let error: Option<String> = row.try_get("", "error")?;
    Ok(TaskSummary {
        id: row.try_get("", "id")?,
        kind: row.try_get("", "kind")?,
        queue: row.try_get("", "queue")?,
        key: (!key.is_empty()).then_some(key),
        priority: demand.priority,
        tenant: TenantId(row.try_get("", "tenant")?),
        state,
        attempts: attempts.unwrap_or(0),
        enqueued_at: instant_in(row, "enqueued_us")?,
        due_at: moment("ready_due_us")?.or(moment("running_due_us")?),
        ended_at: if ended { moment("ended_us")? } else { None },
        error: error.and_then(|error| error.lines().next().map(str::to_owned)).filter(|line| !line.is_empty()),
    })
}

fn state(row: &QueryResult, now: Time) -> Result<TaskState, DbErr> {
    if let Some(aside) = row.try_get::<Option<i16>>("", "aside")? {
        let due_us: i64 = row.try_get("", "ready_due_us")?;
        return Ok(match aside {
            0 if due_us <= micros(now) => TaskState::Ready,
            0 => TaskState::Scheduled,
            _ => TaskState::Waiting,
        });
    }
    if row.try_get::<Option<i32>>("", "running_attempt")?.is_some() {
        return Ok(TaskState::Running);
    }
    if row.try_get::<Option<i64>>("", "died_us")?.is_some() {
        return Ok(TaskState::Dead);
    }
    let outcome: Option<String> = row.try_get("", "outcome")?;
    Ok(outcome.and_then(|outcome| TaskState::parse(&outcome)).unwrap_or(TaskState::Done))
}
