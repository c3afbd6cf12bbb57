//! Loading: a state is the fold of its events, wherever it is read from.

use crate::purse::{Bank, Purse, PurseEvent, deposited};
use kernel::FaultCode;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use rstest::rstest;
use serde::{Deserialize, Serialize};
use store::streams::{Aggregate, Loaded};
use testkit::Engine;
use tokio::runtime::Runtime;
use uuid::Uuid;

fn any_event() -> impl Strategy<Value = PurseEvent> {
    prop_oneof![
        "[a-z]{0,6}".prop_map(|owner| PurseEvent::Opened { owner }),
        (-9_000_000_000_000_i64..9_000_000_000_000).prop_map(deposited),
        (0_i64..100).prop_map(|amount_minor| PurseEvent::Withdrawn { amount_minor }),
        Just(PurseEvent::Closed),
    ]
}

/// Writes the appends into a new stream, loading it anew before each one, and holds every load against the fold.
async fn load_is_fold<const EVERY: usize>(bank: &Bank, appends: &[Vec<PurseEvent>]) -> Result<(), TestCaseError> {
    let (id, mut fold, mut versions) = (bank.new_id(), Purse::<EVERY>::default(), 0);
    for events in appends {
        let mut purse: Loaded<Purse<EVERY>> = bank.store.load(id).await.unwrap();
        prop_assert_eq!(purse.state(), &fold);
        prop_assert_eq!(purse.version(), versions);
        for event in events {
            fold.apply(event);
            purse.record(event.clone());
        }
        versions += i64::from(!events.is_empty());
        let append = purse.append().unwrap();
        prop_assert_eq!(append.version(), versions);
        bank.commit(append).await.unwrap();
    }
    let purse: Loaded<Purse<EVERY>> = bank.store.load(id).await.unwrap();
    prop_assert_eq!(purse.state(), &fold);
    Ok(())
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
fn load_is_the_fold_of_all_events_whatever_the_snapshots(#[case] engine: Engine) {
    let runtime = Runtime::new().unwrap();
    let Some(bank) = runtime.block_on(Bank::on(engine)) else { return };
    let mut runner = TestRunner::new(ProptestConfig { cases: 16, failure_persistence: None, ..Default::default() });
    let appends = vec(vec(any_event(), 0..6), 0..8);
    runner
        .run(&appends, |appends| {
            runtime.block_on(async {
                load_is_fold::<1>(&bank, &appends).await?;
                load_is_fold::<2>(&bank, &appends).await?;
                load_is_fold::<5>(&bank, &appends).await?;
                load_is_fold::<1000>(&bank, &appends).await
            })
        })
        .unwrap();
    runtime.block_on(bank.store.close());
}

/// A purse with a snapshot at version 2 and an event after it.
async fn with_snapshot(bank: &Bank) -> Uuid {
    let mut purse = Loaded::<Purse<3>>::new(bank.new_id());
    let id = purse.id();
    purse.record(PurseEvent::Opened { owner: "ada".into() });
    bank.commit(purse.append().unwrap()).await.unwrap();
    for amounts in [vec![10, 20], vec![40]] {
        let mut purse = bank.store.load::<Purse<3>>(id).await.unwrap();
        amounts.into_iter().for_each(|amount| purse.record(deposited(amount)));
        bank.commit(purse.append().unwrap()).await.unwrap();
    }
    assert_eq!(bank.count("stream_snapshots").await, 1);
    id
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn events_before_the_snapshot_are_not_read(#[case] engine: Engine) {
    let Some(bank) = Bank::on(engine).await else { return };
    let id = with_snapshot(&bank).await;
    let whole = bank.purse(id).await;
    assert_eq!(whole.state().balance_minor, 70);
    assert_eq!(bank.execute("DELETE FROM stream_events WHERE version <= 2", []).await, 3);
    assert_eq!(bank.purse(id).await.state(), whole.state());
}

/// The purse of a later release: it counts deposits, and nothing else.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Counter {
    deposits: i64,
}

impl Aggregate for Counter {
    const KIND: &'static str = "purse";
    const SNAPSHOT: i32 = 2;
    const SNAPSHOT_EVERY: usize = 1;
    type Event = PurseEvent;

    fn apply(&mut self, event: &PurseEvent) {
        self.deposits += i64::from(matches!(event, PurseEvent::Deposited { .. }));
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn snapshot_of_another_version_is_passed_over(#[case] engine: Engine) {
    let Some(bank) = Bank::on(engine).await else { return };
    let id = with_snapshot(&bank).await;
    let mut counter = bank.store.load::<Counter>(id).await.unwrap();
    assert_eq!((counter.version(), counter.state().deposits), (3, 3));
    // The later release writes a snapshot of its own, and the earlier one, still running, does not read it.
    counter.record(deposited(1));
    bank.commit(counter.append().unwrap()).await.unwrap();
    assert_eq!(bank.purse(id).await.state().balance_minor, 71);
    let mut purse = bank.store.load::<Purse<1>>(id).await.unwrap();
    purse.record(deposited(1));
    bank.commit(purse.append().unwrap()).await.unwrap();
    assert_eq!(bank.count("stream_snapshots").await, 2, "the earlier release leaves the later one's snapshot alone");
    assert_eq!(bank.store.load::<Counter>(id).await.unwrap().state().deposits, 5);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn snapshot_that_cannot_be_read_costs_time_and_nothing_else(#[case] engine: Engine) {
    let Some(bank) = Bank::on(engine).await else { return };
    let id = with_snapshot(&bank).await;
    let whole = bank.purse(id).await;
    bank.execute("UPDATE stream_snapshots SET state = $1", [r#"{"owner": 7}"#.into()]).await;
    let again = bank.purse(id).await;
    assert_eq!((again.version(), again.state()), (whole.version(), whole.state()));
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn events_of_every_age_are_read_as_today_s(#[case] engine: Engine) {
    let Some(bank) = Bank::on(engine).await else { return };
    let id = bank.open_purse("ada", 1).await;
    let old = "UPDATE stream_events SET schema_version = $1, data = $2 WHERE name = 'deposited'";
    for (version, data, balance) in [(1, r#"{"amount": 5}"#, 500), (2, r#"{"amount_minor": 5}"#, 5)] {
        bank.execute(old, [version.into(), data.into()]).await;
        assert_eq!(bank.purse(id).await.state().balance_minor, balance);
    }
    bank.execute(old, [4.into(), r#"{"cents": 5}"#.into()]).await;
    let fault = bank.store.load::<Purse>(id).await.unwrap_err();
    assert_eq!(fault.code, FaultCode::Unavailable, "{fault}");
    assert!(fault.chain().contains("by a newer program"), "{}", fault.chain());
    bank.execute(old, [3.into(), r#"{"cents": 5}"#.into()]).await;
    let fault = bank.store.load::<Purse>(id).await.unwrap_err();
    assert_eq!(fault.code, FaultCode::Internal, "{fault}");
}
