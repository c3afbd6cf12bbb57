//! What an idempotency key makes of a second request.

use crate::house::{ADA, API, BO, House, Started};
use crate::requests::Answer;
use axum::http::{StatusCode, header};
use futures::future::join_all;
use rstest::rstest;
use serde_json::json;
use testkit::Engine;

async fn reply(house: &House, who: &str, thread: &Started, key: &str, body: &str) -> Answer {
    let ask = house.post(&format!("{API}/threads/{}/posts", thread.id)).by(who).key(key);
    ask.json(json!({ "body": body })).await
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn retry_with_the_same_key_makes_one_thread(#[case] engine: Engine) {
    let Some(house) = House::on(engine).await else { return };
    let input = json!({ "category_id": house.help().await, "title": "A thread", "body": "Text." });
    let start = || house.post(&format!("{API}/threads")).by(ADA).key("once").json(input.clone());
    let (first, again) = (start().await.expect(StatusCode::CREATED), start().await.expect(StatusCode::CREATED));
    assert_eq!(first.json(), again.json());
    assert_eq!(first.header(header::LOCATION), again.header(header::LOCATION));
    let listed = house.get(&format!("{API}/threads")).send().await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn same_key_with_another_text_is_refused() {
    let house = House::new().await;
    let thread = house.starts(ADA, "A thread", "Text.").await;
    let first = reply(&house, BO, &thread, "key", "One.").await.expect(StatusCode::CREATED);
    let other = reply(&house, BO, &thread, "key", "Two.").await;
    assert_eq!(other.refusal(), (409, "request.idempotency_key_reused".to_owned()));
    let again = reply(&house, BO, &thread, "key", "One.").await.expect(StatusCode::CREATED);
    assert_eq!(first.json(), again.json());
    assert_eq!(house.thread(&thread).await["post_count"], 2);
}

#[tokio::test]
async fn key_is_its_senders_own() {
    let house = House::new().await;
    let thread = house.starts(ADA, "A thread", "Text.").await;
    reply(&house, BO, &thread, "key", "One.").await.expect(StatusCode::CREATED);
    reply(&house, ADA, &thread, "key", "Two.").await.expect(StatusCode::CREATED);
    assert_eq!(house.thread(&thread).await["post_count"], 3);
}

#[tokio::test]
async fn refused_request_leaves_its_key_free() {
    let house = House::new().await;
    let thread = house.starts(ADA, "A thread", "Text.").await;
    reply(&house, BO, &thread, "key", "").await.expect(StatusCode::UNPROCESSABLE_ENTITY);
    reply(&house, BO, &thread, "key", "Better.").await.expect(StatusCode::CREATED);
}

#[tokio::test]
async fn key_that_is_none_is_refused() {
    let house = House::new().await;
    let thread = house.starts(ADA, "A thread", "Text.").await;
    let refused = reply(&house, BO, &thread, "", "Text.").await;
    assert_eq!(refused.refusal(), (400, "request.idempotency_key_malformed".to_owned()));
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread")]
async fn same_key_sent_many_times_at_once_makes_one_post(#[case] engine: Engine) {
    let Some(house) = House::on(engine).await else { return };
    let thread = house.starts(ADA, "A thread", "Text.").await;
    let answers = join_all((0..8).map(|_| reply(&house, BO, &thread, "key", "One."))).await;
    let posts: Vec<_> = answers.into_iter().map(|answer| answer.expect(StatusCode::CREATED).json()).collect();
    assert!(posts.iter().all(|post| *post == posts[0]), "{posts:?}");
    assert_eq!(house.thread(&thread).await["post_count"], 2);
}
