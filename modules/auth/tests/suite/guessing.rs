//! Guessing passwords, and not keeping their owners out by it.

use crate::house::{Answer, House, PASSWORD};
use axum::http::{StatusCode, header};
use rstest::rstest;
use serde_json::json;
use testkit::Engine;

const ADA: &str = "ada@example.org";

async fn guess(house: &House, from: &str, email: &str, password: &str) -> Answer {
    let ask = house.post("/api/v1/auth/tokens").from(from);
    ask.json(json!({ "email": email, "password": password })).await
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn whoever_guesses_has_to_wait_whether_there_is_such_an_account_or_not(#[case] engine: Engine) {
    let Some(house) = House::on(engine, |_| {}).await else { return };
    house.register("ada").await;
    for email in [ADA, "nobody@example.org"] {
        for _ in 0..5 {
            assert_eq!(guess(&house, "192.0.2.1", email, "wrong password").await.reason(), "auth.credentials_rejected");
        }
        let refused = guess(&house, "192.0.2.1", email, PASSWORD).await;
        assert_eq!(
            (refused.status, refused.reason().as_str()),
            (StatusCode::TOO_MANY_REQUESTS, "auth.too_many_guesses")
        );
        assert_eq!(refused.header(header::RETRY_AFTER), "1");
    }
    house.advance(1);
    assert_eq!(guess(&house, "192.0.2.1", ADA, PASSWORD).await.status, StatusCode::OK);
    for _ in 0..4 {
        guess(&house, "192.0.2.1", ADA, "wrong password").await;
    }
    let right = guess(&house, "192.0.2.1", ADA, PASSWORD).await;
    assert_eq!(right.status, StatusCode::OK, "what was guessed before the right one does not count any more");
}

#[tokio::test]
async fn guesses_from_elsewhere_keep_nobody_out_of_their_own_account() {
    let house = House::new().await;
    house.register("ada").await;
    let form = [("email", ADA), ("password", PASSWORD)];
    assert_eq!(house.post("/login").from("192.0.2.1").form(&form).await.status, StatusCode::SEE_OTHER);
    for n in 1..=25 {
        guess(&house, &format!("198.51.100.{n}"), ADA, "wrong password").await;
    }
    let stranger = guess(&house, "203.0.113.1", ADA, PASSWORD).await;
    assert_eq!(stranger.reason(), "auth.too_many_guesses", "whoever was never here waits");
    assert_eq!(guess(&house, "192.0.2.1", ADA, PASSWORD).await.status, StatusCode::OK);
    house.advance(30);
    assert_eq!(guess(&house, "203.0.113.1", ADA, PASSWORD).await.status, StatusCode::OK, "and not for long");
}

#[tokio::test]
async fn one_address_does_not_guess_at_everybody() {
    let house = House::new().await;
    house.register("ada").await;
    for n in 0..31 {
        let (from, email) = (format!("2001:db8:1:2::{n}"), format!("somebody{n}@example.org"));
        assert_eq!(guess(&house, &from, &email, "wrong password").await.status, StatusCode::UNAUTHORIZED);
    }
    let refused = guess(&house, "2001:db8:1:2::ffff", ADA, PASSWORD).await;
    assert_eq!(refused.reason(), "auth.too_many_guesses");
    assert_eq!(guess(&house, "2001:db8:1:3::1", ADA, PASSWORD).await.status, StatusCode::OK);
}

#[tokio::test]
async fn wrong_guess_is_told_of_and_on_record() {
    let house = House::new().await;
    let id = house.register("ada").await.json()["id"].as_str().unwrap().to_owned();
    guess(&house, "192.0.2.1", ADA, "wrong password").await;
    guess(&house, "192.0.2.1", "nobody@example.org", "wrong password").await;
    let events = house.events().await;
    let failed: Vec<_> = events.iter().filter(|event| event.kind == "auth.log_in_failed.v1").collect();
    let whose: Vec<_> = failed.iter().map(|event| event.data["user_id"].as_str().unwrap_or_default()).collect();
    assert_eq!(whose, [id.as_str(), ""]);
    let log = house.everything_logged().await;
    let entry = log.iter().rfind(|event| kernel::AuditEntry::is_kind(&event.kind)).unwrap();
    assert_eq!(entry.data["events"], json!(["auth.log_in_failed.v1"]));
    assert!(!entry.data.to_string().contains("nobody@example.org"), "{}", entry.data);
}
