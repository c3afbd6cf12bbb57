//! What becomes of a test whose server is not installed.
//!
//! What may not enter: servers that are installed.

use crate::rerun;
use testkit::PATIENCE;

const NOWHERE: (&str, &str) = ("PGBIN", "/nowhere");

#[tokio::test]
async fn rerun_that_asks_for_postgresql() {
    if rerun::is_rerun() {
        let Some(_server) = testkit::postgres().await else { return };
        println!("PostgreSQL is here");
    }
}

#[tokio::test]
async fn test_without_its_server_passes_and_says_that_it_was_skipped() {
    let test = rerun::start("absence::rerun_that_asks_for_postgresql", &[NOWHERE]);
    let line = test.wait_for_line("SKIPPED", PATIENCE).await;
    assert!(line.ends_with(": PostgreSQL is not installed"), "{line}");
    assert!(test.exited(PATIENCE).await.success());
}

#[tokio::test]
async fn test_without_its_server_fails_where_the_server_is_required() {
    let required = [NOWHERE, ("POLITY_REQUIRE", "chromium,postgresql")];
    let test = rerun::start("absence::rerun_that_asks_for_postgresql", &required);
    test.wait_for_line("POLITY_REQUIRE demands it", PATIENCE).await;
    assert!(!test.exited(PATIENCE).await.success());
}
