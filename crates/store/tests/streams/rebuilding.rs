//! Rebuilding blue/green: readers see the whole read model before, during and after it, whatever is killed.

use crate::balances::{balances, folded, lines, page, seen};
use crate::purse::{Bank, deposited};
use futures::future::poll_fn;
use kernel::Position;
use rstest::rstest;
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;
use store::streams::{Progress, Projection, Rebuilt};
use testkit::Engine;
use tokio::time::timeout;
use uuid::Uuid;

async fn purses(bank: &Bank, count: usize) -> Vec<Uuid> {
    let mut ids = Vec::new();
    for n in 0..count {
        ids.push(bank.open_purse(&format!("owner {n}"), 2).await);
    }
    ids
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rebuild_under_appends_ends_equal_to_a_fresh_fold(#[case] engine: Engine) {
    let Some(bank) = Bank::on(engine).await else { return };
    let ids = purses(&bank, 4).await;
    let (projection, _) = balances(1, 5);
    bank.store.follow(&projection).await.unwrap();
    let written = AtomicBool::new(false);
    let writers = async {
        let write = async |id: &Uuid| {
            for amount in 1..=25 {
                bank.record(*id, &deposited(amount)).await;
            }
        };
        futures::future::join_all(ids.iter().map(write)).await;
        written.store(true, Ordering::SeqCst);
    };
    let follower = async {
        let elsewhere = bank.elsewhere().await;
        let mut before = Position::START;
        while !written.load(Ordering::SeqCst) {
            let now = elsewhere.follow(&projection).await.unwrap();
            assert!(now >= before, "readers went back from {before} to {now}");
            before = now;
        }
    };
    let rebuilder = async {
        let mut rebuilds = 0;
        while !written.load(Ordering::SeqCst) || rebuilds < 2 {
            assert_eq!(bank.store.rebuild(&projection).await.unwrap(), Rebuilt::Here);
            rebuilds += 1;
        }
    };
    futures::join!(writers, follower, rebuilder);
    bank.store.follow(&projection).await.unwrap();
    assert_eq!(seen(&bank.store).await, folded(&bank, &ids, 1).await);
    assert!(lines(&bank.store).await.iter().map(|line| line.0).eq(1..=112));
    assert_eq!((bank.count("balance_rows").await, bank.count("line_rows").await), (4, 112), "the old colour is empty");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_rebuild_at_once_one_switches(#[case] engine: Engine) {
    let Some(bank) = Bank::on(engine).await else { return };
    let ids = purses(&bank, 6).await;
    let (projection, _) = balances(1, 2);
    bank.store.follow(&projection).await.unwrap();
    let stores = [bank.store.clone(), bank.elsewhere().await, bank.elsewhere().await];
    let rebuilt = futures::future::join_all(stores.iter().map(|store| store.rebuild(&projection))).await;
    let rebuilt: Vec<_> = rebuilt.into_iter().map(Result::unwrap).collect();
    assert!(rebuilt.contains(&Rebuilt::Here), "{rebuilt:?}");
    assert_eq!(seen(&bank.store).await, folded(&bank, &ids, 1).await);
    assert_eq!(bank.count("line_rows").await, 18, "{rebuilt:?}");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_see_the_whole_read_model_while_it_is_rebuilt(#[case] engine: Engine) {
    let Some(bank) = Bank::on(engine).await else { return };
    let ids = purses(&bank, 10).await;
    let (projection, _) = balances(1, 3);
    bank.store.follow(&projection).await.unwrap();
    let whole = folded(&bank, &ids, 1).await;
    let rebuilt = AtomicBool::new(false);
    let reader = async {
        let mut reads = 0;
        while !rebuilt.load(Ordering::SeqCst) {
            assert_eq!(seen(&bank.store).await, whole);
            reads += 1;
        }
        reads
    };
    let rebuilder = async {
        for _ in 0..5 {
            bank.store.rebuild(&projection).await.unwrap();
        }
        rebuilt.store(true, Ordering::SeqCst);
    };
    let (reads, ()) = futures::join!(reader, rebuilder);
    assert!(reads > 3, "only {reads} reads came between");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn reader_between_two_pages_reads_on_after_the_switch(#[case] engine: Engine) {
    let Some(bank) = Bank::on(engine).await else { return };
    let ids = purses(&bank, 7).await;
    let (old, new) = (balances(1, 100).0, balances(2, 100).0);
    bank.store.follow(&old).await.unwrap();
    let mut read = page(&bank.store, Uuid::nil(), 4).await;
    bank.store.rebuild(&new).await.unwrap();
    read.extend(page(&bank.store, read[3].0, 4).await);
    assert!(read.iter().map(|(id, _)| *id).eq(ids));
    assert!(read.iter().map(|(_, row)| row.3).eq([1, 1, 1, 1, 2, 2, 2]));
}

/// How often a rebuild must have come to its end undisturbed before every place in it counts as visited: an answer that
/// is there at once saves a poll.
const UNHURRIED: usize = 8;

/// Polls `future` so many times, and lets it go: with its last call under way, or answered and not heard.
async fn killed_after<F: Future>(polls: usize, heard: bool, future: F) -> Option<F::Output> {
    let (mut future, mut left) = (pin!(future), polls);
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 && !heard => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

#[rstest]
#[case::sqlite(Engine::Sqlite, false)]
#[case::sqlite_heard(Engine::Sqlite, true)]
#[case::postgres(Engine::Postgres, false)]
#[case::postgres_heard(Engine::Postgres, true)]
#[case::mariadb(Engine::MariaDb, false)]
#[case::mariadb_heard(Engine::MariaDb, true)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rebuild_killed_at_any_await_point_leaves_a_whole_read_model(#[case] engine: Engine, #[case] heard: bool) {
    let Some(bank) = Bank::on(engine).await else { return };
    let ids = purses(&bank, 2).await;
    let (projection, _) = balances(1, 4);
    bank.store.follow(&projection).await.unwrap();
    let (mut polls, mut finished) = (0, 0);
    while finished < UNHURRIED {
        polls += 1;
        let whole = folded(&bank, &ids, 1).await;
        let rebuilt = killed_after(polls, heard, bank.store.rebuild(&projection)).await;
        finished += usize::from(rebuilt.is_some());
        assert_eq!(seen(&bank.store).await, whole, "killed after {polls} polls");
        // Each event is some more polls, so it has to come seldom enough for the polls to catch up.
        if polls % 40 == 0 {
            bank.record(ids[0], &deposited(1)).await;
            bank.store.follow(&projection).await.unwrap();
            assert_eq!(seen(&bank.store).await, folded(&bank, &ids, 1).await, "killed after {polls} polls");
        }
        bank.store.rebuild(&projection).await.unwrap();
    }
    assert!(polls - finished > 5, "it was over after {polls} polls");
    assert_eq!(bank.count("balance_rows").await, 2);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_do_not_go_back_in_time_wherever_a_rebuild_is_overtaken(#[case] engine: Engine) {
    let Some(bank) = Bank::on(engine).await else { return };
    let ids = purses(&bank, 1).await;
    // It has nothing to write, so that each rebuild takes as many polls as the one before.
    let projection = Projection { kinds: &[], ..balances(1, 1000).0 };
    let (mut polls, mut finished, mut overtaken) = (0, 0, 0);
    while finished < UNHURRIED || overtaken < 3 {
        polls = if finished < UNHURRIED { polls + 1 } else { 1 };
        finished %= UNHURRIED;
        let before = bank.store.follow(&projection).await.unwrap();
        let mut rebuild = pin!(bank.store.rebuild(&projection));
        if paused_after(polls, rebuild.as_mut()).await {
            finished += 1;
            continue;
        }
        let overtake = async {
            bank.record(ids[0], &deposited(1)).await;
            bank.store.follow(&projection).await.unwrap()
        };
        // It cannot while the rebuild holds a lock; then this is not the place.
        let followed = timeout(Duration::from_millis(60), overtake).await;
        rebuild.await.unwrap();
        let Ok(followed) = followed else { continue };
        overtaken += usize::from(followed > before);
        let live = bank.store.progress(projection.name).await.unwrap().live.unwrap();
        assert!(live >= followed, "after {polls} polls: readers went back from {followed} to {live}");
    }
}

/// Polls `future` so many times, and leaves it there; whether it was over by then.
async fn paused_after<F: Future>(polls: usize, mut future: std::pin::Pin<&mut F>) -> bool {
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        future.as_mut().poll(context).map(|_| true)
    })
    .await
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn first_build_shows_nothing_until_it_shows_everything(#[case] engine: Engine) {
    let Some(bank) = Bank::on(engine).await else { return };
    let ids = purses(&bank, 3).await;
    let (projection, _) = balances(1, 1);
    assert_eq!(
        bank.store.progress(projection.name).await.unwrap(),
        Progress { live: None, rebuilt: None, head: Position(9) }
    );
    let whole = folded(&bank, &ids, 1).await;
    let mut unfinished = 0;
    // Each attempt goes on where the last one was killed.
    while bank.store.progress(projection.name).await.unwrap().live.is_none() {
        assert_eq!(seen(&bank.store).await, BTreeMap::new());
        killed_after(12, true, bank.store.follow(&projection)).await;
        unfinished += 1;
    }
    assert!(unfinished > 2, "it was built in {unfinished} attempts");
    assert_eq!(seen(&bank.store).await, whole);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn newer_version_rebuilds_and_the_older_one_leaves_it_alone(#[case] engine: Engine) {
    let Some(bank) = Bank::on(engine).await else { return };
    let ids = purses(&bank, 3).await;
    let (old, new) = (balances(1, 4).0, balances(2, 4).0);
    bank.store.follow(&old).await.unwrap();
    // A process of the old version began a rebuild, and was killed in it.
    killed_after(30, true, bank.store.rebuild(&old)).await;
    assert_eq!(bank.store.follow(&new).await.unwrap(), Position(9));
    assert_eq!(seen(&bank.store).await, folded(&bank, &ids, 2).await);
    bank.record(ids[0], &deposited(1)).await;
    assert_eq!(
        bank.store.follow(&old).await.unwrap(),
        Position(9),
        "the old version does not write the new one's rows"
    );
    assert_eq!(bank.store.follow(&new).await.unwrap(), Position(10));
    // Going back to the old release is somebody's decision.
    assert_eq!(bank.store.rebuild(&old).await.unwrap(), Rebuilt::Here);
    assert_eq!(bank.store.follow(&old).await.unwrap(), Position(10));
    assert_eq!(seen(&bank.store).await, folded(&bank, &ids, 1).await);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_that_rebuild_at_once_do_not_mix(#[case] engine: Engine) {
    let Some(bank) = Bank::on(engine).await else { return };
    let ids = purses(&bank, 5).await;
    let (old, new) = (balances(1, 2).0, balances(2, 2).0);
    let elsewhere = bank.elsewhere().await;
    let (one, other) = futures::join!(bank.store.rebuild(&old), elsewhere.rebuild(&new));
    for rebuilt in [&one, &other] {
        let conflict = rebuilt.as_ref().is_err_and(|fault| fault.reason == "stream.another_version");
        assert!(rebuilt.is_ok() || conflict, "{rebuilt:?}");
    }
    let rows = seen(&bank.store).await;
    let written_by = rows.values().next().unwrap().3;
    assert_eq!(rows, folded(&bank, &ids, written_by).await);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn nothing_to_project_is_a_whole_read_model_too(#[case] engine: Engine) {
    let Some(bank) = Bank::on(engine).await else { return };
    let (projection, _) = balances(1, 10);
    assert_eq!(bank.store.follow(&projection).await.unwrap(), Position::START);
    let progress = bank.store.progress(projection.name).await.unwrap();
    assert_eq!(progress, Progress { live: Some(Position::START), rebuilt: None, head: Position::START });
}
