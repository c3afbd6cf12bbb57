//! One long story that touches every statement of the store, on every relational engine.

use crate::house::{House, PASSWORD, pair};
use axum::http::StatusCode;
use rstest::rstest;
use serde_json::json;
use testkit::Engine;

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[case(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread")]
async fn same_story_on_every_engine(#[case] engine: Engine) {
    let Some(house) = House::on(engine, |_| {}).await else { return };
    found(&house).await;
    people_come(&house).await;
    browsers_come_and_go(&house).await;
    clients_come_and_go(&house).await;
    house.module.ready().await.unwrap();
    house.module.close().await;
}

async fn found(house: &House) {
    let (_old, new) = (house.module.greeting().await, house.module.greeting().await.unwrap());
    let path = format!("/welcome/{}", new.rsplit('/').next().unwrap());
    let eve = [("email", "eve@example.org"), ("handle", "eve"), ("display_name", "Eve"), ("password", PASSWORD)];
    let zoe = [("email", "zoe@example.org"), ("handle", "zoe"), ("display_name", "Zoe"), ("password", PASSWORD)];
    let (one, other) = tokio::join!(house.post(&path).form(&eve), house.post(&path).form(&zoe));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 409]);
    assert_eq!(house.module.greeting().await, None);
}

async fn people_come(house: &House) {
    let (one, other) = tokio::join!(house.register("ada"), house.register("ada"));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    let mut body = crate::house::registration("ada");
    body["email"] = json!("other@example.org");
    assert_eq!(house.post("/api/v1/auth/register").json(body).await.reason(), "auth.handle_taken");
}

async fn browsers_come_and_go(house: &House) {
    let (phone, laptop) = (house.log_in("ada").await, house.log_in("ada").await);
    house.advance(301);
    let first = house.get("/api/v1/auth/sessions?limit=1").session(&laptop).send().await.json();
    assert_eq!(first["items"][0]["last_seen_at"], "2030-01-01T00:05:01Z");
    let path = format!("/api/v1/auth/sessions?limit=1&cursor={}", first["next"].as_str().unwrap());
    let second = house.get(&path).session(&laptop).send().await.json();
    assert_eq!((second["items"].as_array().unwrap().len(), &second["next"]), (1, &json!(null)));
    house.post("/logout").session(&phone).send().await;
    assert_eq!(house.get("/api/v1/auth/me").session(&phone).send().await.status, StatusCode::UNAUTHORIZED);
    house.advance(91 * 24 * 3_600);
    assert_eq!(house.get("/api/v1/auth/me").session(&laptop).send().await.status, StatusCode::UNAUTHORIZED);
    let session = house.log_in("ada").await;
    let list = house.get("/api/v1/auth/sessions").session(&session).send().await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}

async fn clients_come_and_go(house: &House) {
    let (_, refresh) = house.tokens("ada").await;
    let (one, other) = tokio::join!(house.refresh(&refresh), house.refresh(&refresh));
    let (won, lost) = if one.status == StatusCode::OK { (one, other) } else { (other, one) };
    assert_eq!(lost.reason(), "auth.refresh_reused");
    let (access, refresh) = pair(&won);
    assert_eq!(house.refresh(&refresh).await.reason(), "auth.refresh_rejected");
    assert_eq!(house.get("/api/v1/auth/me").bearer(&access).send().await.status, StatusCode::UNAUTHORIZED);
    let (access, refresh) = house.tokens("ada").await;
    let list = house.get("/api/v1/auth/sessions").bearer(&access).send().await.json();
    let path = format!("/api/v1/auth/sessions/{}", list["items"][0]["id"].as_str().unwrap());
    assert_eq!(house.ask("DELETE", &path).bearer(&access).send().await.status, StatusCode::NO_CONTENT);
    assert_eq!(house.refresh(&refresh).await.reason(), "auth.refresh_rejected");
    assert_eq!(house.get("/api/v1/auth/me").bearer(&access).send().await.status, StatusCode::UNAUTHORIZED);
}
