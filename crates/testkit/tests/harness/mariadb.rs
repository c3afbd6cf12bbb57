//! MariaDB for the length of a test.
//!
//! What may not enter: schemas. A database and a row tell enough.

use crate::rerun::{self, runs};
use sqlx::{Connection, Executor, MySqlConnection, Row};
use std::fs;
use std::path::Path;
use std::time::Duration;
use testkit::{EphemeralMariaDb, MariaDbServer, PATIENCE, eventually};
use tokio::time::timeout;

async fn ask(url: &str, question: &'static str) -> String {
    let mut connection = MySqlConnection::connect(url).await.unwrap();
    connection.fetch_one(question).await.unwrap().get_unchecked(0)
}

const DATA: &str = "SELECT @@datadir";

#[tokio::test]
async fn every_call_makes_a_database_of_its_own_on_one_server() {
    let Some(server) = testkit::mariadb().await else { return };
    let Some(again) = testkit::mariadb().await else { return };
    assert!(std::ptr::eq(server, again));
    let (one, other) = (server.database("Forum; no?").await, again.database("Forum; no?").await);
    assert_ne!(one, other);
    let name = ask(&one, "SELECT DATABASE()").await;
    assert!(name.starts_with("forumno_") && name.len() < 48, "{name}");
}

#[tokio::test]
async fn stopped_server_comes_back_with_its_data_at_the_same_address() {
    let Some(mut server) = EphemeralMariaDb::start().await else { return };
    let url = server.database("shop").await;
    let mut connection = MySqlConnection::connect(&url).await.unwrap();
    connection.execute("CREATE TABLE kept AS SELECT 'kept' AS word").await.unwrap();

    server.stop().await;
    assert!(connection.execute("SELECT 1").await.is_err());
    assert!(MySqlConnection::connect(&url).await.is_err());

    server.restart().await;
    assert_eq!(ask(&url, "SELECT word FROM kept").await, "kept");
}

#[tokio::test]
async fn paused_server_answers_nobody_until_it_is_resumed() {
    let Some(server) = EphemeralMariaDb::start().await else { return };
    let mut connection = MySqlConnection::connect(&server.database("shop").await).await.unwrap();
    server.pause();
    let mut question = connection.fetch_one("SELECT 'late'");
    assert!(timeout(Duration::from_millis(300), &mut question).await.is_err());
    server.resume();
    let answer: String = timeout(PATIENCE, question).await.unwrap().unwrap().get(0);
    assert_eq!(answer, "late");
}

#[tokio::test]
async fn rerun_that_holds_a_server_until_it_is_killed() {
    if rerun::is_rerun() {
        let Some(server) = testkit::mariadb().await else { return };
        let url = server.database("held").await;
        println!("HELD {} {url}", ask(&url, DATA).await);
        std::future::pending::<()>().await;
    }
}

#[tokio::test]
async fn server_ends_with_a_test_process_that_was_killed() {
    let Some(_installed) = testkit::mariadb().await else { return };
    let holder = rerun::start("mariadb::rerun_that_holds_a_server_until_it_is_killed", &[]);
    let line = holder.wait_for_line("HELD", Duration::from_secs(60)).await;
    let (data, _url) = line[line.find("HELD ").unwrap() + 5..].split_once(' ').unwrap();
    let directory = Path::new(data.trim_end_matches('/')).parent().unwrap();
    let server: u32 = fs::read_to_string(directory.join("pid")).unwrap().trim().parse().unwrap();
    assert!(runs(server));
    holder.kill().await;
    eventually("the server's directory is gone", async || !directory.exists()).await;
    assert!(!runs(server));
}

#[tokio::test]
async fn given_server_is_used_instead_of_one_of_our_own() {
    let Some(server) = EphemeralMariaDb::start().await else { return };
    let given = server.database("given").await;
    let holder = rerun::start(
        "mariadb::rerun_that_holds_a_server_until_it_is_killed",
        &[("POLITY_TEST_MARIADB_URL", &given), ("MARIADB_HOME", "/nowhere")],
    );
    let line = holder.wait_for_line("HELD", Duration::from_secs(60)).await;
    assert!(line.contains(&ask(&given, DATA).await), "{line}");
    assert_ne!(line.rsplit(' ').next().unwrap(), given);
    holder.kill().await;
    let same = MariaDbServer::at(&given);
    let name = ask(&same.database("inner").await, "SELECT DATABASE()").await;
    assert!(name.starts_with("inner_"), "a server that was given is not ours to stop: {name}");
}

#[tokio::test]
async fn rerun_that_asks_for_mariadb() {
    if rerun::is_rerun() {
        let Some(_server) = testkit::mariadb().await else { return };
        println!("MariaDB is here");
    }
}

#[tokio::test]
async fn test_without_its_server_is_skipped_aloud_and_fails_where_it_is_required() {
    let nowhere = ("MARIADB_HOME", "/nowhere");
    let test = rerun::start("mariadb::rerun_that_asks_for_mariadb", &[nowhere]);
    let line = test.wait_for_line("SKIPPED", PATIENCE).await;
    assert!(line.ends_with(": MariaDB is not installed"), "{line}");
    assert!(test.exited(PATIENCE).await.success());
    let required = rerun::start("mariadb::rerun_that_asks_for_mariadb", &[nowhere, ("POLITY_REQUIRE", "mariadb")]);
    required.wait_for_line("POLITY_REQUIRE demands it", PATIENCE).await;
    assert!(!required.exited(PATIENCE).await.success());
}
