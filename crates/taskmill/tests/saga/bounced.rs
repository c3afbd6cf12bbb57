//! Programs of two versions at once, and processes that go before they have begun: an attempt is one that has begun.

use crate::market::{House, Market, Topology, rescue};
use crate::toys::{Fate, NOTIFY, PACK, ask};
use crate::versions::{begin, comes_to, works};
use kernel::{Ending, Fault, Ids, Settlement, SystemIds, TaskQueue};
use rstest::rstest;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::SqlTaskQueue;
use taskmill::saga::{Plan, Saga, Step, Tries, Turn};
use testkit::{Engine, eventually};
use uuid::Uuid;

/// What may be asked once, beside what undoes the saga when it is asked twice in vain.
fn delicate<S: Saga<Home = Market>>() -> Plan<S> {
    async fn once<S: Saga<Home = Market>>(market: &Market, turn: Turn<S>) -> Result<Uuid, Fault> {
        ask(&market.courier, &NOTIFY, &turn.caller, json!({ "whose": "it" })).await
    }
    async fn twice<S: Saga<Home = Market>>(market: &Market, turn: Turn<S>) -> Result<Uuid, Fault> {
        ask(&market.courier, &PACK, &turn.caller, json!({ "whose": "it" })).await
    }
    let once = Step::call("once", once::<S>).trying(Tries::once());
    Plan::new().then_together(once.and(Step::call("twice", twice::<S>).trying(Tries::times(2).then_undo())))
}

/// As the older program knows it.
#[derive(Serialize, Deserialize)]
struct Older;

impl Saga for Older {
    type Home = Market;
    const KIND: &'static str = "market.delicate";

    fn plan(_: i32) -> Option<Plan<Self>> {
        Some(delicate())
    }
}

/// As the newer program knows it.
#[derive(Serialize, Deserialize)]
struct Newer;

impl Saga for Newer {
    type Home = Market;
    const KIND: &'static str = "market.delicate";
    const VERSION: i32 = 2;

    fn plan(_: i32) -> Option<Plan<Self>> {
        Some(delicate())
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_left_to_a_newer_program_keeps_its_tries(
    #[values(Engine::Sqlite, Engine::Postgres, Engine::MariaDb)] engine: Engine,
) {
    let Some(house) = House::on(engine, Topology::OneProcess).await else { return };
    house.trouble.make("it", "pack", [Fate::Away]);
    let older = works::<Older>(&house);
    let saga = begin(&house, "d", &Newer).await;
    eventually("the older program has had both steps several times", async || {
        house.count("task_runs", "token = 3").await == 2
    })
    .await;
    let _newer = works::<Newer>(&house);
    drop(older);
    rescue(&house.market.store).await;
    comes_to::<Newer>(&house, saga, "done").await;
    let done = house.done().await;
    assert_eq!(["notify", "pack"].map(|what| done.get(&("it".to_owned(), what.to_owned())).copied()), [Some(1); 2]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_claimed_by_processes_that_never_began_it_keeps_its_tries(
    #[values(Engine::Sqlite, Engine::Postgres, Engine::MariaDb)] engine: Engine,
) {
    let Some(house) = House::on(engine, Topology::OneProcess).await else { return };
    let store = &house.market.store;
    let saga = begin(&house, "d", &Older).await;
    let queue = SqlTaskQueue::of(store);
    for dies in [true, false, true] {
        let process = SystemIds.next();
        queue.join(process, "one that goes", &["default"]).await.unwrap();
        let mut tasks = Vec::new();
        eventually("both steps are claimed", async || {
            tasks.extend(queue.claim(process, "default", 10).await.unwrap().tasks);
            tasks.len() == 2
        })
        .await;
        if dies {
            rescue(store).await;
        } else {
            let back = |task| Settlement { task, ending: Ending::Returned };
            queue.settle(process, &tasks.into_iter().map(back).collect::<Vec<_>>()).await.unwrap();
            queue.leave(process).await.unwrap();
        }
    }
    house.trouble.make("it", "pack", [Fate::Away]);
    let _worker = works::<Older>(&house);
    comes_to::<Older>(&house, saga, "done").await;
}
