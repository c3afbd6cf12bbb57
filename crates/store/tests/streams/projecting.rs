//! Projecting: every event once, in an order without gaps, however appends and followers race.

use crate::balances::{balances, folded, lines, seen};
use crate::purse::{Bank, deposited};
use kernel::Position;
use rstest::rstest;
use sea_orm::{ConnectionTrait, TransactionTrait};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use store::streams::run_projection;
use store::{Store, statement};
use testkit::{Engine, eventually};
use tokio_util::sync::CancellationToken;

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_is_projected_once_and_in_order_however_appends_and_followers_race(#[case] engine: Engine) {
    const WRITERS: usize = 4;
    const DEPOSITS: i64 = 20;
    let Some(bank) = Bank::on(engine).await else { return };
    let bank = &bank;
    let (projection, _) = balances(1, 3);
    let elsewhere = bank.elsewhere().await;
    let projection = &projection;
    let follow = async |store: &Store| {
        while store.follow(projection).await.unwrap() < Position(WRITERS as i64 * (DEPOSITS + 1)) {}
    };
    let write = async || {
        let id = bank.open_purse("ada", 0).await;
        for amount in 1..=DEPOSITS {
            bank.record(id, &deposited(amount)).await;
        }
        id
    };
    let writers = futures::future::join_all((0..WRITERS).map(|_| write()));
    let (purses, (), ()) = futures::join!(writers, follow(&bank.store), follow(&elsewhere));
    assert_eq!(seen(&bank.store).await, folded(bank, &purses, 1).await);
    let lines = lines(&bank.store).await;
    assert!(lines.iter().map(|line| line.0).eq(1..=WRITERS as i64 * (DEPOSITS + 1)), "{lines:?}");
    let mut versions = BTreeMap::new();
    for (_, id, version) in &lines {
        let before = versions.insert(id, *version).unwrap_or(0);
        assert_eq!(before + 1, *version, "{lines:?}");
    }
}

#[rstest]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn event_whose_transaction_commits_late_is_not_passed_over(#[case] engine: Engine) {
    let Some(bank) = Bank::on(engine).await else { return };
    let id = bank.open_purse("ada", 0).await;
    let other = bank.open_purse("bo", 0).await;
    let (projection, _) = balances(1, 100);
    bank.store.follow(&projection).await.unwrap();
    // The event takes its number in the sequence first, and is committed last.
    let elsewhere = bank.elsewhere().await;
    let late = elsewhere.primary().begin().await.unwrap();
    let insert = "INSERT INTO stream_events (kind, stream_id, version, nth, name, schema_version, data) \
                  VALUES ('purse', $1, 2, 0, 'withdrawn', 1, '{\"amount_minor\": 5}')";
    late.execute_raw(statement(elsewhere.backend(), insert, [id.into()])).await.unwrap();
    bank.record(other, &deposited(1)).await;
    assert_eq!(bank.store.follow(&projection).await.unwrap(), Position(3));
    late.commit().await.unwrap();
    assert_eq!(bank.store.follow(&projection).await.unwrap(), Position(4));
    assert_eq!(lines(&bank.store).await[2..], [(3, other, 2), (4, id, 2)]);
    assert_eq!(seen(&bank.store).await[&id].1, -5);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn event_that_cannot_be_projected_stops_the_read_model_and_loses_nothing(#[case] engine: Engine) {
    let Some(bank) = Bank::on(engine).await else { return };
    let (projection, projector) = balances(1, 2);
    let id = bank.open_purse("ada", 0).await;
    bank.store.follow(&projection).await.unwrap();
    let before = seen(&bank.store).await;
    projector.broken.store(true, Ordering::SeqCst);
    bank.record(id, &deposited(1)).await;
    bank.store.follow(&projection).await.unwrap_err();
    assert_eq!(seen(&bank.store).await, before);
    bank.store.rebuild(&projection).await.unwrap_err();
    assert_eq!(seen(&bank.store).await, before);
    let progress = bank.store.progress(projection.name).await.unwrap();
    assert_eq!((progress.live, progress.rebuilt, progress.head), (Some(Position(1)), Some(Position(0)), Position(2)));
    projector.broken.store(false, Ordering::SeqCst);
    bank.store.follow(&projection).await.unwrap();
    assert_eq!(seen(&bank.store).await, folded(&bank, &[id], 1).await);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn running_projection_follows_what_any_process_commits(#[case] engine: Engine) {
    let Some(bank) = Bank::on(engine).await else { return };
    let (projection, _) = balances(1, 100);
    let stop = CancellationToken::new();
    let stores = [bank.store.clone(), bank.elsewhere().await];
    let running = stores.map(|store| tokio::spawn(run_projection(store, projection.clone(), stop.clone())));
    let id = bank.open_purse("ada", 0).await;
    eventually("the purse is seen", async || seen(&bank.store).await.contains_key(&id)).await;
    bank.record(id, &deposited(7)).await;
    eventually("the deposit is seen", async || seen(&bank.store).await[&id].1 == 7).await;
    stop.cancel();
    for runner in running {
        runner.await.unwrap();
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn streams_of_other_kinds_are_passed_over(#[case] engine: Engine) {
    let Some(bank) = Bank::on(engine).await else { return };
    let (projection, _) = balances(1, 2);
    bank.open_purse("ada", 4).await;
    bank.execute("UPDATE stream_events SET kind = 'account'", []).await;
    let id = bank.open_purse("bo", 1).await;
    assert_eq!(bank.store.follow(&projection).await.unwrap(), Position(7));
    assert_eq!(lines(&bank.store).await, [(6, id, 1), (7, id, 1)]);
}

/// How many index entries scans of the streams have read, dead ones too.
async fn entries_read(store: &Store) -> i64 {
    let count = "SELECT SUM(idx_tup_read)::bigint AS n FROM pg_stat_user_indexes WHERE relname = 'stream_events'";
    let row = store.primary().query_one_raw(statement(store.backend(), count, [])).await.unwrap().unwrap();
    row.try_get("", "n").unwrap()
}

#[tokio::test]
async fn following_stays_cheap_while_an_old_snapshot_keeps_every_dead_row() {
    const EVENTS: i64 = 2_000;
    const STEPS: i64 = 100;
    let Some(bank) = Bank::on(Engine::Postgres).await else { return };
    let (projection, _) = balances(1, 100);
    bank.open_purse("ada", 0).await;
    let holder = bank.elsewhere().await;
    let held = holder.primary().begin().await.unwrap();
    held.execute_unprepared("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").await.unwrap();
    held.execute_unprepared("SET LOCAL idle_in_transaction_session_timeout = 0").await.unwrap();
    held.execute_unprepared("SELECT count(*) FROM stream_events").await.unwrap();

    let other = bank.open_purse("bo", EVENTS - 2).await;
    assert_eq!(bank.store.follow(&projection).await.unwrap(), Position(EVENTS));
    holder.primary().execute_unprepared("VACUUM stream_events").await.unwrap();

    let busy = bank.elsewhere().await;
    busy.follow(&projection).await.unwrap();
    let before = entries_read(&holder).await;
    let began = std::time::Instant::now();
    let insert = "INSERT INTO stream_events (kind, stream_id, version, nth, name, schema_version, data) \
                  VALUES ('purse', $1, $2, 0, 'withdrawn', 1, '{\"amount_minor\": 5}')";
    for n in 1..=STEPS {
        busy.note(statement(busy.backend(), insert, [other.into(), (n + 1).into()])).await.unwrap();
        assert_eq!(busy.follow(&projection).await.unwrap(), Position(EVENTS + n));
    }
    let searches = i64::try_from(began.elapsed().as_secs()).unwrap() + 2;
    // A connection that ends has told all its counts.
    bank.store.close().await;
    busy.close().await;
    let read = entries_read(&holder).await - before;
    // A walk over the dead entries reads one for each event. Only the search that comes once a second may do that.
    assert!(read < STEPS * 200 + searches * EVENTS * 2, "{STEPS} steps and {searches} searches read {read} entries");
    held.rollback().await.unwrap();
}
