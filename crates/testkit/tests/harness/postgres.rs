//! PostgreSQL for the length of a test.
//!
//! What may not enter: schemas. A database and a row tell enough.

use crate::rerun::{self, runs};
use sqlx::{Connection, Executor, PgConnection, Row};
use std::fs;
use std::path::Path;
use std::time::Duration;
use testkit::{EphemeralPostgres, PATIENCE, PostgresServer, eventually};
use tokio::time::timeout;

async fn ask(url: &str, question: &'static str) -> String {
    let mut connection = PgConnection::connect(url).await.unwrap();
    connection.fetch_one(question).await.unwrap().get(0)
}

#[tokio::test]
async fn every_call_makes_a_database_of_its_own() {
    let Some(server) = testkit::postgres().await else { return };
    let (one, other) = (server.database("Forum; no?").await, server.database("Forum; no?").await);
    assert_ne!(one, other);
    let name = ask(&one, "SELECT current_database()::text").await;
    assert!(name.starts_with("forumno_"), "{name}");
}

#[tokio::test]
async fn tests_of_one_process_share_a_server() {
    let Some(server) = testkit::postgres().await else { return };
    let Some(again) = testkit::postgres().await else { return };
    assert!(std::ptr::eq(server, again));
}

#[tokio::test]
async fn stopped_server_comes_back_with_its_data_at_the_same_address() {
    let Some(mut server) = EphemeralPostgres::start().await else { return };
    let url = server.database("shop").await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    connection.execute("CREATE TABLE kept AS SELECT 'kept'::text AS word").await.unwrap();

    server.stop().await;
    assert!(connection.execute("SELECT 1").await.is_err());
    assert!(PgConnection::connect(&url).await.is_err());

    server.restart().await;
    assert_eq!(ask(&url, "SELECT word FROM kept").await, "kept");
}

#[tokio::test]
async fn paused_server_answers_nobody_until_it_is_resumed() {
    let Some(server) = EphemeralPostgres::start().await else { return };
    let mut connection = PgConnection::connect(&server.database("shop").await).await.unwrap();
    server.pause();
    let mut question = connection.fetch_one("SELECT 'late'::text");
    assert!(timeout(Duration::from_millis(300), &mut question).await.is_err());
    server.resume();
    let answer: String = timeout(PATIENCE, question).await.unwrap().unwrap().get(0);
    assert_eq!(answer, "late");
}

#[tokio::test]
async fn dropped_server_leaves_neither_process_nor_directory() {
    let Some(server) = EphemeralPostgres::start().await else { return };
    let url = server.database("shop").await;
    let directory = ask(&url, "SHOW data_directory").await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let backend: i32 = connection.fetch_one("SELECT pg_backend_pid()").await.unwrap().get(0);
    let backend = u32::try_from(backend).unwrap();
    assert!(runs(backend) && Path::new(&directory).parent().unwrap().exists());
    server.pause();
    drop(server);
    assert!(!Path::new(&directory).parent().unwrap().exists());
    eventually("the backend is gone", async || !runs(backend)).await;
}

#[tokio::test]
async fn rerun_that_holds_a_server_until_it_is_killed() {
    if rerun::is_rerun() {
        let Some(server) = testkit::postgres().await else { return };
        let url = server.database("held").await;
        println!("HELD {} {url}", ask(&url, "SHOW data_directory").await);
        std::future::pending::<()>().await;
    }
}

#[tokio::test]
async fn server_ends_with_a_test_process_that_was_killed() {
    let Some(_installed) = testkit::postgres().await else { return };
    let holder = rerun::start("postgres::rerun_that_holds_a_server_until_it_is_killed", &[]);
    let line = holder.wait_for_line("HELD", Duration::from_secs(60)).await;
    let (directory, _url) = line[line.find("HELD ").unwrap() + 5..].split_once(' ').unwrap();
    let server = fs::read_to_string(format!("{directory}/postmaster.pid")).unwrap();
    let server: u32 = server.lines().next().unwrap().parse().unwrap();
    assert!(runs(server));
    holder.kill().await;
    let directory = Path::new(directory).parent().unwrap();
    eventually("the server's directory is gone", async || !directory.exists()).await;
    assert!(!runs(server));
}

#[tokio::test]
async fn given_server_is_used_instead_of_one_of_our_own() {
    let Some(server) = EphemeralPostgres::start().await else { return };
    let given = server.database("given").await;
    let holder = rerun::start(
        "postgres::rerun_that_holds_a_server_until_it_is_killed",
        &[("POLITY_TEST_POSTGRES_URL", &given), ("PGBIN", "/nowhere")],
    );
    let line = holder.wait_for_line("HELD", Duration::from_secs(60)).await;
    assert!(line.contains(&ask(&given, "SHOW data_directory").await), "{line}");
    assert_ne!(line.rsplit(' ').next().unwrap(), given);
    holder.kill().await;
    assert!(PgConnection::connect(&given).await.is_ok(), "a server that was given is not ours to stop");
}

#[tokio::test]
async fn server_at_an_address_makes_databases_too() {
    let Some(server) = testkit::postgres().await else { return };
    let same = PostgresServer::at(&server.database("outer").await);
    let name = ask(&same.database("inner").await, "SELECT current_database()::text").await;
    assert!(name.starts_with("inner_"), "{name}");
}
