//! Another life for dead letters: from the first attempt on, under tokens that go on rising.

use super::keys::{KEYS, owners, until};
use super::rows::{Rows, among, json};
use super::settle::{RUNS, never_run};
use super::waiting::{KeyHeld, READY, Waiting};
use super::{Demand, FOREVER_US, for_update, micros};
use crate::ChangeError;
use crate::sql::statement;
use kernel::{TaskFilter, TaskState, Time};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, QueryResult, Value};
use std::collections::{BTreeMap, HashSet};
use tokio::time::Instant;
use uuid::Uuid;

/// Dead letters given another life in one go.
const BATCH: usize = 1_000;
/// Dead letters given another life in one commit.
const MOST: u64 = 100_000;

/// What became of some dead letters.
pub(super) struct Redriven {
    /// Those that live again, each with the token of its order.
    pub(super) again: Vec<(Uuid, i32)>,
    /// How many could not, because their unique key is taken.
    pub(super) refused: usize,
}

/// A dead letter under lock.
struct Letter {
    id: Uuid,
    kind: String,
    queue: String,
    tenant: Uuid,
    key: String,
    demand: Demand,
    attempts: i32,
    token: i32,
}

/// Gives every dead letter the filter matches another life, until there are too many or it takes too long. How many.
pub(super) async fn redrive_all(
    tx: &DatabaseTransaction,
    filter: &TaskFilter,
    now: Time,
    until: Instant,
) -> Result<u64, ChangeError> {
    if filter.state.is_some_and(|state| state != TaskState::Dead) {
        return Ok(0);
    }
    let mut redriven = 0_u64;
    let mut above = Uuid::nil();
    while redriven < MOST && Instant::now() < until {
        let next = matching(tx, filter, above).await?;
        let Some(last) = next.last() else { break };
        above = *last;
        let done = redrive(tx, &next, now).await?;
        redriven += u64::try_from(done.again.len()).unwrap_or(0);
        if next.len() < BATCH {
            break;
        }
    }
    Ok(redriven)
}

/// The next dead letters that match, the oldest task first.
async fn matching(tx: &DatabaseTransaction, filter: &TaskFilter, above: Uuid) -> Result<Vec<Uuid>, DbErr> {
    let mut values: Vec<Value> = vec![above.into()];
    let mut conditions = String::from("d.task_id > $1");
    let tenant = filter.tenant.map(|tenant| Value::from(tenant.0));
    let text = |text: &Option<String>| text.as_deref().map(Value::from);
    let wanted = [
        ("d.queue", text(&filter.queue)),
        ("d.kind", text(&filter.kind)),
        ("d.tenant", tenant),
        ("t.task_key", text(&filter.key)),
    ];
    for (column, value) in wanted {
        let Some(value) = value else { continue };
        values.push(value);
        conditions.push_str(&format!(" AND {column} = ${}", values.len()));
    }
    let join = if filter.key.is_some() { "JOIN tasks t ON t.id = d.task_id" } else { "" };
    let find = format!("SELECT d.task_id FROM task_dead d {join} WHERE {conditions} ORDER BY d.task_id LIMIT {BATCH}");
    let rows = tx.query_all_raw(statement(tx.get_database_backend(), find, values)).await?;
    rows.iter().map(|row| row.try_get("", "task_id")).collect()
}

/// Gives those of these tasks that are dead letters another life. Of two who try, the second one finds none.
pub(super) async fn redrive(tx: &DatabaseTransaction, tasks: &[Uuid], now: Time) -> Result<Redriven, ChangeError> {
    let mut letters = lock(tx, tasks).await?;
    let found = letters.len();
    let taken = keys_taken_by_others(tx, &letters, now).await?;
    letters.retain(|letter| !taken.contains(&letter.id));
    let refused = found - letters.len();
    let ids: Vec<Uuid> = letters.iter().map(|letter| letter.id).collect();
    let mut values = Vec::new();
    let among = among(tx.get_database_backend(), "task_id", &ids, &mut values);
    let delete = format!("DELETE FROM task_dead WHERE {among}");
    tx.execute_raw(statement(tx.get_database_backend(), delete, values)).await?;
    let (mut runs, mut ready) = (Rows::into_table("task_runs", RUNS), Rows::into_table("task_ready", READY));
    let mut again = Vec::with_capacity(letters.len());
    for letter in &letters {
        let token = letter.token + 1;
        runs.push(never_run(letter.id, token, letter.attempts, "redriven", now));
        ready.push(letter.waiting(token, now));
        again.push((letter.id, token));
    }
    runs.insert(tx).await?;
    ready.insert(tx).await?;
    Ok(Redriven { again, refused })
}

/// Those of the tasks that are dead letters and stay so until the transaction ends.
async fn lock(tx: &DatabaseTransaction, tasks: &[Uuid]) -> Result<Vec<Letter>, DbErr> {
    let backend = tx.get_database_backend();
    let mut values = Vec::new();
    let chosen = among(backend, "task_id", tasks, &mut values);
    let find = format!("SELECT task_id FROM task_dead WHERE {chosen} ORDER BY task_id{}", for_update(backend));
    let rows = tx.query_all_raw(statement(backend, find, values)).await?;
    let locked: Vec<Uuid> = rows.iter().map(|row| row.try_get("", "task_id")).collect::<Result<_, _>>()?;
    // Only now is it certain which run was the last one.
    let mut values = Vec::new();
    let chosen = among(backend, "t.id", &locked, &mut values);
    let read = format!(
        "SELECT t.id, t.kind, t.queue, t.tenant, t.task_key, t.demand, l.token, l.attempt FROM tasks t \
         JOIN task_runs l ON l.task_id = t.id AND l.token = (SELECT MAX(m.token) FROM task_runs m WHERE m.task_id = t.id) \
         WHERE {chosen}"
    );
    let rows = tx.query_all_raw(statement(backend, read, values)).await?;
    rows.iter().map(Letter::of).collect()
}

impl Letter {
    fn of(row: &QueryResult) -> Result<Self, DbErr> {
        Ok(Self {
            id: row.try_get("", "id")?,
            kind: row.try_get("", "kind")?,
            queue: row.try_get("", "queue")?,
            tenant: row.try_get("", "tenant")?,
            key: row.try_get("", "task_key")?,
            demand: json(row, "demand")?,
            attempts: row.try_get("", "attempt")?,
            token: row.try_get("", "token")?,
        })
    }

    /// Its row among those that wait. It does not expire: somebody wants it done.
    fn waiting(&self, token: i32, now: Time) -> Vec<Value> {
        let waiting = Waiting {
            task: self.id,
            queue: &self.queue,
            priority: self.demand.priority.rank(),
            due_us: micros(now),
            tenant: self.tenant,
            lane: self.demand.lane.as_ref(),
            expires_us: FOREVER_US,
            key: KeyHeld::of(self.demand.unique.as_ref()),
            attempts: 0,
            token,
        };
        waiting.into_row()
    }
}

/// Takes the unique keys the letters need again. Those whose key somebody else has.
async fn keys_taken_by_others(tx: &DatabaseTransaction, letters: &[Letter], now: Time) -> Result<HashSet<Uuid>, DbErr> {
    // In the order in which everybody takes keys, so that two who need the same ones wait instead of standing still.
    let mut needed: BTreeMap<(&str, &str), Vec<&Letter>> = BTreeMap::new();
    for letter in letters.iter().filter(|letter| letter.demand.unique.is_some()) {
        needed.entry((&letter.kind, &letter.key)).or_default().push(letter);
    }
    let mut rows = Rows::into_table("task_keys", KEYS);
    for ((kind, key), wanting) in &needed {
        let Some((first, unique)) = wanting.first().and_then(|letter| Some((letter, letter.demand.unique.as_ref()?)))
        else {
            continue;
        };
        rows.push(vec![(*kind).into(), (*key).into(), first.id.into(), until(unique, now).into()]);
    }
    rows.insert_what_is_free(tx).await?;
    let mut taken = HashSet::new();
    let owners = owners(tx, needed.keys().copied()).await?;
    for ((kind, key), wanting) in &needed {
        let owner = owners.get(&((*kind).to_owned(), (*key).to_owned()));
        for letter in wanting {
            let Some(unique) = &letter.demand.unique else { continue };
            let mine = match owner {
                Some((owner, _)) if *owner == letter.id => true,
                // A key whose time is over stays until somebody needs it or cleans up.
                Some((_, until_us)) if *until_us <= micros(now) => {
                    let take = "UPDATE task_keys SET task_id = $3, until_us = $4 \
                                WHERE kind = $1 AND task_key = $2 AND until_us <= $5";
                    let values: [Value; 5] = [
                        (*kind).into(),
                        (*key).into(),
                        letter.id.into(),
                        until(unique, now).into(),
                        micros(now).into(),
                    ];
                    tx.execute_raw(statement(tx.get_database_backend(), take, values)).await?.rows_affected() > 0
                }
                _ => false,
            };
            if !mine {
                taken.insert(letter.id);
            }
        }
    }
    Ok(taken)
}
