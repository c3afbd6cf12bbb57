//! A fresh database on every engine.
//!
//! What may not enter: what only one engine can do.

use rstest::rstest;
use sqlx::{Connection, Executor, MySqlConnection, PgConnection, Row, SqliteConnection};
use std::path::Path;
use testkit::{Engine, TestDatabase};

/// Counts the tables after making one, through the client a user of the URL would take.
async fn make_table_and_count(database: &TestDatabase) -> i64 {
    let make = "CREATE TABLE thing (id INTEGER PRIMARY KEY)";
    match database.engine {
        Engine::Sqlite => {
            let mut connection = SqliteConnection::connect(&database.url).await.unwrap();
            connection.execute(make).await.unwrap();
            connection.fetch_one("SELECT count(*) FROM sqlite_master WHERE type = 'table'").await.unwrap().get(0)
        }
        Engine::Postgres => {
            let mut connection = PgConnection::connect(&database.url).await.unwrap();
            connection.execute(make).await.unwrap();
            connection.fetch_one("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").await.unwrap().get(0)
        }
        Engine::MariaDb => {
            let mut connection = MySqlConnection::connect(&database.url).await.unwrap();
            connection.execute(make).await.unwrap();
            let count = "SELECT count(*) FROM information_schema.tables WHERE table_schema = DATABASE()";
            connection.fetch_one(count).await.unwrap().get(0)
        }
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite, "sqlite:///")]
#[case::postgres(Engine::Postgres, "postgres://")]
#[case::mariadb(Engine::MariaDb, "mysql://")]
#[tokio::test]
async fn every_database_is_empty_and_writable(#[case] engine: Engine, #[case] scheme: &str) {
    let Some(one) = TestDatabase::new(engine).await else { return };
    let Some(other) = TestDatabase::new(engine).await else { return };
    assert!(one.url.starts_with(scheme), "{}", one.url);
    assert_eq!(make_table_and_count(&one).await, 1);
    assert_eq!(make_table_and_count(&other).await, 1);
}

#[tokio::test]
async fn sqlite_file_goes_with_its_database() {
    let database = TestDatabase::new(Engine::Sqlite).await.unwrap();
    let file = database.url.strip_prefix("sqlite://").unwrap().to_owned();
    assert!(Path::new(&file).exists());
    drop(database);
    assert!(!Path::new(&file).exists());
}
