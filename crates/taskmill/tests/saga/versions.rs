//! A saga goes on under the plan it began with, and its data is brought into today's shape.

use crate::market::{AtWork, House, Market, Topology, buyer, rescue};
use crate::toys::{Fate, HOLD, NOTIFY, PACK, ask, permit};
use kernel::{Fault, SagaLife, TenantId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use taskmill::Tasks;
use taskmill::saga::{Advance, Plan, Saga, Sagas, Signal, Step, Tries, Turn, Verdict, Wait, start};
use testkit::{Engine, eventually};
use uuid::Uuid;

/// As the first program knew it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Gift {
    pub(crate) to: String,
}

impl Saga for Gift {
    type Home = Market;
    const KIND: &'static str = "market.gift";

    fn plan(_: i32) -> Option<Plan<Self>> {
        async fn first(market: &Market, turn: Turn<Gift>) -> Result<Uuid, Fault> {
            ask(&market.cashier, &HOLD, &turn.caller, json!({ "whose": turn.data.to })).await
        }
        let wait = Wait::named("wrapping").on("wrapped", Verdict::GoOn);
        Some(Plan::new().then(Step::call("hold", first)).wait(wait).then(Step::call("last", first)))
    }
}

/// As the second program knows it: another field, and another last step.
#[derive(Serialize, Deserialize)]
struct Present {
    recipient: String,
}

impl Saga for Present {
    type Home = Market;
    const KIND: &'static str = "market.gift";
    const VERSION: i32 = 2;

    fn plan(version: i32) -> Option<Plan<Self>> {
        async fn pack(market: &Market, turn: Turn<Present>) -> Result<Uuid, Fault> {
            ask(&market.courier, &PACK, &turn.caller, json!({ "whose": turn.data.recipient })).await
        }
        async fn tell(market: &Market, turn: Turn<Present>) -> Result<Uuid, Fault> {
            ask(&market.courier, &NOTIFY, &turn.caller, json!({ "whose": turn.data.recipient })).await
        }
        let wait = Wait::named("wrapping").on("wrapped", Verdict::GoOn);
        Some(match version {
            1 => Plan::new().then(Step::call("hold", pack)).wait(wait).then(Step::call("last", tell)),
            _ => Plan::new().then(Step::call("pack", pack)),
        })
    }

    fn upcast(_: i32, data: Value) -> Result<Value, Fault> {
        Ok(json!({ "recipient": data["to"] }))
    }
}

/// As a third program knows it, whose author forgot that there may be old ones.
#[derive(Serialize, Deserialize)]
struct Forgetful {
    recipient: String,
}

impl Saga for Forgetful {
    type Home = Market;
    const KIND: &'static str = "market.gift";
    const VERSION: i32 = 2;

    fn plan(version: i32) -> Option<Plan<Self>> {
        (version == 2).then(|| Plan::new().wait(Wait::named("anything").on("at all", Verdict::GoOn)))
    }
}

/// Something that cannot be asked twice.
#[derive(Serialize, Deserialize)]
struct Letter;

impl Saga for Letter {
    type Home = Market;
    const KIND: &'static str = "market.letter";

    fn plan(_: i32) -> Option<Plan<Self>> {
        async fn send(market: &Market, turn: Turn<Letter>) -> Result<Uuid, Fault> {
            ask(&market.courier, &NOTIFY, &turn.caller, json!({ "whose": "letter" })).await
        }
        Some(Plan::new().then(Step::call("send", send).trying(Tries::once())))
    }
}

pub(crate) async fn begin<S: Saga<Home = Market>>(house: &House, correlation: &str, data: &S) -> Uuid {
    let started = start(&house.market.store, &buyer(), correlation, data).unwrap();
    let effects = (Vec::new(), started.tasks);
    house.market.store.commit(permit(&buyer()), started.change, effects, started.id).await.unwrap()
}

pub(crate) fn works<S: Saga<Home = Market>>(house: &House) -> AtWork {
    AtWork::with(house.market.store.clone(), Tasks::of(house.market.clone()).task::<Advance<S>>())
}

async fn wrapped(house: &House, correlation: &str) {
    house.tell(Signal::to::<Gift>(&house.market.store, TenantId::FIRST, correlation, "wrapped")).await.unwrap();
}

pub(crate) async fn life<S: Saga<Home = Market>>(house: &House, id: Uuid) -> SagaLife {
    Sagas::in_store(&house.market.store).saga::<S>().life(id).await.unwrap().unwrap()
}

pub(crate) async fn comes_to<S: Saga<Home = Market>>(house: &House, id: Uuid, state: &str) {
    eventually(&format!("it is {state}"), async || life::<S>(house, id).await.summary.state == state).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_saga_under_way_goes_on_under_its_own_plan_with_data_in_todays_shape() {
    let Some(house) = House::on(Engine::Sqlite, Topology::OneProcess).await else { return };
    let old = works::<Gift>(&house);
    let (first, second) =
        (begin(&house, "a", &Gift { to: "ada".into() }).await, begin(&house, "b", &Gift { to: "bo".into() }).await);
    comes_to::<Gift>(&house, first, "waiting").await;
    comes_to::<Gift>(&house, second, "waiting").await;
    drop(old);
    rescue(&house.market.store).await;

    let new = works::<Present>(&house);
    wrapped(&house, "a").await;
    comes_to::<Present>(&house, first, "done").await;
    let steps: Vec<_> = life::<Present>(&house, first).await.steps.into_iter().map(|step| step.name).collect();
    assert_eq!(steps, ["hold", "wrapping", "last"]);
    let third = begin(&house, "c", &Present { recipient: "cy".into() }).await;
    comes_to::<Present>(&house, third, "done").await;
    let done = house.done().await;
    let of = |whose: &str, what: &str| done.get(&(whose.to_owned(), what.to_owned())).copied().unwrap_or(0);
    assert_eq!((of("ada", "hold"), of("ada", "notify"), of("ada", "pack")), (1, 1, 0));
    assert_eq!((of("cy", "pack"), of("cy", "notify")), (1, 0));
    drop(new);
    rescue(&house.market.store).await;

    let _worker = works::<Forgetful>(&house);
    wrapped(&house, "b").await;
    comes_to::<Forgetful>(&house, second, "stuck").await;
    let summary = life::<Forgetful>(&house, second).await.summary;
    assert!(summary.error.unwrap().contains("the plan of version 1 is gone"));
    assert!(summary.next_at.is_some(), "it is looked at again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_asked_twice_is_stuck_when_its_process_dies() {
    let Some(house) = House::on(Engine::Sqlite, Topology::OneProcess).await else { return };
    house.trouble.make("letter", "notify", [Fate::Hangs]);
    let worker = works::<Letter>(&house);
    let id = begin(&house, "a", &Letter).await;
    eventually("it is sent", async || !house.done().await.is_empty()).await;
    drop(worker);
    rescue(&house.market.store).await;
    let _worker = works::<Letter>(&house);
    comes_to::<Letter>(&house, id, "stuck").await;
    let summary = life::<Letter>(&house, id).await.summary;
    assert!(summary.error.unwrap().contains("not heard of again"));
    assert_eq!(summary.next_at, None, "nobody but an operator tries it again");
    let filter = kernel::SagaFilter { kind: Some("market.letter".into()), ..Default::default() };
    assert_eq!(house.sagas().list(&filter, &kernel::PageRequest::default()).await.unwrap().items.len(), 1);
}
