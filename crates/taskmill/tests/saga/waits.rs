//! Waits that go wrong: what they hear cannot be kept, their task is gone, their deadline is long over.

use crate::market::{House, Market, Topology, rescue};
use crate::operators::permit;
use crate::versions::{begin, comes_to, life, works};
use kernel::{Clock, SystemClock, TenantId, Time};
use rstest::rstest;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;
use store::{TaskOrder, statement};
use taskmill::saga::{Heard, Plan, Saga, SagaOrder, Sagas, Signal, Verdict, Wait};
use testkit::Engine;

const LONG: Duration = Duration::from_hours(72);

/// A vote whose author did not think of every answer.
#[derive(Serialize, Deserialize)]
struct Vote;

impl Saga for Vote {
    type Home = Market;
    const KIND: &'static str = "market.vote";

    fn plan(_: i32) -> Option<Plan<Self>> {
        let wait = Wait::named("answer").on("answer", Verdict::GoOn).after(LONG, Verdict::Undo);
        Some(Plan::new().wait(wait.keeping(|_, heard: Heard| assert_ne!(heard.payload, json!("maybe")))))
    }
}

/// The same, thought through.
#[derive(Serialize, Deserialize)]
struct Ballot;

impl Saga for Ballot {
    type Home = Market;
    const KIND: &'static str = "market.vote";

    fn plan(_: i32) -> Option<Plan<Self>> {
        Some(Plan::new().wait(Wait::named("answer").on("answer", Verdict::GoOn).after(LONG, Verdict::Undo)))
    }
}

async fn answers(house: &House, whose: &str, what: &str) {
    let signal = Signal::to::<Vote>(&house.market.store, TenantId::FIRST, whose, "answer");
    house.tell(signal.told_apart_by(what).with(&what).unwrap()).await.unwrap();
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_that_cannot_keep_what_it_heard_is_stuck_until_it_can_or_is_skipped(
    #[values(Engine::Sqlite, Engine::Postgres, Engine::MariaDb)] engine: Engine,
) {
    let Some(house) = House::on(engine, Topology::OneProcess).await else { return };
    let worker = works::<Vote>(&house);
    let mut votes = Vec::new();
    for whose in ["skipped", "undone", "mended"] {
        let vote = begin(&house, whose, &Vote).await;
        comes_to::<Vote>(&house, vote, "waiting").await;
        answers(&house, whose, "maybe").await;
        comes_to::<Vote>(&house, vote, "stuck").await;
        let wait = life::<Vote>(&house, vote).await.steps.remove(0);
        assert!(wait.state == "waiting" && wait.error.is_some_and(|error| error.contains("panicked")));
        votes.push(vote);
    }
    let desk = Sagas::in_store(&house.market.store).saga::<Vote>();
    desk.order(permit(votes[0]), votes[0], SagaOrder::Skip).await.unwrap();
    comes_to::<Vote>(&house, votes[0], "done").await;
    desk.order(permit(votes[1]), votes[1], SagaOrder::Compensate).await.unwrap();
    comes_to::<Vote>(&house, votes[1], "undone").await;
    house.rests().await;
    drop(worker);
    rescue(&house.market.store).await;

    let _mended = works::<Ballot>(&house);
    house.hurry().await;
    comes_to::<Ballot>(&house, votes[2], "done").await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_brings_back_the_deadline_of_a_wait_whose_task_was_cancelled(
    #[values(Engine::Sqlite, Engine::Postgres, Engine::MariaDb)] engine: Engine,
) {
    let Some(house) = House::on(engine, Topology::OneProcess).await else { return };
    let store = &house.market.store;
    let _worker = works::<Vote>(&house);
    let vote = begin(&house, "v", &Vote).await;
    comes_to::<Vote>(&house, vote, "waiting").await;
    house.rests().await;
    let find = statement(store.backend(), "SELECT task_id, due_us FROM task_ready", []);
    let alone = async || {
        let mut rows = store.primary().query_all_raw(find.clone()).await.unwrap();
        assert_eq!(rows.len(), 1);
        rows.remove(0)
    };
    let timer = alone().await;
    let task = timer.try_get("", "task_id").unwrap();
    store.order_tasks(permit(vote), TaskOrder::Cancel(task)).await.unwrap();
    assert_eq!(house.count("task_ready", "1 = 1").await, 0);

    let desk = Sagas::in_store(store).saga::<Vote>();
    assert_eq!(desk.order(permit(vote), vote, SagaOrder::Retry).await.unwrap(), 1);
    house.rests().await;
    let due = |row: &sea_orm::QueryResult| row.try_get::<i64>("", "due_us").unwrap();
    let early_us = due(&timer) - due(&alone().await);
    assert!(early_us.abs() < 1_000_000, "it comes {early_us} us before the deadline");
    assert_eq!(life::<Vote>(&house, vote).await.summary.state, "waiting");
}

/// Something that was to be decided long ago.
#[derive(Serialize, Deserialize)]
struct Overdue {
    by: Time,
}

impl Saga for Overdue {
    type Home = Market;
    const KIND: &'static str = "market.overdue";

    fn plan(_: i32) -> Option<Plan<Self>> {
        Some(Plan::new().wait(Wait::named("answer").until(|overdue: &Overdue| overdue.by, Verdict::GoOn)))
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_that_is_over_when_the_wait_begins_counts_however_long_ago_it_was(
    #[values(Engine::Sqlite, Engine::Postgres, Engine::MariaDb)] engine: Engine,
) {
    let Some(house) = House::on(engine, Topology::OneProcess).await else { return };
    let _worker = works::<Overdue>(&house);
    let epoch = Time::default();
    let deadlines = [epoch - Duration::from_hours(24), epoch, epoch + Duration::from_secs(1), SystemClock.now()];
    for (nth, by) in deadlines.into_iter().enumerate() {
        let saga = begin(&house, &nth.to_string(), &Overdue { by }).await;
        comes_to::<Overdue>(&house, saga, "done").await;
    }
}
