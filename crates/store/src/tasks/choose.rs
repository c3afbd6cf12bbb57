//! Which of the tasks in sight a claim takes: pure, so that fairness, lanes and limits can be tested without a database.

use std::collections::{BTreeMap, HashMap, HashSet};
use uuid::Uuid;

/// A task in sight: due, and not aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) id: Uuid,
    pub(super) tenant: Uuid,
    pub(super) priority: i16,
    pub(super) due_us: i64,
    pub(super) expires_us: i64,
    pub(super) lane: Option<LaneOf>,
}

/// The lane a task is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LaneOf {
    pub(super) key: String,
    pub(super) at_most: usize,
    pub(super) in_order: bool,
}

/// A task of a lane that is not aside, due or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Active {
    pub(super) id: Uuid,
    pub(super) due_us: i64,
}

/// What is known of a lane.
#[derive(Debug, Clone, Default)]
pub(super) struct LaneState {
    /// How many of its tasks are running.
    pub(super) running: usize,
    /// Those that wait and are not aside, in the order they were enqueued in.
    pub(super) active: Vec<Active>,
}

/// What a claim does.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Choice {
    /// Taken, the first to go first.
    pub(super) taken: Vec<Uuid>,
    /// Too late: they end instead of starting.
    pub(super) expired: Vec<Uuid>,
    /// To wait until another task of their lane ends.
    pub(super) aside: Vec<Uuid>,
}

/// Chooses up to `want` of the candidates.
///
/// Urgent ones of whatever tenant go first. Within a priority tenants take turns, and each tenant's own go by due time.
pub(super) fn choose(
    candidates: Vec<Candidate>,
    lanes: &HashMap<String, LaneState>,
    want: usize,
    now_us: i64,
) -> Choice {
    let mut choice = Choice::default();
    let mut places: HashMap<String, Places> = HashMap::new();
    for (key, state) in lanes {
        let lane = candidates.iter().filter_map(|candidate| candidate.lane.as_ref()).find(|lane| lane.key == *key);
        if let Some(lane) = lane {
            places.insert(key.clone(), Places::of(lane, state, now_us));
        }
    }
    for candidate in in_turns(candidates) {
        if candidate.expires_us <= now_us {
            choice.expired.push(candidate.id);
            continue;
        }
        let place = candidate.lane.as_ref().and_then(|lane| places.get_mut(&lane.key));
        match place {
            Some(place) if !place.may_start(candidate.id) => choice.aside.push(candidate.id),
            _ if choice.taken.len() == want => {}
            Some(place) => {
                place.start();
                choice.taken.push(candidate.id);
            }
            None => choice.taken.push(candidate.id),
        }
    }
    for place in places.values() {
        // What nobody saw because it was beyond the window waits as well, so that the next claim sees something else.
        choice.aside.extend(place.behind(&choice.taken));
    }
    let mut once = HashSet::new();
    choice.aside.retain(|id| once.insert(*id));
    choice
}

/// What a lane has room for.
struct Places {
    free: usize,
    head: Option<Active>,
    in_order: bool,
    active: Vec<Active>,
    now_us: i64,
}

impl Places {
    fn of(lane: &LaneOf, state: &LaneState, now_us: i64) -> Self {
        Self {
            free: lane.at_most.saturating_sub(state.running),
            head: state.active.first().copied(),
            in_order: lane.in_order,
            active: state.active.clone(),
            now_us,
        }
    }

    fn may_start(&self, id: Uuid) -> bool {
        // In order, only the first may start, and while it waits for its next attempt nobody may.
        self.free > 0 && (!self.in_order || self.head.is_some_and(|head| head.id == id))
    }

    fn start(&mut self) {
        self.free -= 1;
    }

    /// Those to set aside: there is no room for them, and somebody before them is sure to end and call them.
    fn behind(&self, taken: &[Uuid]) -> Vec<Uuid> {
        let rest = self.active.iter().filter(|active| !taken.contains(&active.id));
        if self.in_order {
            return rest.filter(|active| self.head.is_none_or(|head| head.id != active.id)).map(|a| a.id).collect();
        }
        if self.free > 0 {
            return Vec::new();
        }
        rest.filter(|active| active.due_us <= self.now_us).map(|active| active.id).collect()
    }
}

/// By priority; within a priority tenants in turns; within a tenant by due time.
fn in_turns(mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    candidates.sort_by_key(|candidate| (candidate.priority, candidate.due_us, candidate.id));
    let mut seen = HashSet::new();
    candidates.retain(|candidate| seen.insert(candidate.id));
    let mut turns: BTreeMap<(i16, Uuid), usize> = BTreeMap::new();
    let mut placed: Vec<(usize, Candidate)> = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        let turn = turns.entry((candidate.priority, candidate.tenant)).or_default();
        placed.push((*turn, candidate));
        *turn += 1;
    }
    placed.sort_by_key(|(turn, candidate)| (candidate.priority, *turn, candidate.due_us, candidate.id));
    placed.into_iter().map(|(_, candidate)| candidate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: i64 = 1_000;
    const NEVER: i64 = i64::MAX;

    fn plain(id: u128, tenant: u128, priority: i16) -> Candidate {
        let (id, tenant) = (Uuid::from_u128(id), Uuid::from_u128(tenant));
        Candidate { id, tenant, priority, due_us: 0, expires_us: NEVER, lane: None }
    }

    fn laned(id: u128, key: &str, at_most: usize, in_order: bool) -> Candidate {
        Candidate { lane: Some(LaneOf { key: key.to_owned(), at_most, in_order }), ..plain(id, 0, 2) }
    }

    fn ids(numbers: &[u128]) -> Vec<Uuid> {
        numbers.iter().map(|number| Uuid::from_u128(*number)).collect()
    }

    /// The only lane, with so many running, and these waiting.
    fn lane(key: &str, running: usize, waiting: &[(u128, i64)]) -> HashMap<String, LaneState> {
        let active = waiting.iter().map(|(id, due_us)| Active { id: Uuid::from_u128(*id), due_us: *due_us }).collect();
        HashMap::from([(key.to_owned(), LaneState { running, active })])
    }

    #[test]
    fn flood_of_one_tenant_leaves_others_their_turns() {
        let flood = (0..100).map(|n| plain(n, 1, 2));
        let late = (100..102).map(|n| Candidate { due_us: 500, ..plain(n, 2, 2) });
        let choice = choose(flood.chain(late).collect(), &HashMap::new(), 4, NOW);
        assert_eq!(choice.taken, ids(&[0, 100, 1, 101]));
    }

    #[test]
    fn urgent_task_goes_before_the_turns_of_others() {
        let tasks = vec![plain(1, 1, 2), plain(2, 2, 2), plain(3, 1, 0), plain(4, 1, 0)];
        assert_eq!(choose(tasks, &HashMap::new(), 3, NOW).taken, ids(&[3, 4, 1]));
    }

    #[test]
    fn nobody_overtakes_the_first_of_an_ordered_lane_that_is_not_due_yet() {
        let tasks = vec![laned(2, "l", 1, true), laned(3, "l", 1, true)];
        let choice = choose(tasks, &lane("l", 0, &[(1, NOW + 1), (2, 0), (3, 0)]), 10, NOW);
        assert_eq!((choice.taken, choice.aside), (vec![], ids(&[2, 3])));
    }

    #[test]
    fn lane_fills_up_and_sets_the_rest_aside_also_beyond_the_window() {
        let tasks = vec![laned(1, "l", 2, false), laned(2, "l", 2, false)];
        let choice = choose(tasks, &lane("l", 1, &[(1, 0), (2, 0), (3, 0), (4, NOW + 1)]), 10, NOW);
        assert_eq!((choice.taken, choice.aside), (ids(&[1]), ids(&[2, 3])));
    }

    #[test]
    fn full_hands_set_nobody_aside() {
        let tasks = vec![plain(1, 0, 0), laned(2, "l", 2, false)];
        let choice = choose(tasks, &lane("l", 0, &[(2, 0)]), 1, NOW);
        assert_eq!((choice.taken, choice.aside), (ids(&[1]), vec![]));
    }

    /// A claim's view: tasks, how many of each lane run, and which of the tasks are beyond the window.
    #[derive(Debug, Clone)]
    struct View {
        seen: Vec<Candidate>,
        lanes: HashMap<String, LaneState>,
    }

    const KEYS: [(&str, usize, bool); 3] = [("ordered", 1, true), ("single", 1, false), ("triple", 3, false)];

    /// One task: tenant, priority, due, expiry, lane, and whether the look found it.
    fn task() -> impl Strategy<Value = (u128, i16, i64, i64, usize, bool)> {
        let expires = prop_oneof![4 => Just(NEVER), 1 => NOW - 1..NOW + 2];
        (0..4_u128, 0..4_i16, NOW - 5..NOW + 2, expires, 0..6_usize, prop::bool::weighted(0.8))
    }

    fn view() -> impl Strategy<Value = View> {
        let running = (0..2_usize, 0..2_usize, 0..4_usize);
        (prop::collection::vec(task(), 0..40), running).prop_map(|(tasks, running)| {
            let mut view = View { seen: Vec::new(), lanes: HashMap::new() };
            for ((key, ..), running) in KEYS.into_iter().zip([running.0, running.1, running.2]) {
                view.lanes.insert(key.to_owned(), LaneState { running, active: Vec::new() });
            }
            for (id, (tenant, priority, due_us, expires_us, lane, found)) in (1..).zip(tasks) {
                let lane = KEYS.get(lane);
                let lane_of = lane.map(|(key, at_most, in_order)| LaneOf {
                    key: (*key).to_owned(),
                    at_most: *at_most,
                    in_order: *in_order,
                });
                let one = Candidate { due_us, expires_us, lane: lane_of, ..plain(id, tenant, priority) };
                if let Some((key, ..)) = lane {
                    view.lanes.entry((*key).to_owned()).or_default().active.push(Active { id: one.id, due_us });
                }
                if found && due_us <= NOW {
                    view.seen.push(one);
                }
            }
            view
        })
    }

    proptest! {
        #[test]
        fn claim_takes_no_more_than_wanted_once_each_and_nothing_expired(view in view(), want in 0..12_usize) {
            let choice = choose(view.seen.clone(), &view.lanes, want, NOW);
            prop_assert!(choice.taken.len() <= want);
            let once: HashSet<_> = choice.taken.iter().chain(&choice.expired).collect();
            prop_assert_eq!(once.len(), choice.taken.len() + choice.expired.len());
            prop_assert!(choice.aside.iter().all(|id| !choice.taken.contains(id)));
            for one in &view.seen {
                prop_assert_eq!(choice.expired.contains(&one.id), one.expires_us <= NOW);
            }
        }

        #[test]
        fn lane_never_runs_more_than_it_lets_nor_out_of_order(view in view(), want in 0..12_usize) {
            let choice = choose(view.seen.clone(), &view.lanes, want, NOW);
            for (key, at_most, in_order) in KEYS {
                let state = &view.lanes[key];
                let taken: Vec<_> = state.active.iter().filter(|one| choice.taken.contains(&one.id)).collect();
                prop_assert!(taken.is_empty() || state.running + taken.len() <= at_most, "{}", key);
                if in_order && !taken.is_empty() {
                    prop_assert_eq!(taken, vec![&state.active[0]]);
                }
            }
        }

        #[test]
        fn no_tenant_is_served_before_its_own_more_urgent_tasks(view in view(), want in 0..12_usize) {
            let choice = choose(view.seen.clone(), &view.lanes, want, NOW);
            for left in view.seen.iter().filter(|one| !choice.taken.contains(&one.id) && one.expires_us > NOW) {
                if left.lane.is_some() {
                    continue;
                }
                // It could have been taken: whatever was instead is no less urgent, and as old where it is as urgent.
                for taken in view.seen.iter().filter(|one| choice.taken.contains(&one.id)) {
                    prop_assert!(taken.priority <= left.priority);
                    if taken.tenant == left.tenant {
                        prop_assert!((taken.priority, taken.due_us, taken.id) < (left.priority, left.due_us, left.id));
                    }
                }
                prop_assert_eq!(choice.taken.len(), want);
            }
        }

        #[test]
        fn each_tenant_that_floods_gets_its_share(tenants in 1..6_u128, want in 0..30_usize, dues in prop::collection::vec(0..NOW, 180)) {
            let share = want / usize::try_from(tenants).unwrap();
            let all = (0..30 * tenants).zip(dues);
            let flood = all.map(|(n, due_us)| Candidate { due_us, ..plain(n, n % tenants, 2) }).collect::<Vec<_>>();
            let choice = choose(flood.clone(), &HashMap::new(), want, NOW);
            prop_assert_eq!(choice.taken.len(), want);
            for tenant in 0..tenants {
                let got = flood.iter().filter(|one| one.tenant == Uuid::from_u128(tenant));
                prop_assert!(got.filter(|one| choice.taken.contains(&one.id)).count() >= share);
            }
        }

        #[test]
        fn somebody_is_left_to_call_those_set_aside(view in view(), want in 0..12_usize) {
            let choice = choose(view.seen.clone(), &view.lanes, want, NOW);
            let gone = |id: &Uuid| choice.aside.contains(id) || choice.expired.contains(id);
            let mut laned = 0;
            for (key, state) in &view.lanes {
                let aside = state.active.iter().filter(|one| choice.aside.contains(&one.id)).count();
                laned += aside;
                // Whoever runs, starts now or stays in sight ends one day; what expired calls the next one as it ends.
                let caller = state.running > 0 || state.active.iter().any(|one| !gone(&one.id));
                let expired = state.active.iter().any(|one| choice.expired.contains(&one.id));
                prop_assert!(aside == 0 || caller || expired, "{} is stuck", key);
            }
            prop_assert_eq!(laned, choice.aside.len(), "nobody outside a lane is set aside");
        }
    }
}
