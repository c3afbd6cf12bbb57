//! Waiting for an event or a deadline: nothing is lost, nothing counts twice, and of the two exactly one wins.

use crate::market::{House, Topology};
use futures::future::join_all;
use rstest::rstest;
use std::time::Duration;
use store::sagas::TOO_LATE;
use testkit::{Engine, eventually};
use tokio::time::Instant;

const LONG: Duration = Duration::from_hours(72);

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_ends_the_wait_however_early_and_however_often_it_comes(
    #[values(Engine::Sqlite, Engine::Postgres, Engine::MariaDb)] engine: Engine,
) {
    let Some(house) = House::on(engine, Topology::OneProcess).await else { return };
    house.tell(house.signal("before it starts", "disputed").early()).await.unwrap();
    house.tell(house.signal("for nobody", "disputed")).await.unwrap();
    let early = house.sells("before it starts", LONG).await;
    let nobody = house.sells("for nobody", LONG).await;
    let ahead = house.sells("before the wait", LONG).await;
    house.tell(house.signal("before the wait", "disputed")).await.unwrap();
    house.tell(house.signal("before the wait", "disputed")).await.unwrap();
    let _worker = house.worker();
    house.comes_to(early, "undone").await;
    house.comes_to(ahead, "undone").await;
    house.comes_to(nobody, "waiting").await;
    assert!(house.sale(nobody).await.summary.next_at.is_some(), "the deadline is shown");
    join_all((0..5).map(|_| house.tell(house.signal("for nobody", "disputed")))).await;
    house.comes_to(nobody, "undone").await;
    house.all_end_whole().await;
    house.tell(house.signal("for nobody", "disputed")).await.unwrap();
    let late = house.tell(house.signal("for nobody", "disputed").in_time_for("dispute window")).await;
    assert!(late.unwrap_err().is(&TOO_LATE));
    house.all_end_whole().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_clock_leaves_the_decision_to_signals(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(house) = House::on(engine, Topology::OneProcess).await else { return };
    let sale = house.sells("frozen", Duration::from_millis(1)).await;
    house.tell(house.signal("frozen", "frozen")).await.unwrap();
    let _worker = house.worker();
    house.comes_to(sale, "waiting").await;
    let other = house.sells("not frozen", Duration::from_millis(1)).await;
    house.comes_to(other, "done").await;
    let frozen = house.sale(sale).await.summary;
    assert_eq!((frozen.state.as_str(), frozen.next_at), ("waiting", None));
    house.tell(house.signal("frozen", "cleared")).await.unwrap();
    house.comes_to(sale, "done").await;
    house.all_end_whole().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signal_and_deadline_race_and_exactly_one_wins(
    #[values(Engine::Sqlite, Engine::Postgres, Engine::MariaDb)] engine: Engine,
) {
    let Some(house) = House::on(engine, Topology::OneProcess).await else { return };
    let _worker = house.worker();
    let began = Instant::now();
    let measured = house.sells("measured", LONG).await;
    house.comes_to(measured, "waiting").await;
    let window = began.elapsed() * 2 + Duration::from_millis(60);
    house.tell(house.signal("measured", "cleared")).await.unwrap();
    let mut heard = Vec::new();
    for round in 0..12_u32 {
        let whose = format!("race {round}");
        let ends = Instant::now() + window;
        let sale = house.sells(&whose, window).await;
        eventually("the sale waits, or has waited", async || house.sale(sale).await.steps[3].state != "pending").await;
        // From a little before the deadline until a little behind it.
        let before = Duration::from_micros(500) * 12_u32.saturating_sub(round * 2);
        while Instant::now() + before < ends {
            tokio::task::yield_now().await;
        }
        let told = house.tell(house.signal(&whose, "disputed").in_time_for("dispute window")).await;
        heard.push((whose, told.is_ok()));
    }
    let sales = house.all_end_whole().await;
    for (whose, in_time) in heard {
        let sale = sales.iter().find(|sale| sale.correlation == whose).unwrap();
        assert_eq!(sale.state, if in_time { "undone" } else { "done" }, "{whose}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_saga_begun_twice_runs_once(#[values(Engine::Sqlite, Engine::Postgres, Engine::MariaDb)] engine: Engine) {
    let Some(house) = House::on(engine, Topology::OneProcess).await else { return };
    let _worker = house.worker();
    join_all((0..6).map(|_| house.sells("the same", Duration::ZERO))).await;
    let sales = house.all_end_whole().await;
    assert_eq!(sales.len(), 1);
    house.sells("the same", Duration::ZERO).await;
    assert_eq!(house.all_end_whole().await.len(), 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signals_of_a_saga_stay_as_long_as_it_does(
    #[values(Engine::Sqlite, Engine::Postgres, Engine::MariaDb)] engine: Engine,
) {
    let Some(house) = House::on(engine, Topology::OneProcess).await else { return };
    house.sells("begun", LONG).await;
    for whose in ["begun", "never begun"] {
        house.tell(house.signal(whose, "not waited for").early()).await.unwrap();
    }
    let store = &house.market.store;
    let later = store.clock().now() + Duration::from_secs(60);
    assert_eq!(store.forget_stray_signals(later).await.unwrap(), 1);
    assert_eq!(house.count("saga_signals", "correlation = 'begun'").await, 1);
}
