//! Making an account.

use crate::house::{House, PASSWORD, registration};
use axum::http::{StatusCode, header};
use kernel::AuditEntry;
use rstest::rstest;
use serde_json::json;
use settings::Registration;

#[tokio::test]
async fn account_is_made_and_told_of() {
    let house = House::new().await;
    let mut body = registration("ada");
    body["email"] = json!(" Ada@Example.ORG");
    body["handle"] = json!("Ada");
    let made = house.post("/api/v1/auth/register").json(body).await;
    assert_eq!((made.status, made.header(header::LOCATION)), (StatusCode::CREATED, "/api/v1/auth/me"));
    let account = made.json();
    let id = account["id"].as_str().unwrap();
    let view =
        json!({ "id": id, "handle": "ada", "display_name": "ADA", "email": "ada@example.org", "email_proven": false });
    assert_eq!(account, view);
    let events = house.events().await;
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].kind.as_str(), events[0].key.as_str()), ("auth.user_registered.v1", id));
    let at = 1_893_456_000_000_i64;
    let told = json!({ "user_id": id, "handle": "ada", "display_name": "ADA", "registered_at_ms": at });
    assert_eq!(events[0].data, told);
}

#[tokio::test]
async fn making_an_account_is_audited() {
    let house = House::new().await;
    house.register("ada").await;
    let log = house.everything_logged().await;
    let audited = log.iter().find(|event| AuditEntry::is_kind(&event.kind)).unwrap();
    let entry: AuditEntry = serde_json::from_value(audited.data.clone()).unwrap();
    assert_eq!((entry.operation.as_str(), entry.actor.as_str()), ("auth.register", "guest"));
    assert_eq!(entry.policies, ["auth/guests_register"]);
    assert!(entry.changes[0].starts_with("user/") && entry.changes[0].ends_with("@1"), "{entry:?}");
}

#[tokio::test]
async fn every_wrong_field_is_named() {
    let house = House::new().await;
    let body = json!({ "email": "ada", "handle": "login", "display_name": " ", "password": "password123" });
    let refused = house.post("/api/v1/auth/register").json(body).await;
    assert_eq!((refused.status, refused.reason().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "request.invalid"));
    let errors = refused.json()["errors"].clone();
    let fields: Vec<_> = errors.as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["email", "handle", "display_name", "password"]);
}

#[rstest]
#[case("Ada@example.org", "other", "auth.email_taken")]
#[case("other@example.org", "ADA", "auth.handle_taken")]
#[tokio::test]
async fn what_somebody_else_has_is_taken(#[case] email: &str, #[case] handle: &str, #[case] reason: &str) {
    let house = House::new().await;
    house.register("ada").await;
    let mut body = registration("bo");
    body["email"] = json!(email);
    body["handle"] = json!(handle);
    let refused = house.post("/api/v1/auth/register").json(body).await;
    assert_eq!((refused.status, refused.reason().as_str()), (StatusCode::CONFLICT, reason));
    assert_eq!(house.events().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_come_at_once_one_gets_the_account() {
    let house = House::new().await;
    let (one, other) = tokio::join!(house.register("ada"), house.register("ada"));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    assert_eq!(house.events().await.len(), 1);
}

#[tokio::test]
async fn retry_with_the_same_key_gets_the_same_answer() {
    let house = House::new().await;
    let send = |body| house.post("/api/v1/auth/register").header("idempotency-key", "k1").json(body);
    let first = send(registration("ada")).await;
    let again = send(registration("ada")).await;
    assert_eq!((again.status, &again.text), (StatusCode::CREATED, &first.text));
    assert_eq!(house.events().await.len(), 1);
    let other = send(registration("bo")).await;
    assert_eq!((other.status, other.reason().as_str()), (StatusCode::CONFLICT, "request.idempotency_key_reused"));
}

#[tokio::test]
async fn nobody_registers_while_registration_is_closed() {
    let house = House::with(|settings| settings.auth.registration = Registration::Closed).await;
    let refused = house.register("ada").await;
    assert_eq!((refused.status, refused.reason().as_str()), (StatusCode::FORBIDDEN, "auth.registration_closed"));
    let page = house.get("/register").header("accept", "text/html").send().await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.text.contains("Registration is closed") && !page.text.contains("<form class=\"form\""));
    assert!(!house.get("/login").send().await.text.contains("No account yet?"));
}

#[tokio::test]
async fn whoever_has_an_account_does_not_make_another() {
    let house = House::new().await;
    house.register("ada").await;
    let (access, _) = house.tokens("ada").await;
    let refused = house.post("/api/v1/auth/register").bearer(&access).json(registration("bo")).await;
    assert_eq!((refused.status, refused.reason().as_str()), (StatusCode::FORBIDDEN, "access.forbidden"));
}

#[tokio::test]
async fn page_makes_the_account_once_and_logs_in() {
    let house = House::new().await;
    let shown = house.get("/register").send().await;
    let key = shown.text.split(r#"name="idempotency_key" value=""#).nth(1).unwrap().split('"').next().unwrap();
    let fields = [
        ("email", "ada@example.org"),
        ("handle", "ada"),
        ("display_name", "Ada"),
        ("password", PASSWORD),
        ("idempotency_key", key),
    ];
    for _ in 0..2 {
        let made = house.post("/register").form(&fields).await;
        assert_eq!((made.status, made.header(header::LOCATION)), (StatusCode::SEE_OTHER, "/"), "{}", made.text);
        let me = house.get("/api/v1/auth/me").session(&made.session()).send().await;
        assert_eq!(me.json()["handle"], "ada");
    }
    assert_eq!(house.events().await.len(), 1, "a double click makes one account");
}

#[tokio::test]
async fn page_shows_what_is_wrong_and_keeps_what_was_typed_but_the_password() {
    let house = House::new().await;
    house.register("ada").await;
    let fields = [("email", "a\"<b>"), ("handle", "bo"), ("display_name", "Bo & Co"), ("password", PASSWORD)];
    let refused = house.post("/register").form(&fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("is not an e-mail address") && refused.text.contains("must be 3 to 30 characters"));
    assert!(refused.text.contains("a&quot;&lt;b&gt;") && refused.text.contains("Bo &amp; Co"));
    assert!(!refused.text.contains(PASSWORD));
    let fields = [("email", "ada@example.org"), ("handle", "bob"), ("display_name", "Bo"), ("password", PASSWORD)];
    let taken = house.post("/register").form(&fields).await;
    assert_eq!(taken.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(taken.text.contains(r##"href="#field-email""##), "the fault points at its field");
}
