//! What threads and categories keep counted, put right by the nightly task.

use crate::house::{ADA, API, BO, House};
use axum::http::StatusCode;
use kernel::Event;
use rstest::rstest;
use serde_json::json;
use testkit::Engine;

const TASK: &str = "forum.reconcile_counts";

async fn commits_of_the_task(house: &House) -> usize {
    let is_its = |event: &&Event| event.operation == TASK && event.actor == format!("service:{TASK}");
    house.everything_told().await.iter().filter(is_its).count()
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_that_drifted_are_mended_and_a_thread_takes_replies_again(#[case] engine: Engine) {
    let Some(house) = House::on(engine).await else { return };
    let (thread, other) = (house.starts(ADA, "A thread", "Text.").await, house.starts(ADA, "Another", "Text.").await);
    house.fills(&thread, 2).await;
    house.meddles("UPDATE threads SET post_count = 1 WHERE title = 'A thread'").await;
    house.meddles("UPDATE categories SET thread_count = 7").await;
    let refused = house.replies(BO, &thread, "Too late.").await;
    assert_eq!(refused.refusal(), (412, "store.stale_version".to_owned()));

    assert_eq!(house.does(TASK).await, json!(2));
    assert_eq!(commits_of_the_task(&house).await, 1);
    house.replies(BO, &thread, "In time.").await.expect(StatusCode::CREATED);
    house.replies(BO, &other, "Here too.").await.expect(StatusCode::CREATED);
    assert_eq!(house.thread(&thread).await["post_count"], 4);
    let categories = house.get(&format!("{API}/categories")).send().await.json();
    assert_eq!(categories["items"][0]["thread_count"], 2);

    assert_eq!(house.does(TASK).await, json!(0), "nothing has drifted since");
    assert_eq!(commits_of_the_task(&house).await, 1, "and nothing was written");
}
