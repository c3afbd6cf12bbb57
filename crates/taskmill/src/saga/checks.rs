//! The decider against a world that loses answers, kills processes and lets operators order what they like.

use super::decide::{Action, Against, Facts, Happening, Letter, Outcome, SagaOrder, Way, decide, expects};
use super::progress::{Phase, Progress, StepState};
use super::shape::{Node, PlanError, Shape, Tries, Verdict};
use kernel::Time;
use proptest::prelude::*;
use serde_json::Value;
use std::collections::HashSet;
use uuid::Uuid;

const NAMES: [&str; 18] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r"];

fn step(name: &'static str, undoable: bool, tries: Tries) -> Node {
    Node::Step { name, undoable, pivot: false, tries }
}

fn pivot(name: &'static str) -> Node {
    Node::Step { name, undoable: false, pivot: true, tries: Tries::times(2) }
}

fn wait(name: &'static str, late: Verdict) -> Node {
    Node::Wait { name, rules: vec![("go", Verdict::GoOn), ("stop", Verdict::Undo)], late: Some(late) }
}

/// Everything outside the saga: what truly happened, and the tasks under way.
struct World {
    shape: Shape,
    progress: Progress,
    letters: Vec<Letter>,
    tasks: Vec<(usize, Way, i32)>,
    did: Vec<u32>,
    undone: Vec<u32>,
    skipped: HashSet<usize>,
    now: Time,
}

impl World {
    fn of(shape: Shape) -> Self {
        let (nodes, now) = (shape.nodes.len(), Time::default());
        let progress = Progress::none(nodes);
        let (did, undone) = (vec![0; nodes], vec![0; nodes]);
        let mut world =
            Self { shape, progress, letters: vec![], tasks: vec![], did, undone, skipped: HashSet::new(), now };
        world.happens(&Happening::Began).unwrap();
        world
    }

    fn happens(&mut self, happening: &Happening) -> Result<bool, Against> {
        let facts = Facts { shape: &self.shape, letters: &self.letters, now: self.now, saga: Uuid::nil() };
        let Some((progress, actions)) = decide(&facts, &self.progress, happening)? else { return Ok(false) };
        self.progress = progress;
        for action in actions {
            match action {
                Action::Try { node, way, epoch, .. } => self.tasks.push((node, way, epoch)),
                Action::Take { letter, .. } => self.letters.retain(|other| *other != letter),
                Action::Watch { node } if self.progress.steps[node].output.is_none() => {
                    self.progress.steps[node].next_at = Some(self.now + std::time::Duration::from_secs(60));
                }
                Action::Watch { .. } | Action::Keep { .. } | Action::Look => {}
            }
        }
        for (node, record) in self.progress.steps.iter().enumerate() {
            if record.state == StepState::Skipped {
                self.skipped.insert(node);
            }
        }
        Ok(true)
    }

    /// Does one task under way, with a fate: its process dies before or after, its answer is lost, or it is refused.
    fn work(&mut self, nth: usize, fate: u8) {
        let (node, way, epoch) = self.tasks[nth % self.tasks.len()];
        if !expects(&self.progress, node, way, epoch) {
            self.tasks.retain(|task| *task != (node, way, epoch));
            return;
        }
        let acts = fate % 8 >= 4;
        if acts {
            self.act(node, way);
        }
        let done = match way {
            Way::Do => self.did[node] > 0,
            Way::Undo => self.undone[node] > 0,
        };
        let outcome = match fate % 4 {
            // Killed: the task comes again, as if nothing had been said.
            0 => return,
            1 => Outcome::Unknown("no answer".to_owned()),
            _ if done => Outcome::Done(Value::Null),
            2 => Outcome::Refused("no".to_owned()),
            _ => Outcome::Unknown("away".to_owned()),
        };
        self.tasks.retain(|task| *task != (node, way, epoch));
        self.happens(&Happening::Tried { node, way, epoch, tries: 1, outcome }).unwrap();
    }

    /// The effect, once for each key.
    fn act(&mut self, node: usize, way: Way) {
        let stage = self.shape.stage_of(node);
        match way {
            Way::Do if self.did[node] > 0 => {}
            Way::Do => {
                for before in 0..self.shape.stage(stage).start {
                    let state = self.progress.steps[before].state;
                    assert!(matches!(state, StepState::Done | StepState::Skipped), "{before} is {state:?}");
                }
                self.did[node] = 1;
            }
            Way::Undo => {
                assert_eq!(self.did[node], 1, "{node} is undone and was never done");
                for later in self.shape.stage(stage).end..self.shape.nodes.len() {
                    assert!(self.is_even(later), "{node} is undone before {later}");
                }
                self.undone[node] = 1;
            }
        }
    }

    /// Whether nothing is left of it that could be undone.
    fn is_even(&self, node: usize) -> bool {
        let undoable = self.shape.nodes[node].is_undoable();
        !undoable || self.skipped.contains(&node) || self.did[node] == self.undone[node]
    }

    fn looks(&mut self) {
        self.happens(&Happening::Looked).unwrap();
    }

    /// From here on everything answers. It must come to an end, and to one of the two.
    fn comes_to_an_end(&mut self) {
        for _ in 0..500 {
            if self.progress.phase.has_ended() {
                return self.is_whole();
            }
            if self.tasks.is_empty() {
                self.now += std::time::Duration::from_secs(120);
                self.looks();
                let stuck = self.progress.steps.iter().any(|record| record.stuck);
                if stuck {
                    assert_eq!(self.progress.state(), "stuck");
                    self.happens(&Happening::Ordered(SagaOrder::Retry)).unwrap();
                } else if self.progress.state() == "waiting" && self.tasks.is_empty() {
                    self.letters.push(letter("go", "at last"));
                    self.looks();
                }
            } else {
                self.work(0, 6);
            }
        }
        panic!("it never ends: {:?}", self.progress);
    }

    fn is_whole(&self) {
        for (node, record) in self.progress.steps.iter().enumerate() {
            match self.progress.phase {
                Phase::Done => {
                    assert!(matches!(record.state, StepState::Done | StepState::Skipped), "{node} is {record:?}");
                    assert_eq!(self.undone[node], 0);
                    if record.state == StepState::Done && !self.shape.nodes[node].is_wait() {
                        assert_eq!(self.did[node], 1);
                    }
                }
                _ => assert!(self.is_even(node), "{node} is left half done: {record:?}"),
            }
        }
    }
}

fn letter(name: &str, key: &str) -> Letter {
    Letter { name: name.to_owned(), key: key.to_owned(), payload: Value::Null }
}

/// One stage of a random plan.
#[derive(Debug, Clone)]
enum Stage {
    Steps(Vec<(bool, u8)>),
    Pivot,
    Wait(bool),
}

fn shape_of(stages: &[Stage]) -> Result<Shape, PlanError> {
    let mut names = NAMES.into_iter();
    let mut name = || names.next().unwrap();
    let tries = |kind: &u8| match kind % 4 {
        0 => Tries::once(),
        1 => Tries::times(2),
        2 => Tries::times(3).then_wait(),
        _ => Tries::times(2).then_undo(),
    };
    let stages = stages.iter().map(|stage| match stage {
        Stage::Steps(steps) => steps.iter().map(|(undoable, kind)| step(name(), *undoable, tries(kind))).collect(),
        Stage::Pivot => vec![pivot(name())],
        Stage::Wait(goes_on) => vec![wait(name(), if *goes_on { Verdict::GoOn } else { Verdict::Undo })],
    });
    Shape::of("tests.saga", stages.collect())
}

fn stage() -> impl Strategy<Value = Stage> {
    prop_oneof![
        6 => proptest::collection::vec((proptest::bool::weighted(0.8), 0..4_u8), 1..4).prop_map(Stage::Steps),
        1 => Just(Stage::Pivot),
        2 => any::<bool>().prop_map(Stage::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_all_is_done_or_all_is_undone(
        stages in proptest::collection::vec(stage(), 1..6),
        script in proptest::collection::vec((0..32_u8, any::<u8>()), 0..60),
    ) {
        let Ok(shape) = shape_of(&stages) else { return Ok(()) };
        let mut world = World::of(shape);
        for (what, fate) in script {
            match what {
                0 => drop(world.happens(&Happening::Ordered(SagaOrder::Retry))),
                1 => drop(world.happens(&Happening::Ordered(SagaOrder::Skip))),
                2 => drop(world.happens(&Happening::Ordered(SagaOrder::Compensate))),
                3 | 4 => { world.letters.push(letter(if what == 3 { "go" } else { "stop" }, &fate.to_string())); world.looks(); }
                6 => drop(world.happens(&Happening::Unheard { error: "no".into() })),
                5 => { world.now += std::time::Duration::from_secs(61); world.looks(); }
                _ if world.tasks.is_empty() => {}
                _ => world.work(usize::from(what), fate),
            }
        }
        world.comes_to_an_end();
    }

    #[test]
    fn an_outcome_told_twice_changes_nothing_the_second_time(
        stages in proptest::collection::vec(stage(), 1..5),
        fates in proptest::collection::vec(any::<u8>(), 1..20),
    ) {
        let Ok(shape) = shape_of(&stages) else { return Ok(()) };
        let mut world = World::of(shape);
        for fate in fates {
            let Some((node, way, epoch)) = world.tasks.first().copied() else { break };
            let outcome = if fate % 3 == 0 { Outcome::Unknown("x".into()) } else { Outcome::Done(Value::Null) };
            let told = Happening::Tried { node, way, epoch, tries: 1, outcome };
            world.tasks.remove(0);
            world.happens(&told).unwrap();
            let before = world.progress.clone();
            prop_assert!(!world.happens(&told).unwrap());
            prop_assert_eq!(&world.progress, &before);
        }
    }
}

fn award() -> World {
    let shape = Shape::of(
        "tests.award",
        vec![
            vec![step("hold", true, Tries::times(2))],
            vec![wait("window", Verdict::GoOn)],
            vec![pivot("transfer")],
            vec![step("notify", false, Tries::times(2))],
        ],
    );
    World::of(shape.unwrap())
}

#[test]
fn a_signal_before_the_wait_has_begun_is_not_lost() {
    let mut world = award();
    world.letters.push(letter("stop", ""));
    world.looks();
    assert_eq!(world.progress.state(), "running");
    world.work(0, 6);
    assert_eq!(world.progress.phase, Phase::Backward);
    assert_eq!(world.progress.why.as_deref(), Some("window: stop"));
}

#[test]
fn what_is_refused_behind_the_point_of_no_return_is_stuck_and_not_undone() {
    let mut world = award();
    world.work(0, 6);
    world.now += std::time::Duration::from_secs(61);
    world.looks();
    world.work(0, 6);
    world.work(0, 2);
    assert_eq!(world.progress.state(), "stuck");
    assert_eq!(world.happens(&Happening::Ordered(SagaOrder::Compensate)), Err(Against::NoReturn));
    world.happens(&Happening::Ordered(SagaOrder::Skip)).unwrap();
    assert_eq!(world.progress.state(), "done");
}

#[test]
fn an_unknown_outcome_is_asked_for_until_it_is_known_before_anything_is_undone() {
    let mut world = award();
    world.work(0, 1);
    world.work(0, 5);
    assert_eq!((world.progress.state(), world.did[0]), ("stuck", 1));
    world.happens(&Happening::Ordered(SagaOrder::Compensate)).unwrap();
    assert_eq!(world.progress.steps[0].state, StepState::Running);
    world.tasks.drain(..1);
    world.work(0, 6);
    assert_eq!(world.progress.steps[0].state, StepState::Compensating);
    world.work(0, 6);
    assert_eq!((world.progress.state(), world.undone[0]), ("undone", 1));
}

#[test]
fn of_steps_beside_each_other_only_the_stuck_one_is_skipped() {
    let stage = vec![step("a", true, Tries::once()), step("b", true, Tries::times(8))];
    let mut world = World::of(Shape::of("tests.saga", vec![stage]).unwrap());
    world.work(0, 1);
    world.work(0, 1);
    assert_eq!(world.progress.steps.iter().map(|record| record.stuck).collect::<Vec<_>>(), [true, false]);
    world.happens(&Happening::Ordered(SagaOrder::Skip)).unwrap();
    let states: Vec<_> = world.progress.steps.iter().map(|record| record.state).collect();
    assert_eq!(states, [StepState::Skipped, StepState::Running]);
    world.happens(&Happening::Ordered(SagaOrder::Skip)).unwrap();
    assert_eq!(world.progress.state(), "done", "where none is stuck, what fails is skipped");
}

#[test]
fn plans_that_make_no_sense_are_refused_by_name() {
    let tries = Tries::default();
    let of = |stages| Shape::of("tests.saga", stages).unwrap_err();
    assert_eq!(of(vec![]), PlanError::Empty("tests.saga"));
    assert_eq!(of(vec![vec![step("a", true, tries), step("a", true, tries)]]), PlanError::Twice("a"));
    assert_eq!(of(vec![vec![step("a.b", true, tries)]]), PlanError::Name("a.b"));
    assert_eq!(of(vec![vec![pivot("a"), step("b", true, tries)]]), PlanError::PivotInParallel("a"));
    assert_eq!(of(vec![vec![pivot("a")], vec![wait("b", Verdict::GoOn)]]), PlanError::UndoAfterPivot("b"));
    let deaf = Node::Wait { name: "a", rules: vec![], late: None };
    assert_eq!(of(vec![vec![deaf]]), PlanError::WaitsForNothing("a"));
}
