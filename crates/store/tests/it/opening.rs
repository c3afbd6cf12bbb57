//! Opening: words for whoever finds the database closed, too new, or not there.

use crate::notes::{Migrator, Notebook};
use kernel::reasons;
use rstest::rstest;
use sea_orm::ConnectionTrait;
use sea_orm_migration::{MigrationTrait, MigratorTrait};
use std::sync::Arc;
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
#[tokio::test]
async fn migrating_at_the_same_time_takes_turns(#[case] engine: Engine) {
    let Some(database) = testkit::TestDatabase::new(engine).await else { return };
    let stores = futures::future::join_all((0..4).map(|_| open(&database.url))).await;
    let stores: Vec<_> = stores.into_iter().map(Result::unwrap).collect();
    let outcomes = futures::future::join_all(stores.iter().map(store::migrate::<Migrator>)).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(store::pending_migrations::<Migrator>(&stores[0]).await.unwrap(), 0);
}

#[tokio::test]
async fn address_of_an_unknown_engine_is_named_without_its_password() {
    let error = open("oracle://scott:tiger@localhost/x").await.err().unwrap();
    assert!(error.to_string().contains("oracle://scott:***@localhost"), "{error}");
}

#[tokio::test]
async fn unreachable_server_says_what_to_do() {
    let port = testkit::free_port();
    let error = open(&format!("postgres://u:secret@127.0.0.1:{port}/db")).await.err().unwrap();
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
