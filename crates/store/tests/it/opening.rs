//! Opening: words for whoever finds the database closed, too new, or not there.

use crate::notes::{Migrator, Notebook};
use kernel::reasons;
use rstest::rstest;
use sea_orm::{ConnectionTrait, DbBackend};
use sea_orm_migration::{MigrationTrait, MigratorTrait};
use std::sync::Arc;
use std::time::Duration;
use store::{OpenError, Store, StoreOptions};
use testkit::{Engine, ManualClock, SequentialIds, postgres};

/// The program as it was before the notes came.
struct OldMigrator;

#[async_trait::async_trait]
impl MigratorTrait for OldMigrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        store::base_migrations()
    }
}

async fn open(url: &str) -> Result<Store, OpenError> {
    let (clock, ids) = (Arc::new(ManualClock::default()), Arc::new(SequentialIds::default()));
    Store::open("notes", &StoreOptions::at(url), &[], clock, ids).await
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn newer_schema_is_named(#[case] engine: Engine) {
    let Some(book) = Notebook::on(engine).await else { return };
    let error = store::migrate::<OldMigrator>(&book.store).await.unwrap_err();
    assert!(matches!(&error, OpenError::TooNew { .. }), "{error}");
    assert!(error.to_string().contains("newer version"), "{error}");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn migrating_at_the_same_time_takes_turns(#[case] engine: Engine) {
    let Some(database) = testkit::TestDatabase::new(engine).await else { return };
    let stores = futures::future::join_all((0..4).map(|_| open(&database.url))).await;
    let stores: Vec<_> = stores.into_iter().map(Result::unwrap).collect();
    let outcomes = futures::future::join_all(stores.iter().map(store::migrate::<Migrator>)).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(store::pending_migrations::<Migrator>(&stores[0]).await.unwrap(), 0);
}

/// The tables of the database, and the one that says which migrations were taken.
async fn tables(store: &Store) -> Vec<String> {
    let list = match store.backend() {
        DbBackend::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
        DbBackend::Postgres => "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = current_schema()",
        _ => "SELECT CAST(table_name AS CHAR) AS name FROM information_schema.tables WHERE table_schema = DATABASE()",
    };
    let rows = store.primary().query_all_raw(store::statement(store.backend(), list, [])).await.unwrap();
    rows.iter().map(|row| row.try_get("", "name").unwrap()).collect()
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn migration_that_was_cut_short_anywhere_goes_on(#[case] engine: Engine) {
    let Some(book) = Notebook::on(engine).await else { return };
    let all = tables(&book.store).await;
    assert!(all.len() > 8, "{all:?}");
    for lost in all.iter().filter(|name| !name.starts_with("seaql_")) {
        let rows = book.count(lost).await;
        // As if the process had been killed before this table was made, where every statement is for good at once.
        let drop = format!("DROP TABLE {lost}");
        book.store.primary().execute_unprepared(&drop).await.unwrap();
        book.store.primary().execute_unprepared("DELETE FROM seaql_migrations").await.unwrap();
        store::migrate::<Migrator>(&book.store).await.unwrap();
        assert_eq!(book.count(lost).await, rows, "{lost}");
    }
    book.write("k", "works").await;
    assert_eq!(store::pending_migrations::<Migrator>(&book.store).await.unwrap(), 0);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn abandoned_migration_does_not_keep_the_others_waiting(#[case] engine: Engine) {
    let Some(database) = testkit::TestDatabase::new(engine).await else { return };
    let store = open(&database.url).await.unwrap();
    for n in 0_u64..20 {
        let _gone = tokio::time::timeout(Duration::from_millis(n), store::migrate::<Migrator>(&store)).await;
    }
    let other = open(&database.url).await.unwrap();
    let migrated = tokio::time::timeout(testkit::PATIENCE, store::migrate::<Migrator>(&other)).await;
    migrated.expect("the turn comes").unwrap();
    assert_eq!(store::pending_migrations::<Migrator>(&other).await.unwrap(), 0);
}

#[tokio::test]
async fn address_of_an_unknown_engine_is_named_without_its_password() {
    let error = open("oracle://scott:tiger@localhost/x").await.err().unwrap();
    assert!(error.to_string().contains("oracle://scott:***@localhost"), "{error}");
}

#[rstest]
#[case::postgres("postgres")]
#[case::mysql("mysql")]
#[tokio::test]
async fn unreachable_server_says_what_to_do(#[case] scheme: &str) {
    let port = testkit::free_port();
    let error = open(&format!("{scheme}://u:secret@127.0.0.1:{port}/db")).await.err().unwrap();
    assert!(error.to_string().contains("cannot be reached"), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[tokio::test]
async fn database_that_went_away_is_unavailable_and_comes_back_without_a_restart() {
    let Some(server) = postgres().await else { return };
    let url = server.database("recovery").await;
    let store = open(&url).await.unwrap();
    store::migrate::<Migrator>(&store).await.unwrap();
    store.ping().await.unwrap();
    store.primary().execute_unprepared("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()").await.ok();
    let answer = store.read(store.primary().execute_unprepared("SELECT 1")).await;
    assert!(answer.is_ok() || answer.is_err_and(|fault| fault.is(&reasons::STORE_DOWN)));
    testkit::eventually("the store answers again", async || store.ping().await.is_ok()).await;
}

#[tokio::test]
async fn views_are_read_from_the_replica_and_decisions_from_the_primary() {
    let folder = testkit::TestDatabase::new(Engine::Sqlite).await.unwrap();
    let lagging = testkit::TestDatabase::new(Engine::Sqlite).await.unwrap();
    store::migrate::<Migrator>(&open(&lagging.url).await.unwrap()).await.unwrap();
    let options = StoreOptions { replica_url: Some(lagging.url.clone()), ..StoreOptions::at(&folder.url) };
    let (clock, ids) = (Arc::new(ManualClock::default()), Arc::new(SequentialIds::default()));
    let store = Store::open("notes", &options, &[], clock, ids).await.unwrap();
    store::migrate::<Migrator>(&store).await.unwrap();
    let insert = "INSERT INTO replays (scope, fingerprint, answer, created_at) VALUES ('s', 'f', 'null', '2030-01-01')";
    store.note(store::statement(store.backend(), insert, [])).await.unwrap();
    let count = || store::statement(store.backend(), "SELECT COUNT(*) AS n FROM replays", []);
    let of = |row: Option<sea_orm::QueryResult>| row.unwrap().try_get::<i64>("", "n").unwrap();
    assert_eq!(of(store.primary().query_one_raw(count()).await.unwrap()), 1);
    assert_eq!(of(store.replica().query_one_raw(count()).await.unwrap()), 0);
}
