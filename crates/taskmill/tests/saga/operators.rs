//! What operators see of sagas that need them, and what they order.

use crate::market::{House, Market, Topology, buyer};
use crate::toys::{Fate, NOTIFY, ask, gate};
use crate::versions::{begin, comes_to, works};
use kernel::{
    Actor, AuditEntry, Caller, DeskOrder, EventLog, Fault, IdempotencyKey, Operation, Permit, Position, Reason,
    Resource, TaskDesk, TenantId,
};
use rstest::rstest;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;
use store::Outbox;
use taskmill::saga::{
    ENDED, NO_RETURN, NO_SAGA, NOTHING_FAILED, Plan, Saga, SagaOrder, Sagas, Step, Tries, Turn, UNDOING,
};
use taskmill::{Desk, TermsOf};
use testkit::{Engine, eventually};
use uuid::Uuid;

static ORDER: Operation = Operation::command("market.order_saga", "Saga");
const LONG: Duration = Duration::from_hours(72);

pub(crate) fn permit(saga: Uuid) -> Permit {
    gate().permit(&buyer(), &ORDER, &Resource::new("Saga", saga, TenantId::FIRST)).unwrap()
}

impl House {
    pub(crate) async fn order(&self, saga: Uuid, order: SagaOrder) -> Result<u64, Fault> {
        self.sagas().order(permit(saga), saga, order).await
    }

    async fn refuses(&self, saga: Uuid, order: SagaOrder, reason: &Reason) {
        let refused = self.order(saga, order).await.unwrap_err();
        assert!(refused.is(reason), "{refused}");
    }

    /// A sale of which this step never succeeds.
    async fn stuck_at(&self, step: &str, fate: Fate) -> Uuid {
        self.trouble.make(step, step, std::iter::repeat_n(fate, 100));
        let sale = self.sells(step, Duration::ZERO).await;
        self.comes_to(sale, "stuck").await;
        sale
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stuck_saga_is_listed_with_step_error_and_next_attempt_and_goes_on_when_ordered(
    #[values(Engine::Sqlite, Engine::Postgres, Engine::MariaDb)] engine: Engine,
) {
    let Some(house) = House::on(engine, Topology::OneProcess).await else { return };
    let _worker = house.worker();
    let sale = house.stuck_at("pay", Fate::Lost).await;
    let listed = &house.listed("stuck").await[0];
    assert_eq!((listed.id, listed.step.as_deref()), (sale, Some("pay")));
    assert!(listed.attempts >= 4, "{listed:?}");
    assert!(listed.error.as_deref().unwrap().contains("portal.unavailable"), "{listed:?}");
    assert!(listed.next_at.unwrap() > listed.updated_at, "an hour later it is tried again by itself");
    let life = house.sale(sale).await;
    let steps: Vec<_> = life.steps.iter().map(|step| (step.name.as_str(), step.state.as_str())).collect();
    let done = ["hold", "pack", "mark", "dispute window"].map(|name| (name, "done"));
    assert_eq!(steps, [done.as_slice(), &[("pay", "running"), ("notify", "pending")]].concat());
    assert_eq!((&life.input["whose"], &life.input["window_ends"]), (&"pay".into(), &"***".into()));
    let stranger = Sagas::in_store(&house.market.store).life(sale).await.unwrap().unwrap();
    assert_eq!((stranger.input, stranger.steps.len()), ("***".into(), 5), "what nobody knows is not shown");

    house.trouble.forgive("pay");
    assert_eq!(house.order(sale, SagaOrder::Retry).await.unwrap(), 1);
    house.comes_to(sale, "done").await;
    house.all_end_whole().await;
    let log = Outbox::of(&house.market.store).read(Position::START, 500, Duration::ZERO).await.unwrap();
    let audited = log.events.iter().filter_map(|e| serde_json::from_value::<AuditEntry>(e.event.data.clone()).ok());
    let orders: Vec<_> = audited.filter(|entry| entry.operation == ORDER.id).map(|entry| entry.resource).collect();
    assert_eq!(orders, [format!("Saga/{sale}")]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_skipped_step_counts_as_done(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(house) = House::on(engine, Topology::OneProcess).await else { return };
    let _worker = house.worker();
    let sale = house.stuck_at("notify", Fate::Refused).await;
    house.refuses(sale, SagaOrder::Compensate, &NO_RETURN).await;
    house.order(sale, SagaOrder::Skip).await.unwrap();
    house.comes_to(sale, "done").await;
    assert_eq!(house.sale(sale).await.steps[5].state, "skipped");
    assert_eq!(house.done().await.get(&("notify".to_owned(), "notify".to_owned())), None);
    for order in [SagaOrder::Retry, SagaOrder::Skip, SagaOrder::Compensate] {
        house.refuses(sale, order, &ENDED).await;
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_saga_is_undone_when_ordered(#[values(Engine::Sqlite, Engine::Postgres, Engine::MariaDb)] engine: Engine) {
    let Some(house) = House::on(engine, Topology::OneProcess).await else { return };
    let _worker = house.worker();
    let waiting = house.sells("waiting", LONG).await;
    house.comes_to(waiting, "waiting").await;
    house.refuses(waiting, SagaOrder::Skip, &NOTHING_FAILED).await;
    house.order(waiting, SagaOrder::Compensate).await.unwrap();
    house.comes_to(waiting, "undone").await;

    // Nobody knows whether the parcel was packed. It was, so it must be unpacked.
    let stuck = house.stuck_at("pack", Fate::Lost).await;
    house.order(stuck, SagaOrder::Compensate).await.unwrap();
    house.refuses(stuck, SagaOrder::Compensate, &UNDOING).await;
    house.trouble.forgive("pack");
    house.comes_to(stuck, "undone").await;
    let done = house.done().await;
    assert_eq!(done.get(&("pack".to_owned(), "unpack".to_owned())), Some(&1));
    house.all_end_whole().await;
    house.refuses(Uuid::nil(), SagaOrder::Retry, &NO_SAGA).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sagas_that_ended_long_ago_are_forgotten_and_no_others() {
    let Some(house) = House::on(Engine::Sqlite, Topology::OneProcess).await else { return };
    let _worker = house.worker();
    let (ended, waiting) = (house.sells("ended", Duration::ZERO).await, house.sells("waiting", LONG).await);
    house.comes_to(ended, "done").await;
    house.comes_to(waiting, "waiting").await;
    let store = &house.market.store;
    let later = store.clock().now() + Duration::from_secs(60);
    assert_eq!(store.forget_sagas(later, 100).await.unwrap(), 1);
    eventually("the other one is left", async || house.listed("waiting").await.len() == 1).await;
    assert_eq!(house.listed("done").await, []);
}

/// A step that tells for which community it was done.
#[derive(Serialize, Deserialize)]
struct Report;

impl Saga for Report {
    type Home = Market;
    const KIND: &'static str = "market.report";

    fn plan(_: i32) -> Option<Plan<Self>> {
        async fn report(market: &Market, turn: Turn<Report>) -> Result<Uuid, Fault> {
            let whose = turn.caller.actor.tenant.to_string();
            ask(&market.courier, &NOTIFY, &turn.caller, json!({ "whose": whose })).await
        }
        Some(Plan::new().then(Step::call("report", report).trying(Tries::once())))
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_an_operator_of_another_community_retries_is_done_for_the_saga_s(
    #[values(Engine::Sqlite, Engine::Postgres, Engine::MariaDb)] engine: Engine,
) {
    let Some(house) = House::on(engine, Topology::OneProcess).await else { return };
    let home = TenantId::FIRST.to_string();
    house.trouble.make(&home, "notify", [Fate::Away]);
    let _worker = works::<Report>(&house);
    let saga = begin(&house, "r", &Report).await;
    comes_to::<Report>(&house, saga, "stuck").await;
    let abroad = TenantId(Uuid::from_u128(99));
    let operator = Caller::new(Actor::service(abroad, "operator"), "request");
    let permit = gate().permit(&operator, &ORDER, &Resource::new("Saga", saga, abroad)).unwrap();
    Sagas::in_store(&house.market.store).saga::<Report>().order(permit, saga, SagaOrder::Retry).await.unwrap();
    comes_to::<Report>(&house, saga, "done").await;
    assert_eq!(house.done().await.into_keys().collect::<Vec<_>>(), [(home, "notify".to_owned())]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_order_given_twice_at_the_same_time_is_answered_twice_and_carried_out_once(
    #[values(Engine::Sqlite, Engine::Postgres, Engine::MariaDb)] engine: Engine,
) {
    let Some(house) = House::on(engine, Topology::OneProcess).await else { return };
    let worker = house.worker();
    let mut sales = Vec::new();
    for nth in 0..8 {
        sales.push(house.sells(&format!("sale {nth}"), LONG).await);
    }
    for sale in &sales {
        house.comes_to(*sale, "waiting").await;
    }
    drop(worker);
    let desk = Desk::new(&house.market.store, gate(), TermsOf::new()).with_sagas(house.sagas());
    for sale in sales {
        let mut operator = buyer();
        operator.idempotency_key = IdempotencyKey::parse(&format!("undo {sale}"));
        let order = || desk.order(&operator, DeskOrder::CompensateSaga(sale));
        let (first, second) = tokio::join!(order(), order());
        assert_eq!((first.unwrap(), second.unwrap()), (1, 1));
        let anew = desk.order(&buyer(), DeskOrder::CompensateSaga(sale)).await.unwrap_err();
        assert!(anew.is(&UNDOING), "{anew}");
    }
}
