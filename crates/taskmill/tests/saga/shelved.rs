//! Sagas that a program cannot read: they are shown as stuck, nothing else of them is changed, and they go on as soon as
//! some program can read them.

use crate::market::{House, Market, Topology, rescue};
use crate::operators::permit;
use crate::toys::{NOTIFY, ask};
use crate::versions::{Gift, begin, comes_to, life, works};
use kernel::{Fault, TenantId};
use rstest::rstest;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use taskmill::saga::{ENDED, Plan, Saga, SagaOrder, Sagas, Signal, Step, Tries, Turn, Verdict, Wait};
use testkit::{Engine, eventually};
use uuid::Uuid;

const LONG: Duration = Duration::from_hours(72);

/// Two steps beside each other.
#[derive(Serialize, Deserialize)]
struct Pair;

impl Saga for Pair {
    type Home = Market;
    const KIND: &'static str = "market.pair";

    fn plan(_: i32) -> Option<Plan<Self>> {
        async fn send(market: &Market, turn: Turn<Pair>) -> Result<Uuid, Fault> {
            ask(&market.courier, &NOTIFY, &turn.caller, json!({ "whose": turn.correlation })).await
        }
        Some(Plan::new().then_together(Step::call("a", send).and(Step::call("b", send))))
    }
}

static BOTH_LOOK: AtomicBool = AtomicBool::new(false);
static MEET: Barrier = Barrier::new(2);

/// The same as a program knows it that has forgotten the plan. Both steps' tasks find that out at the same time.
#[derive(Serialize, Deserialize)]
struct Unpaired;

impl Saga for Unpaired {
    type Home = Market;
    const KIND: &'static str = "market.pair";
    const VERSION: i32 = 2;

    fn plan(version: i32) -> Option<Plan<Self>> {
        if version == 1 && BOTH_LOOK.load(Ordering::SeqCst) {
            tokio::task::block_in_place(|| MEET.wait());
        }
        (version == 2).then(|| Plan::new().wait(Wait::named("anything").on("at all", Verdict::GoOn)))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn steps_beside_each_other_keep_their_tasks_and_lanes_while_their_plan_is_gone() {
    for engine in [Engine::Sqlite, Engine::Postgres, Engine::MariaDb] {
        let Some(house) = House::on(engine, Topology::OneProcess).await else { continue };
        let saga = begin(&house, "pair", &Pair).await;
        let unable = works::<Unpaired>(&house);
        BOTH_LOOK.store(true, Ordering::SeqCst);
        comes_to::<Pair>(&house, saga, "stuck").await;
        house.rests().await;
        BOTH_LOOK.store(false, Ordering::SeqCst);
        assert_eq!(house.count("task_ready", "lane <> ''").await, 2, "{engine:?}");
        drop(unable);
        rescue(&house.market.store).await;
        let _able = works::<Pair>(&house);
        house.hurry().await;
        comes_to::<Pair>(&house, saga, "done").await;
        assert_eq!(house.done().await.get(&("pair".to_owned(), "notify".to_owned())), Some(&2));
    }
}

/// A question.
#[derive(Serialize, Deserialize)]
struct Question;

fn answered<S: Saga>() -> Plan<S> {
    Plan::new().wait(Wait::named("answer").on("yes", Verdict::GoOn).after(LONG, Verdict::Undo))
}

impl Saga for Question {
    type Home = Market;
    const KIND: &'static str = "market.question";

    fn plan(_: i32) -> Option<Plan<Self>> {
        Some(answered())
    }
}

/// As a program knows it that knows questions of another sort only.
#[derive(Serialize, Deserialize)]
struct Riddle;

impl Saga for Riddle {
    type Home = Market;
    const KIND: &'static str = "market.question";
    const VERSION: i32 = 2;

    fn plan(version: i32) -> Option<Plan<Self>> {
        (version == 2).then(answered)
    }
}

/// As a program knows it that brings its data half the way into today's shape.
#[derive(Serialize, Deserialize)]
struct Halfway;

impl Saga for Halfway {
    type Home = Market;
    const KIND: &'static str = "market.question";
    const VERSION: i32 = 3;

    fn plan(_: i32) -> Option<Plan<Self>> {
        Some(answered())
    }

    fn upcast(version: i32, _: Value) -> Result<Value, Fault> {
        if version == 1 { Ok(json!("half")) } else { Err(Fault::invalid("version", "the author gave up")) }
    }
}

async fn tell(house: &House, whose: &str, name: &str) {
    house.tell(Signal::to::<Question>(&house.market.store, TenantId::FIRST, whose, name)).await.unwrap();
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_saga_that_has_ended_needs_its_plan_no_more(
    #[values(Engine::Sqlite, Engine::Postgres, Engine::MariaDb)] engine: Engine,
) {
    let Some(house) = House::on(engine, Topology::OneProcess).await else { return };
    let first = works::<Question>(&house);
    let saga = begin(&house, "q", &Question).await;
    comes_to::<Question>(&house, saga, "waiting").await;
    tell(&house, "q", "yes").await;
    comes_to::<Question>(&house, saga, "done").await;
    house.rests().await;
    assert_eq!(house.count("task_ready", "1 = 1").await, 1, "the deadline's task is still there");
    drop(first);
    rescue(&house.market.store).await;

    let _second = works::<Riddle>(&house);
    house.hurry().await;
    house.rests().await;
    assert_eq!(house.count("task_ready", "1 = 1").await, 0);
    assert_eq!(life::<Riddle>(&house, saga).await.summary.state, "done");
    let desk = Sagas::in_store(&house.market.store).saga::<Riddle>();
    assert!(desk.order(permit(saga), saga, SagaOrder::Retry).await.unwrap_err().is(&ENDED));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_saga_shown_as_stuck_is_changed_in_nothing_else_and_shown_as_it_is_once_it_can_be_read(
    #[values(Engine::Sqlite, Engine::Postgres, Engine::MariaDb)] engine: Engine,
) {
    let Some(house) = House::on(engine, Topology::OneProcess).await else { return };
    let store = &house.market.store;
    let able = works::<Question>(&house);
    let saga = begin(&house, "q", &Question).await;
    comes_to::<Question>(&house, saga, "waiting").await;
    drop(able);
    rescue(store).await;

    let unable = works::<Halfway>(&house);
    tell(&house, "q", "something nobody waits for").await;
    comes_to::<Halfway>(&house, saga, "stuck").await;
    let shown = life::<Halfway>(&house, saga).await.summary;
    assert!(shown.error.unwrap().contains("the author gave up") && shown.next_at.is_some());
    drop(unable);
    rescue(store).await;
    let (row, steps) = store.saga(saga).await.unwrap().unwrap();
    assert_eq!((row.data_version, row.data, steps[0].state.as_str()), (1, Value::Null, "waiting"));

    let _able = works::<Question>(&house);
    house.hurry().await;
    comes_to::<Question>(&house, saga, "waiting").await;
    let shown = life::<Question>(&house, saga).await.summary;
    assert_eq!((shown.error, shown.step.as_deref(), shown.next_at), (None, Some("answer"), steps[0].next_at));
    house.rests().await;
    assert_eq!(house.count("task_ready", "1 = 1").await, 1, "the deadline's task goes on waiting");
    tell(&house, "q", "yes").await;
    comes_to::<Question>(&house, saga, "done").await;
}

/// A gift as an author reads it who is mistaken about its shape.
#[derive(Serialize, Deserialize)]
struct Mistaken {
    to: u64,
}

impl Saga for Mistaken {
    type Home = Market;
    const KIND: &'static str = "market.gift";

    fn plan(_: i32) -> Option<Plan<Self>> {
        async fn nothing(_: &Market, _: Turn<Mistaken>) -> Result<(), Fault> {
            Ok(())
        }
        Some(Plan::new().then(Step::call("hold", nothing).trying(Tries::once())))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_of_data_that_cannot_be_read_does_not_quote_it() {
    let Some(house) = House::on(Engine::Sqlite, Topology::OneProcess).await else { return };
    let saga = begin(&house, "g", &Gift { to: "a name to keep quiet about".into() }).await;
    let _worker = works::<Mistaken>(&house);
    comes_to::<Mistaken>(&house, saga, "stuck").await;
    let error = life::<Mistaken>(&house, saga).await.summary.error.unwrap();
    assert!(!error.contains("quiet"), "{error}");
    eventually("the whole error is no other", async || {
        life::<Mistaken>(&house, saga).await.steps[0].error.as_deref().is_some_and(|error| !error.contains("quiet"))
    })
    .await;
}
