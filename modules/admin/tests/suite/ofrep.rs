//! Flags as programs ask for them: the OpenFeature Remote Evaluation Protocol, and the portal.

use crate::flags::{plain, rollout};
use crate::house::{Answer, House, as_role};
use admin_contract::{EvaluateFlagsRequest, FlagValue};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use kernel::{Actor, Caller, Role, TenantId, reasons};
use rstest::rstest;
use serde_json::{Value, json};
use std::time::Duration;
use testkit::{Engine, eventually, within};
use uuid::Uuid;

const ALL: &str = "/ofrep/v1/evaluate/flags";

async fn evaluate(house: &House, key: &str, context: Value) -> Answer {
    let body = json!({ "context": context }).to_string();
    house.ask("POST", &format!("{ALL}/{key}"), as_role(Role::Member, 1), Some(body)).await
}

/// What the flag comes to for somebody, once this process has heard of it.
async fn value(house: &House, key: &str) -> Value {
    evaluate(house, key, json!({ "targetingKey": "ada" })).await.json()["value"].clone()
}

async fn heard(house: &House, key: &str) {
    eventually("the flag is known", async || evaluate(house, key, json!({})).await.status != StatusCode::NOT_FOUND)
        .await;
}

#[tokio::test]
async fn one_flag_comes_with_value_variant_reason_and_version() {
    let house = House::new().await;
    house.defines("greeting", plain("string", json!("Good day"))).await;
    house.defines("new-editor", rollout(100)).await;
    heard(&house, "new-editor").await;
    let greeting = evaluate(&house, "greeting", json!({})).await;
    let expected = json!({
        "key": "greeting", "value": "Good day", "variant": "it", "reason": "STATIC", "metadata": { "version": 1 },
    });
    assert_eq!((greeting.status, greeting.json()), (StatusCode::OK, expected));
    let editor = evaluate(&house, "new-editor", json!({ "targetingKey": "ada" })).await.json();
    assert_eq!((&editor["value"], &editor["reason"]), (&json!(true), &json!("SPLIT")));
}

#[tokio::test]
async fn what_is_in_the_way_is_told_in_the_protocols_words() {
    let house = House::new().await;
    house.defines("new-editor", rollout(50)).await;
    heard(&house, "new-editor").await;
    let path = format!("{ALL}/new-editor");
    let send = async |path: &str, body: &str| {
        let answer = house.ask("POST", path, as_role(Role::Member, 1), Some(body.to_owned())).await;
        assert!(answer.headers[header::CONTENT_TYPE].to_str().unwrap().starts_with("application/json"));
        (answer.status.as_u16(), answer.json()["key"].clone(), answer.json()["errorCode"].clone())
    };
    for (path, body, expected) in [
        (&format!("{ALL}/nowhere"), "{}", (404, json!("nowhere"), json!("FLAG_NOT_FOUND"))),
        (&path, "{}", (400, json!("new-editor"), json!("TARGETING_KEY_MISSING"))),
        (&path, "{", (400, json!("new-editor"), json!("PARSE_ERROR"))),
        (&path, "[]", (400, json!("new-editor"), json!("PARSE_ERROR"))),
        (&path, r#"{"context": 1}"#, (400, json!("new-editor"), json!("INVALID_CONTEXT"))),
        (&ALL.to_owned(), r#"{"context": 1}"#, (400, Value::Null, json!("INVALID_CONTEXT"))),
        (&ALL.to_owned(), "nonsense", (400, Value::Null, json!("PARSE_ERROR"))),
    ] {
        assert_eq!(send(path, body).await, expected, "{path} {body}");
    }
}

#[tokio::test]
async fn guests_are_told_of_public_flags_alone() {
    let house = House::new().await;
    let mut public = plain("boolean", json!(true));
    public["public"] = json!(true);
    house.defines("banner", public).await;
    house.defines("secret", plain("boolean", json!(true))).await;
    heard(&house, "secret").await;
    let ask = async |key: &str| house.ask("POST", &format!("{ALL}/{key}"), None, Some("{}".into())).await.status;
    assert_eq!(ask("banner").await, StatusCode::OK);
    // Whether one that is not public exists they do not learn.
    assert_eq!((ask("secret").await, ask("nowhere").await), (StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED));
    let keys = async |token: Option<String>| {
        let all = house.ask("POST", ALL, token, Some("{}".into())).await.json();
        all["flags"].as_array().unwrap().iter().map(|flag| flag["key"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(keys(None).await, [json!("banner")]);
    assert_eq!(keys(as_role(Role::Member, 1)).await, [json!("banner"), json!("secret")]);
}

#[tokio::test]
async fn answer_at_hand_is_kept_while_it_would_be_the_same() {
    let house = House::new().await;
    house.defines("new-editor", rollout(100)).await;
    house.defines("greeting", plain("string", json!("Good day"))).await;
    heard(&house, "greeting").await;
    let ask = async |tag: &str, body: &'static str| {
        let request = Request::post(ALL).header(header::AUTHORIZATION, "Bearer member 1");
        let request = request.header(header::CONTENT_TYPE, "application/json").header(header::IF_NONE_MATCH, tag);
        house.send(request.body(Body::from(body)).unwrap()).await
    };
    let ada = r#"{"context": {"targetingKey": "ada"}}"#;
    let first = ask("\"nothing\"", ada).await;
    let tag = first.headers[header::ETAG].to_str().unwrap().to_owned();
    assert_eq!((first.status, first.json()["flags"].as_array().unwrap().len()), (StatusCode::OK, 2));
    for same in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
        let again = ask(&same, ada).await;
        assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""), "{same}");
        assert_eq!(again.headers[header::ETAG], tag.as_str());
    }
    let nobody = ask(&tag, "{}").await;
    assert_eq!(nobody.status, StatusCode::OK);
    assert_eq!(nobody.json()["flags"][1]["errorCode"], "TARGETING_KEY_MISSING");
    house.governs("PUT", "/api/v1/admin/flags/new-editor/switch", json!({ "enabled": false })).await;
    eventually("the answer is another one", async || ask(&tag, ada).await.status == StatusCode::OK).await;
}

#[tokio::test]
async fn schedule_follows_the_clock() {
    let house = House::new().await;
    let mut definition = rollout(0);
    definition["rules"] = json!([{ "from": "2030-01-01T01:00:00Z", "until": "2030-01-01T02:00:00Z", "variant": "on" }]);
    house.defines("happy-hour", definition).await;
    heard(&house, "happy-hour").await;
    for expected in [false, true, false] {
        assert_eq!(value(&house, "happy-hour").await, expected, "{:?}", house.clock);
        house.clock.advance(Duration::from_secs(3_600));
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread")]
async fn every_process_knows_of_a_change_within_a_second(#[case] engine: Engine) {
    let Some(house) = House::on(engine).await else { return };
    house.defines("greeting", plain("number", json!(0))).await;
    // What was there before a process started, it knows from the start.
    let other = house.beside().await;
    assert_eq!(value(&other, "greeting").await, json!(0));
    for n in 1..=5 {
        let body = json!({ "definition": plain("number", json!(n)) });
        house.governs("PUT", "/api/v1/admin/flags/greeting", body).await;
        let second = Duration::from_secs(1);
        let seen = async || {
            let (here, there) = (value(&house, "greeting").await, value(&other, "greeting").await);
            (here == json!(n) && there == json!(n)).then_some(())
        };
        assert!(within(second, seen).await.is_some(), "change {n} was not everywhere within a second");
    }
    house.governs("DELETE", "/api/v1/admin/flags/greeting", Value::Null).await;
    let gone = async || evaluate(&other, "greeting", json!({})).await.status == StatusCode::NOT_FOUND;
    eventually("the flag is gone", gone).await;
}

#[tokio::test]
async fn other_modules_ask_through_the_portal() {
    let house = House::new().await;
    house.defines("new-editor", rollout(100)).await;
    house.defines("limit", plain("number", json!(3))).await;
    heard(&house, "limit").await;
    let request = |keys: &[&str], kind: &str| EvaluateFlagsRequest {
        tenant_id: TenantId::FIRST.to_string(),
        context_json: r#"{"targetingKey":"ada"}"#.to_owned(),
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        kind: kind.to_owned(),
    };
    // For their own decisions, whoever they are made for: here a guest.
    let caller = Caller::new(Actor::guest(TenantId::FIRST), "request");
    let portal = house.portal.get();
    let told = |flags: Vec<FlagValue>| {
        flags.into_iter().map(|flag| (flag.key, flag.value_json, flag.error_code)).collect::<Vec<_>>()
    };
    let text = |parts: [&str; 3]| (parts[0].to_owned(), parts[1].to_owned(), parts[2].to_owned());
    let some = portal.evaluate_flags(&caller, request(&["new-editor", "nowhere", "limit"], "boolean")).await.unwrap();
    let expected =
        [["new-editor", "true", ""], ["nowhere", "", "FLAG_NOT_FOUND"], ["limit", "", "TYPE_MISMATCH"]].map(text);
    assert_eq!(told(some.flags), expected);
    let all = portal.evaluate_flags(&caller, request(&[], "")).await.unwrap();
    assert_eq!(told(all.flags), [["limit", "3", ""], ["new-editor", "true", ""]].map(text));
    let wrong = portal.evaluate_flags(&caller, request(&[], "colour")).await.unwrap_err();
    assert_eq!(wrong.fields[0].field, "kind");
    let elsewhere = Caller::new(Actor::service(TenantId(Uuid::from_u128(2)), "forum"), "request");
    assert!(portal.evaluate_flags(&elsewhere, request(&[], "")).await.unwrap_err().is(&reasons::FORBIDDEN));
}
