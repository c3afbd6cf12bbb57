//! Keys for programs, and the accounts of programs.

use crate::house::{House, PASSWORD, decisions};
use axum::http::StatusCode;
use kernel::{Actor, Caller, DecisionPoint, Kind, Reach, Role, TenantId, UserId};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::Engine;

async fn ada() -> (House, String) {
    let house = House::new().await;
    assert_eq!(house.register("ada").await.status, StatusCode::CREATED);
    let session = house.log_in("ada").await;
    (house, session)
}

async fn make(house: &House, session: &str, scopes: &[&str]) -> Value {
    let body = json!({ "name": "Nightly export", "scopes": scopes });
    let made = house.post("/api/v1/auth/keys").session(session).json(body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.json()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

async fn me(house: &House, key: &str) -> (StatusCode, String) {
    let answer = house.get("/api/v1/auth/me").bearer(key).from("192.0.2.7").send().await;
    let reason = if answer.status.is_success() { String::new() } else { answer.reason() };
    (answer.status, reason)
}

#[rstest]
#[tokio::test]
async fn key_acts_for_its_owner_until_it_is_revoked(
    #[values(Engine::Sqlite, Engine::Postgres, Engine::MariaDb)] engine: Engine,
) {
    let Some(house) = House::on(engine, |_| {}).await else { return };
    house.register("ada").await;
    let session = house.log_in("ada").await;
    let made = make(&house, &session, &["auth:read"]).await;
    let key = text(&made["key"]);
    assert!(key.starts_with("polity_") && key.ends_with(text(&made["hint"])));
    let answer = house.get("/api/v1/auth/me").bearer(key).send().await.json();
    assert_eq!((&answer["handle"], &answer["role"]), (&json!("ada"), &json!("member")));
    let list = house.get("/api/v1/auth/keys").session(&session).send().await;
    assert!(!list.text.contains(key), "it is shown once");
    assert_eq!(list.json()["items"][0]["scopes"], json!(["auth:read"]));
    let path = format!("/api/v1/auth/keys/{}", text(&made["id"]));
    for _ in 0..2 {
        assert_eq!(house.ask("DELETE", &path).session(&session).send().await.status, StatusCode::NO_CONTENT);
    }
    assert_eq!(me(&house, key).await, (StatusCode::UNAUTHORIZED, "access.credential_rejected".to_owned()));
    assert_eq!(house.get("/api/v1/auth/keys").session(&session).send().await.json()["items"], json!([]));
}

#[tokio::test]
async fn key_does_no_more_than_its_scopes_and_says_what_it_lacks() {
    let (house, session) = ada().await;
    let made = make(&house, &session, &["auth.list_keys"]).await;
    let key = text(&made["key"]);
    assert_eq!(house.get("/api/v1/auth/keys").bearer(key).send().await.status, StatusCode::OK);
    let refused = house.get("/api/v1/auth/me").bearer(key).send().await;
    assert_eq!((refused.status, refused.reason().as_str()), (StatusCode::FORBIDDEN, "access.insufficient_scope"));
    assert!(text(&refused.json()["detail"]).contains("auth:read"), "{}", refused.text);
}

#[tokio::test]
async fn refusal_of_a_key_is_explained_to_whoever_may_know() {
    let house = House::new().await;
    house.register("boss").await;
    let made = make(&house, &house.log_in("boss").await, &["auth.list_keys"]).await;
    let refused = house.get("/api/v1/auth/me").bearer(text(&made["key"])).send().await.json();
    let explanation = &refused["explanation"];
    assert_eq!(refused["refused"]["needs"], json!(["the scope auth:read"]));
    assert!(text(&explanation["decided_by"][0]).starts_with("key:"), "{explanation}");
}

#[tokio::test]
async fn no_key_makes_keys_changes_passwords_or_ends_log_ins() {
    let (house, session) = ada().await;
    let made = make(&house, &session, &["auth:read"]).await;
    let key = text(&made["key"]);
    let own = format!("/api/v1/auth/keys/{}", text(&made["id"]));
    let passwords = json!({ "current_password": PASSWORD, "new_password": "another long password" });
    let tries = [
        ("POST", "/api/v1/auth/keys", json!({ "name": "x", "scopes": ["auth:read"] })),
        ("PUT", "/api/v1/auth/me/password", passwords),
        ("DELETE", "/api/v1/auth/sessions", Value::Null),
        ("DELETE", &own, Value::Null),
        ("POST", "/api/v1/auth/tokens", json!({ "email": "ada@example.org", "password": PASSWORD })),
    ];
    for (method, path, body) in tries {
        let refused = house.ask(method, path).bearer(key).json(body).await;
        assert_eq!((refused.status, refused.reason().as_str()), (StatusCode::FORBIDDEN, "access.in_person"), "{path}");
    }
    let form = house.post("/account/keys").bearer(key).form(&[("name", "x"), ("days", "7")]).await;
    assert_eq!(form.status, StatusCode::FORBIDDEN);
}

#[test]
fn whatever_people_change_here_they_change_in_person() {
    let people = [Role::Guest, Role::Member, Role::Moderator, Role::Administrator].map(|role| match role {
        Role::Guest => Actor::guest(TenantId::FIRST),
        role => Actor::user(TenantId::FIRST, UserId(uuid::Uuid::from_u128(7)), role, "Ada"),
    });
    let decisions = decisions();
    for operation in auth::SPEC.operations.iter().filter(|operation| operation.kind == Kind::Command) {
        let may = people.iter().any(|actor| decisions.could_allow(&Caller::new(actor.clone(), "r"), operation));
        assert!(!may || operation.reach == Reach::InPerson, "{}: mark it .in_person()", operation.id);
    }
}

#[tokio::test]
async fn key_that_was_mistyped_cut_off_or_has_expired_is_refused() {
    let (house, session) = ada().await;
    let made = make(&house, &session, &["auth:read"]).await;
    let key = text(&made["key"]);
    let refused = (StatusCode::UNAUTHORIZED, "access.credential_rejected".to_owned());
    let huge = format!("polity_{}", "a".repeat(10_000));
    for shown in [&key[..50], "polity_", &format!("{}x", &key[..55]), &key.to_lowercase(), &huge] {
        assert_eq!(me(&house, shown).await, refused);
    }
    house.advance(89 * 24 * 3_600);
    assert_eq!(me(&house, key).await.0, StatusCode::OK);
    house.advance(24 * 3_600);
    assert_eq!(me(&house, key).await, refused);
}

#[rstest]
#[case(json!({ "name": "", "scopes": ["auth:read"] }), "name")]
#[case(json!({ "name": "x", "scopes": [] }), "scopes")]
#[case(json!({ "name": "x", "scopes": ["auth:erase"] }), "scopes")]
#[case(json!({ "name": "x", "scopes": ["auth.change_password"] }), "scopes")]
#[case(json!({ "name": "x", "scopes": ["*"] }), "scopes")]
#[case(json!({ "name": "x", "scopes": ["auth:read"], "expires_in_s": 31_536_001 }), "expires_in_s")]
#[case(json!({ "name": "x", "scopes": ["auth:read"], "expires_in_s": u64::MAX }), "expires_in_s")]
#[tokio::test]
async fn what_is_wrong_with_a_key_is_named(#[case] body: Value, #[case] field: &str) {
    let (house, session) = ada().await;
    let refused = house.post("/api/v1/auth/keys").session(&session).json(body).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
    assert_eq!(refused.json()["errors"][0]["field"], field);
}

#[tokio::test]
async fn owner_has_only_so_many_keys() {
    let (house, session) = ada().await;
    for _ in 0..50 {
        make(&house, &session, &["auth:read"]).await;
    }
    let body = json!({ "name": "x", "scopes": ["auth:read"] });
    let refused = house.post("/api/v1/auth/keys").session(&session).json(body).await;
    assert_eq!((refused.status, refused.reason().as_str()), (StatusCode::CONFLICT, "auth.too_many_keys"));
}

#[tokio::test]
async fn use_is_noted_with_its_place_and_not_for_every_request() {
    let (house, session) = ada().await;
    let made = make(&house, &session, &["auth:read"]).await;
    let id = text(&made["id"]).to_owned();
    let portal = &house.portal;
    let caller = Caller::new(Actor::service(TenantId::FIRST, "identity"), "r");
    let note = |address: &str| auth_contract::NoteUseRequest { key_id: id.clone(), address: address.to_owned() };
    portal.note_use(&caller, note("192.0.2.7")).await.unwrap();
    house.advance(60);
    portal.note_use(&caller, note(&"x".repeat(65))).await.unwrap();
    portal.note_use(&caller, note("2001:db8::1")).await.unwrap();
    let key = &house.get("/api/v1/auth/keys").session(&session).send().await.json()["items"][0];
    assert!(key["last_used_at"].is_string() && key["last_used_from"].is_null(), "an earlier note stays: {key}");
    house.advance(60);
    portal.note_use(&caller, note("2001:db8::1")).await.unwrap();
    let key = &house.get("/api/v1/auth/keys").session(&session).send().await.json()["items"][0];
    assert_eq!(key["last_used_from"], "2001:db8::1");
    assert!(portal.note_use(&caller, auth_contract::NoteUseRequest::default()).await.is_err());
}

#[tokio::test]
async fn owner_hears_of_a_new_key_by_mail() {
    let (house, session) = ada().await;
    let _working = house.works();
    make(&house, &session, &["auth:read"]).await;
    let mail = house.mails("ada@example.org", "A key was made for your account", 1).await;
    assert!(mail[0].text.contains("/account/keys"));
}

#[tokio::test]
async fn others_keys_are_nobodys_business_but_administrators_may_end_them() {
    let (house, session) = ada().await;
    for handle in ["eve", "boss"] {
        house.register(handle).await;
    }
    let made = make(&house, &session, &["auth:read"]).await;
    let path = format!("/api/v1/auth/keys/{}", text(&made["id"]));
    let (eve, boss) = (house.log_in("eve").await, house.log_in("boss").await);
    assert_eq!(house.ask("DELETE", &path).session(&eve).send().await.status, StatusCode::FORBIDDEN);
    let id = house.get("/api/v1/auth/me").session(&session).send().await.json()["id"].clone();
    let of_ada = format!("/api/v1/auth/service-accounts/{}/keys", text(&id));
    assert_eq!(house.get(&of_ada).session(&boss).send().await.status, StatusCode::FORBIDDEN, "she is no service");
    let body = json!({ "name": "x", "scopes": ["auth:read"] });
    assert_eq!(house.post(&of_ada).session(&boss).json(body).await.status, StatusCode::FORBIDDEN);
    assert_eq!(house.ask("DELETE", &path).session(&boss).send().await.status, StatusCode::NO_CONTENT);
    assert_eq!(me(&house, text(&made["key"])).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn service_account_acts_with_keys_and_nobody_logs_in_to_it() {
    let (house, session) = ada().await;
    house.register("boss").await;
    let boss = house.log_in("boss").await;
    let body = json!({ "handle": "exporter", "display_name": "Nightly export" });
    let refused = house.post("/api/v1/auth/service-accounts").session(&session).json(body.clone()).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let made = house.post("/api/v1/auth/service-accounts").session(&boss).json(body.clone()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let again = house.post("/api/v1/auth/service-accounts").session(&boss).json(body).await;
    assert_eq!(again.reason(), "auth.handle_taken");
    let id = text(&made.json()["id"]).to_owned();
    let keys = format!("/api/v1/auth/service-accounts/{id}/keys");
    let body = json!({ "name": "x", "scopes": ["auth:read"] });
    let key = house.post(&keys).session(&boss).json(body).await.json();
    let it = house.get("/api/v1/auth/me").bearer(text(&key["key"])).send().await.json();
    assert_eq!((&it["handle"], &it["id"]), (&json!("exporter"), &json!(id)));
    let email = text(&it["email"]).to_owned();
    for password in ["", PASSWORD] {
        let body = json!({ "email": email, "password": password });
        let refused = house.post("/api/v1/auth/tokens").json(body).await;
        assert_eq!(refused.reason(), "auth.credentials_rejected");
    }
    let kinds: Vec<_> = house.events().await.into_iter().map(|event| event.kind).collect();
    assert!(kinds.contains(&"auth.service_account_made.v1".to_owned()), "{kinds:?}");
    let list = house.get("/api/v1/auth/service-accounts").session(&boss).send().await.json();
    assert_eq!((&list["items"][0]["handle"], &list["items"][0]["keys"]), (&json!("exporter"), &json!(1)));
}

#[tokio::test]
async fn key_is_made_and_revoked_on_pages_without_a_script() {
    let (house, session) = ada().await;
    let shown = house.get("/account/keys").session(&session).header("accept", "text/html").send().await;
    assert!(shown.text.contains(r#"name="scope.auth:read""#), "{}", shown.text);
    let pairs = [("name", "Laptop"), ("scope.auth:read", "on"), ("days", "30")];
    let made = house.post("/account/keys").session(&session).form(&pairs).await;
    assert_eq!((made.status, made.header(axum::http::header::CACHE_CONTROL)), (StatusCode::OK, "no-store"));
    let key: String =
        made.text.split("polity_").nth(1).unwrap().chars().take_while(char::is_ascii_alphanumeric).collect();
    assert_eq!(me(&house, &format!("polity_{key}")).await.0, StatusCode::OK);
    let wrong = house.post("/account/keys").session(&session).form(&[("name", "Laptop"), ("days", "30")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("Laptop") && wrong.text.contains("name at least one"));
    let list = house.get("/api/v1/auth/keys").session(&session).send().await.json();
    let revoke = format!("/account/keys/{}/revoke", text(&list["items"][0]["id"]));
    assert_eq!(house.post(&revoke).session(&session).send().await.status, StatusCode::SEE_OTHER);
    assert_eq!(me(&house, &format!("polity_{key}")).await.0, StatusCode::UNAUTHORIZED);
}
