//! Where a process's looks at one queue stand: up to which due times it has seen everything, and what a look may cost.
//!
//! A long transaction elsewhere keeps dead rows in front of the live ones, and a look from the beginning would walk over
//! all of them each time. So a look begins where the last one came to, or a little before, and looks from the beginning
//! are rationed by what they cost: what was committed late or comes back with its old due time is found by those.
//!
//! Several claims may be under way. Each begins from a copy and reports where it came to; what it skipped because another
//! one had locked it must not be passed over when that other one fails.

use super::look::Reach;
use kernel::{Claim, Time};
use sea_orm::DbBackend;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// How far before its last place a look begins: longer than commits usually take.
const MARGIN_US: i64 = 100_000;
/// While each claim brings all it asks for, a look begins right at its last place, except this often.
const MARGIN_EVERY: Duration = Duration::from_secs(1);
/// A look from the beginning may cost one part in so many of the time.
const RATION: u32 = 50;
/// A look that takes no longer than this is not rationed, nor are a few longer ones: only a long walk is.
const CHEAP: Duration = Duration::from_millis(2);
const PATIENCE: u32 = 3;
/// A look from the beginning is made this often, whatever it costs: on a busy machine everything takes long.
const LATEST: Duration = Duration::from_secs(4);
/// At the latest after this long a claim goes the whole way, which ends what has expired and looks for other tenants.
const WHOLE_WAY: Duration = Duration::from_millis(500);

/// After how long something may be done again that took so long.
pub(super) fn rationed(took: Duration) -> Instant {
    Instant::now() + (took * RATION).min(LATEST)
}

/// A process's looks at one queue.
pub(super) struct Looks {
    place: Mutex<Place>,
    /// Claims that go the whole way take turns.
    pub(super) turn: tokio::sync::Mutex<()>,
}

impl Looks {
    /// `thorough` looks all begin with the oldest task.
    pub(super) fn new(thorough: bool) -> Self {
        let place = Place { thorough, ..Place::default() };
        Self { place: Mutex::new(place), turn: tokio::sync::Mutex::default() }
    }

    pub(super) fn place(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A claim begins the short way, if the next one is to go it: on PostgreSQL, while no other tenant waits, and not
    /// always.
    pub(super) fn begin_short_way(&self, backend: DbBackend) -> Option<UnderWay<'_>> {
        let mut place = self.place();
        if !place.takes_short_way(backend) {
            return None;
        }
        let look = place.begin(backend, false);
        Some(UnderWay { looks: self, look, arrived: false })
    }

    /// A claim begins the whole way. Its turn has come.
    pub(super) fn begin_whole_way(&self, backend: DbBackend) -> UnderWay<'_> {
        let look = self.place().begin(backend, true);
        UnderWay { looks: self, look, arrived: false }
    }
}

/// A claim that has begun to look. Where it ends without arriving, by a fault or because nobody waits for it any more, what
/// it had locked may have been skipped by another one: then the next look begins with the oldest task.
pub(super) struct UnderWay<'a> {
    looks: &'a Looks,
    pub(super) look: Look,
    arrived: bool,
}

impl UnderWay<'_> {
    pub(super) fn arrive(mut self, came: Came) {
        self.arrived = true;
        self.looks.place().arrive(&self.look, came);
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if !self.arrived {
            self.looks.place().begin_again();
        }
    }
}

/// One look.
#[derive(Debug, Clone)]
pub(super) struct Look {
    /// Before which due times, one for each priority, it need not look.
    pub(super) starts_at: Reach,
    /// Whether it begins with the oldest task.
    pub(super) whole: bool,
    /// Where looks stood when it began.
    pub(super) stood: Reach,
    changes: u64,
}

/// What came of a look.
#[derive(Debug)]
pub(super) struct Came {
    /// Up to which due times everything that may start was taken.
    pub(super) reach: Reach,
    /// How long it took; none when it did not come to look.
    pub(super) took: Option<Duration>,
    /// Whether it brought all that was asked for, the short way.
    pub(super) floods: bool,
    /// What it learned, the whole way.
    pub(super) learned: Option<Learned>,
}

impl Came {
    /// It brought nothing and says nothing about where to go on.
    pub(super) fn nowhere(look: &Look, took: Option<Duration>) -> Self {
        Self { reach: look.stood, took, floods: false, learned: None }
    }
}

/// What only claims learn that go the whole way.
#[derive(Debug, Default, Clone)]
pub(super) struct Learned {
    pub(super) tenants: Vec<Uuid>,
    pub(super) tenants_again: Option<Instant>,
    pub(super) next_tenant: usize,
    /// Whether only so many of the queue's tasks may run at once.
    pub(super) limited: bool,
    pub(super) per_process: Option<u32>,
    /// Whether the last of them saw nothing.
    pub(super) idle: bool,
}

/// Where looks stand. Losing it costs a look from the beginning, nothing else.
#[derive(Debug, Default)]
pub(super) struct Place {
    floors_us: Reach,
    /// Where they stood when a look last began before its place.
    margin_floors_us: Reach,
    margin_again: Option<Instant>,
    whole_again: Option<Instant>,
    costly: u32,
    whole_way_again: Option<Instant>,
    /// Whether the last claim that went the short way brought all it asked for.
    floods: bool,
    /// How often looks were put back, or a claim went the whole way: who began before must not move them on.
    changes: u64,
    pub(super) learned: Learned,
    thorough: bool,
}

impl Place {
    fn takes_short_way(&mut self, backend: DbBackend) -> bool {
        // A rationed look from the beginning is not spent on the short way, which sees nothing expired, and nothing behind
        // the priority that fills it.
        let looks_whole = self.costly >= PATIENCE && !self.thorough && self.is_whole(backend);
        let whole_way = looks_whole || self.whole_way_again.is_none_or(|at| Instant::now() >= at);
        if whole_way {
            self.whole_way_again = Some(Instant::now() + WHOLE_WAY);
        }
        backend == DbBackend::Postgres && !whole_way && self.learned.tenants.len() < 2
    }

    /// Whether the next look is to begin with the oldest task. On SQLite nobody holds anything back.
    fn is_whole(&self, backend: DbBackend) -> bool {
        let again = self.whole_again.is_none_or(|at| Instant::now() >= at);
        backend == DbBackend::Sqlite || self.thorough || again
    }

    fn begin(&mut self, backend: DbBackend, whole_way: bool) -> Look {
        let whole = self.is_whole(backend);
        let margin = whole_way || !self.floods || self.margin_again.is_none_or(|at| Instant::now() >= at);
        let starts_at = match (whole, margin) {
            (true, _) => [0; 4],
            // What was committed since the last such look may be due before all that was seen meanwhile.
            (false, true) => self.margin_floors_us.map(|floor| floor - MARGIN_US),
            (false, false) => self.floors_us,
        };
        if whole {
            // One at a time: until it is known what it costs, others begin where they stand.
            self.whole_again = Some(Instant::now() + LATEST);
        }
        if whole || margin {
            self.margin_floors_us = self.floors_us;
            self.margin_again = Some(Instant::now() + MARGIN_EVERY);
        }
        Look { starts_at, whole, stood: self.floors_us, changes: self.changes }
    }

    /// Goes on where a claim came to. Another one may have come farther. Where one came less far than it began, because
    /// there was more before its place than it could take, everybody goes back there.
    fn arrive(&mut self, look: &Look, came: Came) {
        if look.whole {
            self.whole_again = None;
            came.took.into_iter().for_each(|took| self.looked(took));
        }
        self.floods = came.floods;
        let overtaken = self.changes != look.changes;
        let whole_way = came.learned.is_some();
        for (rank, reach) in came.reach.into_iter().enumerate() {
            let floor = &mut self.floors_us[rank];
            if whole_way && !overtaken {
                // It saw whom to leave where they are.
                *floor = reach;
            } else if whole_way || reach < look.stood[rank] {
                *floor = reach.min(*floor);
                self.changes += 1;
            } else if !overtaken {
                *floor = reach.max(*floor);
            }
            self.margin_floors_us[rank] = self.margin_floors_us[rank].min(*floor);
        }
        if let Some(learned) = came.learned {
            self.changes += 1;
            self.learned = learned;
        }
    }

    /// A look from the beginning took so long.
    fn looked(&mut self, took: Duration) {
        self.costly = if took > CHEAP { self.costly + 1 } else { 0 };
        self.whole_again = (self.costly >= PATIENCE).then(|| rationed(took));
    }

    fn begin_again(&mut self) {
        (self.floors_us, self.margin_floors_us, self.whole_again) = ([0; 4], [0; 4], None);
        self.changes += 1;
    }

    /// After which due times to look whether something is due, where the last look saw nothing, and whether that is from
    /// the beginning.
    pub(super) fn peeks(&self, backend: DbBackend) -> Option<(Reach, bool)> {
        let whole = self.is_whole(backend);
        let after = self.margin_floors_us.map(|floor| if whole { -1 } else { floor - MARGIN_US - 1 });
        self.learned.idle.then_some((after, whole))
    }

    /// What was seen there is due, or is nothing to be claimed yet. A claim that goes after what is due looks as the peek
    /// did, and is what counts.
    pub(super) fn peeked(&mut self, due: Option<Time>, now: Time, whole: bool, took: Duration) -> Option<Claim> {
        self.learned.idle = due.is_none_or(|due| due > now);
        if !self.learned.idle {
            return None;
        }
        if whole {
            self.looked(took);
        }
        Some(Claim { next_due: due, per_process: self.learned.per_process, ..Claim::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_000_000;
    const ELSEWHERE: DbBackend = DbBackend::Postgres;

    /// A place whose looks from the beginning are rationed.
    fn standing_at(floor: i64) -> Place {
        let again = Some(Instant::now() + LATEST);
        Place { floors_us: [floor; 4], margin_floors_us: [floor; 4], whole_again: again, ..Place::default() }
    }

    fn came(look: &Look, reach: i64) -> Came {
        Came { reach: [reach; 4], floods: true, ..Came::nowhere(look, None) }
    }

    fn came_the_whole_way(look: &Look, reach: i64) -> Came {
        Came { learned: Some(Learned::default()), ..came(look, reach) }
    }

    #[test]
    fn of_two_claims_the_farther_one_counts() {
        let mut place = standing_at(10);
        let (one, other) = (place.begin(ELSEWHERE, false), place.begin(ELSEWHERE, false));
        place.arrive(&other, came(&other, 30));
        place.arrive(&one, came(&one, 20));
        assert_eq!(place.floors_us, [30; 4]);
    }

    #[test]
    fn what_a_claim_left_that_went_the_whole_way_is_not_passed_over() {
        let mut place = standing_at(10);
        let (short, whole) = (place.begin(ELSEWHERE, false), place.begin(ELSEWHERE, true));
        place.arrive(&whole, came_the_whole_way(&whole, 15));
        place.arrive(&short, came(&short, 30));
        assert_eq!(place.floors_us, [15; 4]);
    }

    #[test]
    fn look_from_the_beginning_that_could_not_take_everything_puts_all_back() {
        let mut place = standing_at(50);
        place.whole_again = None;
        let whole = place.begin(ELSEWHERE, false);
        let other = place.begin(ELSEWHERE, false);
        assert_eq!((whole.whole, other.whole), (true, false), "one at a time");
        place.arrive(&whole, came(&whole, 20));
        place.arrive(&other, came(&other, 60));
        assert_eq!(place.floors_us, [20; 4]);
        let next = place.begin(ELSEWHERE, false);
        place.arrive(&next, came(&next, 70));
        assert_eq!(place.floors_us, [70; 4], "and from there they go on");
    }

    #[test]
    fn after_a_claim_that_failed_everybody_begins_with_the_oldest_task() {
        let looks = Looks::new(false);
        *looks.place() = standing_at(50);
        looks.place().whole_way_again = Some(Instant::now() + LATEST);
        let failing = looks.begin_short_way(ELSEWHERE).unwrap();
        let other = looks.begin_short_way(ELSEWHERE).unwrap();
        drop(failing);
        let arrived = came(&other.look, 80);
        other.arrive(arrived);
        assert_eq!(looks.place().floors_us, [0; 4]);
        assert!(looks.begin_short_way(ELSEWHERE).unwrap().look.whole);
    }

    #[test]
    fn flood_is_walked_from_where_it_was_left_and_what_was_passed_meanwhile_now_and_then() {
        let mut place = standing_at(NOW);
        let starts = |place: &mut Place| place.begin(ELSEWHERE, false).starts_at[0];
        assert_eq!(starts(&mut place), NOW - MARGIN_US);
        assert_eq!(starts(&mut place), NOW - MARGIN_US, "what is committed late is found at once");
        (place.floods, place.floors_us) = (true, [NOW + 500; 4]);
        assert_eq!(starts(&mut place), NOW + 500);
        place.margin_again = Some(Instant::now());
        assert_eq!(starts(&mut place), NOW - MARGIN_US, "before all that was passed since the last such look");
        assert_eq!(starts(&mut place), NOW + 500);
        place.floods = false;
        assert_eq!(starts(&mut place), NOW + 500 - MARGIN_US);
    }

    #[test]
    fn rationed_look_from_the_beginning_goes_the_whole_way() {
        let mut place = standing_at(NOW);
        place.whole_way_again = Some(Instant::now() + LATEST);
        place.costly = PATIENCE;
        assert!(place.takes_short_way(ELSEWHERE));
        place.whole_again = Some(Instant::now());
        assert!(!place.takes_short_way(ELSEWHERE));
        assert!(place.begin(ELSEWHERE, true).whole);
    }

    #[test]
    fn what_a_peek_finds_due_is_looked_for_as_the_peek_did() {
        let mut place = standing_at(NOW);
        (place.whole_again, place.costly, place.learned.idle) = (None, PATIENCE, true);
        let (_, whole) = place.peeks(ELSEWHERE).unwrap();
        let (now, long) = (Time::default(), CHEAP * 2);
        assert_eq!((whole, place.peeked(Some(now), now, whole, long)), (true, None));
        assert!(place.begin(ELSEWHERE, true).whole);
    }

    #[test]
    fn peeks_are_rationed_where_dead_rows_pile_up() {
        let mut place = Place::default();
        place.learned.idle = true;
        let (now, long) = (Time::default(), CHEAP * 2);
        let mut peeks = |backend| {
            let (after, whole) = place.peeks(backend).unwrap();
            assert!(place.peeked(None, now, whole, long).is_some());
            after[0]
        };
        let whole: Vec<i64> = (0..=PATIENCE).map(|_| peeks(ELSEWHERE)).collect();
        assert_eq!(whole, [-1, -1, -1, -MARGIN_US - 1]);
        assert_eq!(peeks(DbBackend::Sqlite), -1);
    }
}
