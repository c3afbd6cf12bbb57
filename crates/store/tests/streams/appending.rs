//! One append: everything or nothing, on the version it was decided on.

use crate::purse::{Bank, Purse, PurseEvent, deposited};
use kernel::{AuditEntry, EventLog, Fault, Position, reasons};
use rstest::rstest;
use sea_orm::DatabaseTransaction;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use store::streams::{Aggregate, Append, Loaded, Recorded, Shape};
use store::{Change, ChangeError, Changed, Outbox};
use testkit::Engine;
use uuid::Uuid;

async fn append(bank: &Bank, id: Uuid, events: impl IntoIterator<Item = PurseEvent>) -> Append {
    let mut purse = bank.purse(id).await;
    events.into_iter().for_each(|event| purse.record(event));
    purse.append().unwrap()
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_many_appends_to_the_same_version_wins(#[case] engine: Engine) {
    let Some(bank) = Bank::on(engine).await else { return };
    let id = bank.open_purse("ada", 1).await;
    for round in 0..5 {
        let appends =
            futures::future::join_all((0..8).map(|n| append(&bank, id, [deposited(10 + n), deposited(n)]))).await;
        let outcomes = futures::future::join_all(appends.into_iter().map(|append| bank.commit(append))).await;
        let lost: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
        assert_eq!(lost.len(), 7, "{outcomes:?}");
        assert!(lost.iter().all(|fault| fault.is(&reasons::STALE)), "{outcomes:?}");
        assert_eq!(bank.purse(id).await.version(), 2 + round);
    }
    assert_eq!(bank.count("stream_events").await, 2 + 5 * 2);
}

/// An append that finds out at its end that it must not be.
struct Refused(Append);

#[async_trait::async_trait]
impl Change for Refused {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        self.0.apply(tx).await?;
        Err(Fault::invalid("amount", "is too much").into())
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn refused_commit_leaves_nothing_of_its_append(#[case] engine: Engine) {
    let Some(bank) = Bank::on(engine).await else { return };
    let mut purse = Loaded::<Purse<1>>::new(bank.new_id());
    let id = purse.id();
    purse.record(PurseEvent::Opened { owner: "ada".into() });
    bank.commit(Refused(purse.append().unwrap())).await.unwrap_err();
    for table in ["stream_events", "stream_snapshots", "history", "outbox"] {
        assert_eq!(bank.count(table).await, 0, "{table}");
    }
    assert_eq!(bank.purse(id).await.version(), 0);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn one_append_is_one_version_in_history_and_audit(#[case] engine: Engine) {
    let Some(bank) = Bank::on(engine).await else { return };
    let id = bank.open_purse("ada", 3).await;
    bank.commit(append(&bank, id, [deposited(4), PurseEvent::Closed]).await).await.unwrap();
    let versions = bank.store.versions("purse", id).await.unwrap();
    let told: Vec<_> =
        versions.iter().map(|v| (v.version, v.state.as_ref().unwrap()["balance_minor"].clone())).collect();
    assert_eq!(told, [(1, 6.into()), (2, 10.into())]);
    assert!(versions[0].valid_to.is_some() && versions[1].valid_to.is_none());
    let log = Outbox::of(&bank.store).read(Position::START, 10, Duration::ZERO).await.unwrap();
    let entry: AuditEntry = serde_json::from_value(log.events.last().unwrap().event.data.clone()).unwrap();
    assert_eq!(entry.changes, [format!("purse/{id}@2")]);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn appends_to_several_streams_are_all_or_nothing(#[case] engine: Engine) {
    let Some(bank) = Bank::on(engine).await else { return };
    let (ada, bo) = (bank.open_purse("ada", 5).await, bank.open_purse("bo", 0).await);
    let old = append(&bank, bo, [deposited(1)]).await;
    let both = vec![
        append(&bank, ada, [PurseEvent::Withdrawn { amount_minor: 7 }]).await,
        append(&bank, bo, [deposited(7)]).await,
    ];
    bank.commit(both).await.unwrap();
    let balances = async || (bank.purse(ada).await.state().balance_minor, bank.purse(bo).await.state().balance_minor);
    assert_eq!(balances().await, (8, 7));
    let fresh = append(&bank, ada, [PurseEvent::Withdrawn { amount_minor: 1 }]).await;
    let fault = bank.commit(vec![fresh, old]).await.unwrap_err();
    assert!(fault.is(&reasons::STALE), "{fault}");
    assert_eq!(balances().await, (8, 7));
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transfers_in_both_directions_do_not_deadlock(#[case] engine: Engine) {
    let Some(bank) = Bank::on(engine).await else { return };
    let (ada, bo) = (bank.open_purse("ada", 100).await, bank.open_purse("bo", 100).await);
    let bank = &bank;
    let move_money = |from: Uuid, to: Uuid| async move {
        let mut left = 25;
        while left > 0 {
            let pay = append(bank, from, [PurseEvent::Withdrawn { amount_minor: 1 }]).await;
            match bank.commit(vec![pay, append(bank, to, [deposited(1)]).await]).await {
                Ok(()) => left -= 1,
                Err(fault) => assert!(fault.is(&reasons::STALE), "{fault}: {}", fault.chain()),
            }
        }
    };
    futures::join!(move_money(ada, bo), move_money(bo, ada), move_money(ada, bo));
    let (ada, bo) = (bank.purse(ada).await, bank.purse(bo).await);
    assert_eq!((ada.state().balance_minor, bo.state().balance_minor), (5050 - 25, 5050 + 25));
    assert_eq!((ada.version(), bo.version()), (76, 76));
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn two_appends_to_one_stream_in_a_commit_are_refused_for_good(#[case] engine: Engine) {
    let Some(bank) = Bank::on(engine).await else { return };
    let id = bank.open_purse("ada", 0).await;
    let twice = vec![append(&bank, id, [deposited(1)]).await, append(&bank, id, [deposited(2)]).await];
    let fault = bank.commit(twice).await.unwrap_err();
    assert!(!fault.is(&reasons::STALE) && fault.chain().contains("two appends"), "{fault}: {}", fault.chain());
    assert_eq!(bank.purse(id).await.version(), 1);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn append_may_hold_more_events_than_a_statement(#[case] engine: Engine) {
    let Some(bank) = Bank::on(engine).await else { return };
    let id = bank.open_purse("ada", 1200).await;
    let purse = bank.purse(id).await;
    assert_eq!((purse.version(), purse.state().balance_minor), (1, 1200 * 1201 / 2));
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn event_may_be_larger_than_64_kib(#[case] engine: Engine) {
    let Some(bank) = Bank::on(engine).await else { return };
    let mut purse = Loaded::<Purse<1>>::new(bank.new_id());
    let id = purse.id();
    purse.record(PurseEvent::Opened { owner: "ä".repeat(100_000) });
    bank.commit(purse.append().unwrap()).await.unwrap();
    assert_eq!(bank.purse(id).await.state().owner.chars().count(), 100_000);
}

#[test]
fn event_without_a_shape_cannot_be_appended() {
    #[derive(Serialize, Deserialize)]
    enum Unlisted {
        Known,
        Unknown,
    }
    impl Recorded for Unlisted {
        const SHAPES: &'static [Shape] = &[Shape::new("Known")];
    }
    #[derive(Default, Serialize, Deserialize)]
    struct Careless;
    impl Aggregate for Careless {
        const KIND: &'static str = "careless";
        const SNAPSHOT: i32 = 1;
        type Event = Unlisted;
        fn apply(&mut self, _: &Unlisted) {}
    }
    let append = |event| {
        let mut careless = Loaded::<Careless>::new(Uuid::nil());
        careless.record(event);
        careless.append()
    };
    assert!(append(Unlisted::Known).is_ok());
    let fault = append(Unlisted::Unknown).unwrap_err();
    assert!(fault.chain().contains("no shape for the event Unknown"), "{}", fault.chain());
}
