//! What people tell everybody about themselves.

use crate::house::{Answer, House, PASSWORD};
use axum::http::{StatusCode, header};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::Engine;

async fn change(house: &House, session: &str, body: Value) -> Answer {
    house.ask("PUT", "/api/v1/auth/me/profile").session(session).json(body).await
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn profile_is_changed_told_of_and_read_by_anybody(#[case] engine: Engine) {
    let Some(house) = House::on(engine, |_| {}).await else { return };
    house.register("ada").await;
    let session = house.log_in("ada").await;
    let body = json!({ "display_name": "Ada L.", "pronouns": "she/her", "about": "Poetical\nscience.\n\n<b>" });
    for _ in 0..2 {
        let changed = change(&house, &session, body.clone()).await;
        assert_eq!((changed.status, &changed.json()["display_name"]), (StatusCode::OK, &json!("Ada L.")));
    }
    let read = house.get("/api/v1/auth/profiles/ADA").send().await.json();
    assert_eq!((&read["pronouns"], &read["about"]), (&json!("she/her"), &json!("Poetical\nscience.\n\n<b>")));
    assert!(!read.to_string().contains("ada@example.org"), "how somebody is reached is not told");
    let page = house.get("/u/ada").send().await;
    assert!(page.text.contains("Poetical<br>science.") && page.text.contains("&lt;b&gt;"), "{}", page.text);
    assert!(!page.text.contains("Change your profile"));
    assert!(house.get("/u/ada").session(&session).send().await.text.contains("Change your profile"));
    let events = house.events().await;
    let told: Vec<_> = events.iter().filter(|event| event.kind == "auth.profile_changed.v1").collect();
    assert_eq!(told.len(), 1, "the name changed once");
    assert_eq!((&told[0].data["handle"], &told[0].data["display_name"]), (&json!("ada"), &json!("Ada L.")));
    assert_eq!(house.get("/api/v1/auth/me").session(&session).send().await.json()["display_name"], "Ada L.");
}

#[tokio::test]
async fn form_keeps_what_was_typed_and_names_what_is_wrong() {
    let house = House::new().await;
    house.register("ada").await;
    let session = house.log_in("ada").await;
    let long = "x".repeat(41);
    let fields = [("display_name", ""), ("pronouns", long.as_str()), ("about", "Kept & safe")];
    let refused = house.post("/account/profile").session(&session).form(&fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("Kept &amp; safe") && refused.text.contains("longer than 40"), "{}", refused.text);
    let fields = [("display_name", "Ada"), ("pronouns", ""), ("about", "")];
    let saved = house.post("/account/profile").session(&session).form(&fields).await;
    assert_eq!((saved.status, saved.header(header::LOCATION)), (StatusCode::SEE_OTHER, "/u/ada"));
    assert!(house.get("/account/profile").session(&session).send().await.text.contains("value=\"Ada\""));
}

#[tokio::test]
async fn nobody_changes_a_profile_without_logging_in_and_nobody_is_found_who_is_not_there() {
    let house = House::new().await;
    assert_eq!(house.ask("PUT", "/api/v1/auth/me/profile").json(json!({})).await.reason(), "access.log_in");
    for path in ["/api/v1/auth/profiles/nobody-here", "/api/v1/auth/profiles/%00", "/api/v1/auth/profiles/a"] {
        assert_eq!(house.get(path).send().await.reason(), "auth.no_such_user", "{path}");
    }
}

#[tokio::test]
async fn profile_goes_with_its_account() {
    let house = House::new().await;
    let _works = house.works();
    house.register("ada").await;
    let session = house.log_in("ada").await;
    change(&house, &session, json!({ "display_name": "Ada", "about": "Poetical science." })).await;
    let leave = house.post("/account/delete").session(&session).form(&[("current_password", PASSWORD)]).await;
    assert_eq!(leave.status, StatusCode::OK, "{}", leave.text);
    house.advance(14 * 24 * 3_600);
    let store = crate::sweeps::elsewhere(&house).await;
    crate::sweeps::ran(&store, "auth.settle_accounts").await;
    assert_eq!(house.get("/api/v1/auth/profiles/ada").send().await.reason(), "auth.no_such_user");
    let told = house.events().await.into_iter().find(|event| event.kind == "auth.user_deleted.v1").unwrap();
    let path = format!("/api/v1/auth/profiles/{}", told.data["handle"].as_str().unwrap());
    assert_eq!(house.get(&path).send().await.reason(), "auth.no_such_user");
}
