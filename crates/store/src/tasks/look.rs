//! Looking for what may start: short walks over the index, one for each priority. Where they begin, `place.rs` says.

use super::choose::{Candidate, LaneOf};
use super::claim::Wanted;
use super::micros;
use super::place::{Learned, Look, rationed};
use crate::sql::statement;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, QueryResult, Value};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// How many other tenants one claim looks after. The next claim goes on with the next ones.
const TENANTS: usize = 16;

/// For each priority, the due time up to which everything that may start was seen.
pub(super) type Reach = [i64; 4];

/// How far walks came, but not beyond the first of what was seen and left where it is.
pub(super) fn short_of(mut reach: Reach, left: impl Iterator<Item = (i16, i64)>) -> Reach {
    for (priority, due_us) in left {
        if let Some(floor) = usize::try_from(priority).ok().and_then(|rank| reach.get_mut(rank)) {
            *floor = due_us.min(*floor);
        }
    }
    reach
}

/// How far walks came of which all together end with row number `limit`: the first ones came to their ends, the last
/// one to its last row, and those behind it were not walked, so that looks stand where they `stood`.
pub(super) fn reach_together(stood: Reach, seen: &[(i16, i64)], limit: usize, now_us: i64) -> Reach {
    // By priority first: the greatest of all is the last one seen.
    let Some((last, due_us)) = seen.iter().max().filter(|_| seen.len() >= limit) else { return [now_us; 4] };
    let mut reach = stood;
    for (rank, floor) in (0_i16..).zip(&mut reach) {
        match rank.cmp(last) {
            Ordering::Less => *floor = now_us,
            Ordering::Equal => *floor = *due_us,
            Ordering::Greater => {}
        }
    }
    reach
}

/// How far walks came that end with row number `limit` each. Whether one of them ended so: there may be more behind it.
fn reach_each<'a>(seen: impl Iterator<Item = &'a Candidate>, limit: usize, now_us: i64) -> (Reach, bool) {
    let mut last = [(0_usize, 0_i64); 4];
    for candidate in seen {
        if let Some((count, due_us)) = usize::try_from(candidate.priority).ok().and_then(|rank| last.get_mut(rank)) {
            (*count, *due_us) = (*count + 1, candidate.due_us.max(*due_us));
        }
    }
    let reach = last.map(|(count, due_us)| if count >= limit { due_us } else { now_us });
    (reach, last.iter().any(|(count, _)| *count >= limit))
}

/// What a look at tasks that wait shows of each, which ones besides those that are due, and how it locks them.
pub(super) struct Walk {
    pub(super) columns: &'static str,
    pub(super) condition: &'static str,
    pub(super) lock: &'static str,
}

/// The look itself: four short walks, one for each priority. `$1` is the queue, `$2` now, `$3` the limit of each.
pub(super) fn walks(starts_at: Reach, walk: &Walk, values: &mut Vec<Value>) -> String {
    let Walk { columns, condition, lock } = walk;
    let mut parts = Vec::with_capacity(4);
    for (rank, from) in starts_at.into_iter().enumerate() {
        values.push(from.into());
        parts.push(format!(
            "SELECT * FROM (SELECT {columns} FROM task_ready WHERE queue = $1 AND aside = 0 AND priority = {rank} \
             AND due_us >= ${} AND due_us <= $2{condition} ORDER BY due_us, task_id LIMIT $3{lock}) AS p{rank}",
            values.len()
        ));
    }
    parts.join(" UNION ALL ")
}

/// A row of `task_ready` together with its body.
pub(super) struct Found {
    pub(super) candidate: Candidate,
    pub(super) in_order: i16,
    pub(super) lane_limit: i32,
    pub(super) key_held: i16,
    pub(super) attempts: i32,
    pub(super) token: i32,
    pub(super) body: QueryResult,
}

pub(super) const COLUMNS: &str = "r.task_id, r.tenant, r.priority, r.due_us, r.expires_us, r.lane, r.lane_limit, r.in_order, \
                       r.key_held, r.attempts, r.token, t.kind, t.version, t.payload, t.origin, t.task_key, t.enqueued_us";

/// Everything in sight.
pub(super) struct Sight {
    pub(super) found: HashMap<Uuid, Found>,
    pub(super) reach: Reach,
    /// Whether there may be more behind it.
    pub(super) full: bool,
    /// How long the walks took.
    pub(super) took: Duration,
}

/// Looks for what may start, so many places as there are.
pub(super) async fn look(
    tx: &DatabaseTransaction,
    wanted: &Wanted<'_>,
    places: usize,
    look: &Look,
    learned: &mut Learned,
) -> Result<Sight, DbErr> {
    let backend = tx.get_database_backend();
    let began = Instant::now();
    let now_us = micros(wanted.now);
    let limit = i64::try_from(places).unwrap_or(i64::MAX);
    let mut values: Vec<Value> = vec![wanted.queue.into(), now_us.into(), limit.into()];
    let lock = if backend == DbBackend::Sqlite { "" } else { " FOR UPDATE SKIP LOCKED" };
    let walks = walks(look.starts_at, &Walk { columns: "*", condition: "", lock }, &mut values);
    let sql = format!("SELECT {COLUMNS} FROM ({walks}) AS r JOIN tasks t ON t.id = r.task_id");
    let rows = tx.query_all_raw(statement(backend, sql, values)).await?;
    let took = began.elapsed();
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        let one = Found::of(row)?;
        found.insert(one.candidate.id, one);
    }
    let (reach, full) = reach_each(found.values().map(|one| &one.candidate), places, now_us);
    if full {
        others(tx, wanted, places, learned, &mut found).await?;
    } else {
        // There is enough for everybody.
        learned.tenants.clear();
    }
    Ok(Sight { found, reach, full, took })
}

/// There is more than can be taken. So that one tenant's flood does not keep the others waiting behind it, some tasks of
/// each are brought in sight.
async fn others(
    tx: &DatabaseTransaction,
    wanted: &Wanted<'_>,
    places: usize,
    learned: &mut Learned,
    found: &mut HashMap<Uuid, Found>,
) -> Result<(), DbErr> {
    let backend = tx.get_database_backend();
    if learned.tenants_again.is_none_or(|at| Instant::now() >= at) {
        let began = Instant::now();
        learned.tenants = tenants(tx, wanted.queue).await?;
        learned.tenants_again = Some(rationed(began.elapsed()));
    }
    if learned.tenants.len() < 2 {
        return Ok(());
    }
    let turns = learned.tenants.len().min(TENANTS);
    let share = i64::try_from(places.div_ceil(turns)).unwrap_or(i64::MAX);
    let skip = if backend == DbBackend::Sqlite { "" } else { " FOR UPDATE SKIP LOCKED" };
    for _ in 0..turns {
        let tenant = learned.tenants[learned.next_tenant % learned.tenants.len()];
        learned.next_tenant = (learned.next_tenant + 1) % learned.tenants.len();
        let sql = format!(
            "SELECT {COLUMNS} FROM (SELECT * FROM task_ready WHERE queue = $1 AND aside = 0 AND tenant = $2 \
             AND due_us <= $3 ORDER BY priority, due_us LIMIT $4{skip}) AS r JOIN tasks t ON t.id = r.task_id"
        );
        let values = [wanted.queue.into(), tenant.into(), micros(wanted.now).into(), share.into()];
        for row in tx.query_all_raw(statement(backend, sql, values)).await? {
            let one = Found::of(row)?;
            found.entry(one.candidate.id).or_insert(one);
        }
    }
    Ok(())
}

/// The tenants with tasks that are not aside: one step through the index for each of them.
async fn tenants(tx: &DatabaseTransaction, queue: &str) -> Result<Vec<Uuid>, DbErr> {
    let sql = "WITH RECURSIVE t(tenant) AS (\
               SELECT (SELECT tenant FROM task_ready WHERE queue = $1 AND aside = 0 ORDER BY tenant LIMIT 1) \
               UNION ALL \
               SELECT (SELECT r.tenant FROM task_ready r WHERE r.queue = $1 AND r.aside = 0 AND r.tenant > t.tenant \
               ORDER BY r.tenant LIMIT 1) FROM t WHERE t.tenant IS NOT NULL\
               ) SELECT tenant FROM t WHERE tenant IS NOT NULL LIMIT 1000";
    let rows = tx.query_all_raw(statement(tx.get_database_backend(), sql, [queue.into()])).await?;
    rows.iter().map(|row| row.try_get("", "tenant")).collect()
}

impl Found {
    pub(super) fn of(row: QueryResult) -> Result<Self, DbErr> {
        let lane: String = row.try_get("", "lane")?;
        let (lane_limit, in_order): (i32, i16) = (row.try_get("", "lane_limit")?, row.try_get("", "in_order")?);
        let at_most = usize::try_from(lane_limit).unwrap_or(0);
        let candidate = Candidate {
            id: row.try_get("", "task_id")?,
            tenant: row.try_get("", "tenant")?,
            priority: row.try_get("", "priority")?,
            due_us: row.try_get("", "due_us")?,
            expires_us: row.try_get("", "expires_us")?,
            lane: (!lane.is_empty()).then_some(LaneOf { key: lane, at_most, in_order: in_order != 0 }),
        };
        Ok(Self {
            candidate,
            in_order,
            lane_limit,
            key_held: row.try_get("", "key_held")?,
            attempts: row.try_get("", "attempts")?,
            token: row.try_get("", "token")?,
            body: row,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_000_000;

    fn seen(priority: i16, due_us: i64) -> Candidate {
        let nobody = Uuid::nil();
        Candidate { id: nobody, tenant: nobody, priority, due_us, expires_us: i64::MAX, lane: None }
    }

    #[test]
    fn priorities_that_were_not_walked_keep_their_place() {
        let cut = [(0, 70), (1, 80), (1, 90)];
        let reach = |seen: &[(i16, i64)], limit| reach_together([10, 20, 30, 40], seen, limit, NOW);
        assert_eq!(reach(&cut, 3), [NOW, 90, 30, 40]);
        assert_eq!(reach(&cut, 4), [NOW; 4]);
        assert_eq!(reach(&[], 4), [NOW; 4]);
    }

    #[test]
    fn what_is_left_where_it_is_is_seen_again() {
        let walked = [seen(1, 50), seen(1, 60), seen(2, 70)];
        let (reach, full) = reach_each(walked.iter(), 2, NOW);
        assert_eq!((reach, full), ([NOW, 60, NOW, NOW], true));
        assert_eq!(short_of(reach, [(1, 60), (2, 70)].into_iter()), [NOW, 60, 70, NOW]);
        assert_eq!(short_of(reach, [(1, 50)].into_iter()), [NOW, 50, NOW, NOW]);
    }
}
