//! Looking for what may start: short walks over the index, one for each priority.
//!
//! A long transaction elsewhere keeps dead rows in front of the live ones, and a look from the beginning would walk over
//! all of them each time. So a look begins a little before the place the last one came to, and looks from the beginning
//! are rationed by what they cost: what was committed late or comes back with its old due time is found by those.

use super::choose::{Candidate, LaneOf};
use super::claim::Wanted;
use super::micros;
use crate::sql::statement;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, QueryResult, Value};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// How far before its last place a look begins: longer than commits usually take.
const MARGIN_US: i64 = 100_000;
/// While each claim brings all it asks for, a look begins right at its last place, except this often.
const MARGIN_EVERY: Duration = Duration::from_millis(200);
/// A look from the beginning may cost one part in so many of the time.
const RATION: u32 = 50;
/// A look that takes no longer than this is not rationed, nor are a few longer ones: only a long walk is.
const CHEAP: Duration = Duration::from_millis(2);
const PATIENCE: u32 = 3;
/// Whatever it costs, a look from the beginning is made this often: on a busy machine everything takes long.
const LATEST: Duration = Duration::from_secs(4);
/// How many other tenants one claim looks after. The next claim goes on with the next ones.
const TENANTS: usize = 16;

/// At the latest after this long a claim goes the whole way, which ends what has expired and looks for other tenants.
const WHOLE_WAY: Duration = Duration::from_millis(500);

/// For each priority, the due time up to which everything that may start was seen.
pub(super) type Reach = [i64; 4];

/// Where this process's looks at one queue stand. Losing it costs a look from the beginning, nothing else.
#[derive(Debug, Default, Clone)]
pub(super) struct Place {
    pub(super) floors_us: [i64; 4],
    pub(super) whole_again: Option<Instant>,
    pub(super) costly: u32,
    pub(super) tenants_again: Option<Instant>,
    pub(super) whole_way_again: Option<Instant>,
    /// How far before the floors the next look begins.
    pub(super) margin_us: i64,
    pub(super) margin_again: Option<Instant>,
    /// Whether the last claim that went the short way brought all it asked for.
    pub(super) floods: bool,
    /// How many claims went the whole way.
    pub(super) whole_ways: u64,
    pub(super) tenants: Vec<Uuid>,
    pub(super) next_tenant: usize,
    /// Whether only so many of the queue's tasks may run at once.
    pub(super) limited: bool,
    /// Whether the last claim that went the whole way saw nothing.
    pub(super) idle: bool,
    /// Whether looks from the beginning are not rationed.
    pub(super) thorough: bool,
}

impl Place {
    /// Chooses the way of the next claim. The short one is for PostgreSQL, while no other tenant waits; not always, for the
    /// whole way ends what has expired and looks for other tenants.
    pub(super) fn takes_short_way(&mut self, backend: DbBackend) -> bool {
        let whole_way = self.whole_way_again.is_none_or(|at| Instant::now() >= at);
        if whole_way {
            self.whole_way_again = Some(Instant::now() + WHOLE_WAY);
        }
        let margin = whole_way || !self.floods || self.margin_again.is_none_or(|at| Instant::now() >= at);
        self.margin_us = if margin { MARGIN_US } else { 0 };
        if margin {
            self.margin_again = Some(Instant::now() + MARGIN_EVERY);
        }
        backend == DbBackend::Postgres && !whole_way && self.tenants.len() < 2
    }

    /// A look from the beginning took so long.
    pub(super) fn looked(&mut self, took: Duration) {
        self.costly = if took > CHEAP { self.costly + 1 } else { 0 };
        self.whole_again = (self.costly >= PATIENCE).then(|| Instant::now() + (took * RATION).min(LATEST));
    }

    /// Whether the next look may begin at the beginning.
    pub(super) fn may_look_whole(&self) -> bool {
        self.thorough || self.whole_again.is_none_or(|at| Instant::now() >= at)
    }

    /// The next look begins where this one reached, or at the first of what it saw and left where it is.
    pub(super) fn move_to(&mut self, reach: Reach, left: impl Iterator<Item = (i16, i64)>) {
        self.floors_us = reach;
        for (priority, due_us) in left {
            if let Some(floor) = usize::try_from(priority).ok().and_then(|rank| self.floors_us.get_mut(rank)) {
                *floor = due_us.min(*floor);
            }
        }
    }

    /// Goes on where a claim came to that went the short way. Others may have gone it at the same time, and farther. One that
    /// went the whole way meanwhile knows better: it saw whom to leave where they are.
    pub(super) fn go_on_from(&mut self, moved: &Self) {
        if self.whole_ways != moved.whole_ways {
            return;
        }
        for (floor, moved) in self.floors_us.iter_mut().zip(moved.floors_us) {
            *floor = moved.max(*floor);
        }
        (self.costly, self.whole_again) = (moved.costly, moved.whole_again);
        (self.floods, self.limited) = (moved.floods, moved.limited);
    }

    /// Before which due times, one for each priority, the next look need not look.
    pub(super) fn begins_at(&self, whole: bool) -> Reach {
        self.floors_us.map(|floor| if whole { 0 } else { floor - self.margin_us })
    }

    /// The next look begins with the oldest task.
    pub(super) fn begin_again(&mut self) {
        (self.floors_us, self.whole_again) = ([0; 4], None);
    }

    /// How far walks came of which all together end with row number `limit`: the first ones came to their ends, the last
    /// one to its last row, and those behind it were not walked.
    pub(super) fn reach_together(&self, seen: &[(i16, i64)], limit: usize, now_us: i64) -> Reach {
        // By priority first: the greatest of all is the last one seen.
        let Some((last, due_us)) = seen.iter().max().filter(|_| seen.len() >= limit) else { return [now_us; 4] };
        let mut reach = self.floors_us;
        for (rank, floor) in (0_i16..).zip(&mut reach) {
            match rank.cmp(last) {
                Ordering::Less => *floor = now_us,
                Ordering::Equal => *floor = *due_us,
                Ordering::Greater => {}
            }
        }
        reach
    }
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
pub(super) fn walks(place: &Place, whole: bool, walk: &Walk, values: &mut Vec<Value>) -> String {
    let Walk { columns, condition, lock } = walk;
    let mut parts = Vec::with_capacity(4);
    for (rank, from) in place.begins_at(whole).into_iter().enumerate() {
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
}

/// Looks for what may start, so many places as there are.
pub(super) async fn look(
    tx: &DatabaseTransaction,
    wanted: &Wanted<'_>,
    places: usize,
    place: &mut Place,
) -> Result<Sight, DbErr> {
    let backend = tx.get_database_backend();
    let whole = backend == DbBackend::Sqlite || place.may_look_whole();
    let began = Instant::now();
    let now_us = micros(wanted.now);
    let limit = i64::try_from(places).unwrap_or(i64::MAX);
    let mut values: Vec<Value> = vec![wanted.queue.into(), now_us.into(), limit.into()];
    let lock = if backend == DbBackend::Sqlite { "" } else { " FOR UPDATE SKIP LOCKED" };
    let walks = walks(place, whole, &Walk { columns: "*", condition: "", lock }, &mut values);
    let sql = format!("SELECT {COLUMNS} FROM ({walks}) AS r JOIN tasks t ON t.id = r.task_id");
    let rows = tx.query_all_raw(statement(backend, sql, values)).await?;
    if whole {
        place.looked(began.elapsed());
    }
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        let one = Found::of(row)?;
        found.insert(one.candidate.id, one);
    }
    let (reach, full) = reach_each(found.values().map(|one| &one.candidate), places, now_us);
    if full {
        others(tx, wanted, places, place, &mut found).await?;
    } else {
        // There is enough for everybody.
        place.tenants.clear();
    }
    Ok(Sight { found, reach, full })
}

/// There is more than can be taken. So that one tenant's flood does not keep the others waiting behind it, some tasks of
/// each are brought in sight.
async fn others(
    tx: &DatabaseTransaction,
    wanted: &Wanted<'_>,
    places: usize,
    place: &mut Place,
    found: &mut HashMap<Uuid, Found>,
) -> Result<(), DbErr> {
    let backend = tx.get_database_backend();
    if place.tenants_again.is_none_or(|at| Instant::now() >= at) {
        let began = Instant::now();
        place.tenants = tenants(tx, wanted.queue).await?;
        place.tenants_again = Some(Instant::now() + (began.elapsed() * RATION).min(LATEST));
    }
    if place.tenants.len() < 2 {
        return Ok(());
    }
    let turns = place.tenants.len().min(TENANTS);
    let share = i64::try_from(places.div_ceil(turns)).unwrap_or(i64::MAX);
    let skip = if backend == DbBackend::Sqlite { "" } else { " FOR UPDATE SKIP LOCKED" };
    for _ in 0..turns {
        let tenant = place.tenants[place.next_tenant % place.tenants.len()];
        place.next_tenant = (place.next_tenant + 1) % place.tenants.len();
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
        let place = Place { floors_us: [10, 20, 30, 40], ..Place::default() };
        let cut = [(0, 70), (1, 80), (1, 90)];
        assert_eq!(place.reach_together(&cut, 3, NOW), [NOW, 90, 30, 40]);
        assert_eq!(place.reach_together(&cut, 4, NOW), [NOW; 4]);
        assert_eq!(place.reach_together(&[], 4, NOW), [NOW; 4]);
    }

    #[test]
    fn what_is_left_where_it_is_is_seen_again() {
        let walked = [seen(1, 50), seen(1, 60), seen(2, 70)];
        let (reach, full) = reach_each(walked.iter(), 2, NOW);
        assert_eq!((reach, full), ([NOW, 60, NOW, NOW], true));
        let mut place = Place::default();
        place.move_to(reach, [(1, 60), (2, 70)].into_iter());
        assert_eq!(place.floors_us, [NOW, 60, 70, NOW]);
        place.move_to(reach, [(1, 50)].into_iter());
        assert_eq!(place.floors_us, [NOW, 50, NOW, NOW]);
    }
}
