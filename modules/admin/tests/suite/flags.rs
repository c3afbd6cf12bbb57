//! Feature flags over REST: what those who keep them do.

use crate::house::{Answer, House, as_role};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use kernel::Role;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::Engine;

const FLAGS: &str = "/api/v1/admin/flags";

/// A boolean flag that gives `on` to so many percent.
pub(crate) fn rollout(percent: impl Into<Value>) -> Value {
    json!({
        "kind": "boolean", "description": "The editor with a preview.",
        "variants": { "on": true, "off": false }, "default": "off", "off": "off",
        "rules": [{ "name": "Everybody", "split": { "shares": [{ "variant": "on", "percent": percent.into() }] } }],
    })
}

/// A flag that gives everybody the same.
pub(crate) fn plain(kind: &str, value: Value) -> Value {
    json!({ "kind": kind, "variants": { "it": value }, "default": "it", "off": "it" })
}

impl House {
    /// Defines a flag over REST.
    pub(crate) async fn defines(&self, key: &str, definition: Value) -> Answer {
        self.governs("POST", FLAGS, json!({ "key": key, "definition": definition })).await
    }

    async fn tries_to(&self, method: &str, path: &str, json: Value) -> Answer {
        self.ask(method, path, as_role(Role::Administrator, 9), Some(json.to_string())).await
    }
}

/// The administrator's request with one more header.
fn request(method: &str, path: &str, header: (&str, &str), json: &Value) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, "Bearer administrator 9")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header.0, header.1)
        .body(Body::from(json.to_string()))
        .unwrap()
}

#[tokio::test]
async fn flag_is_defined_changed_switched_and_put_away_and_its_history_tells_all_of_it() {
    let house = House::new().await;
    house.registers(9, "ada", "Ada").await;
    let defined = house.defines("new-editor", rollout(10)).await;
    assert_eq!((defined.status, &defined.headers[header::ETAG]), (StatusCode::CREATED, &"\"v1\"".parse().unwrap()));
    assert_eq!(defined.headers[header::LOCATION], "/api/v1/admin/flags/new-editor");
    let path = format!("{FLAGS}/new-editor");
    let changed = house.governs("PUT", &path, json!({ "definition": rollout(50) })).await;
    assert_eq!(changed.headers[header::ETAG], "\"v2\"");
    house.governs("PUT", &format!("{path}/switch"), json!({ "enabled": false })).await;
    house.governs("DELETE", &path, Value::Null).await;

    let flag = house.governs("GET", &path, Value::Null).await.json();
    assert_eq!((&flag["archived"], &flag["enabled"], &flag["version"]), (&json!(true), &json!(false), &json!(4)));
    assert_eq!((&flag["kind"], &flag["changed_by_name"]), (&json!("boolean"), &json!("Ada")));
    let history = house.governs("GET", &format!("{path}/versions"), Value::Null).await.json();
    let told: Vec<_> = history["items"].as_array().unwrap().iter().map(|v| (&v["operation"], &v["changes"])).collect();
    let percent = json!([{ "path": "definition.rules[0].split.shares[0].percent", "before": 10, "after": 50 }]);
    let expected = [
        (&json!("admin.define_flag"), &json!([])),
        (&json!("admin.change_flag"), &percent),
        (&json!("admin.switch_flag"), &json!([{ "path": "enabled", "before": true, "after": false }])),
        (&json!("admin.archive_flag"), &json!([{ "path": "archived", "before": false, "after": true }])),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn every_change_is_told_and_audited() {
    let house = House::new().await;
    house.defines("new-editor", rollout(10)).await;
    house.governs("PUT", &format!("{FLAGS}/new-editor/switch"), json!({ "enabled": false })).await;
    // Nothing changes, so nothing is told.
    house.governs("PUT", &format!("{FLAGS}/new-editor/switch"), json!({ "enabled": false })).await;
    house.governs("PUT", &format!("{FLAGS}/new-editor"), json!({ "definition": rollout(10) })).await;
    let told = house.told().await;
    let changes: Vec<_> = told.iter().filter(|event| event.kind == "admin.flag_changed.v1").collect();
    let seen: Vec<_> = changes.iter().map(|e| (&e.data["key"], e.data["enabled"].as_bool())).collect();
    assert_eq!(seen, [(&json!("new-editor"), Some(true)), (&json!("new-editor"), Some(false))]);
    assert_eq!(changes[0].key, changes[0].data["flag_id"].as_str().unwrap());
    let audited: Vec<_> = told.iter().filter_map(|event| event.data["operation"].as_str()).collect();
    assert_eq!(audited, ["admin.define_flag", "admin.switch_flag"]);
}

#[tokio::test]
async fn definition_that_makes_no_sense_is_refused_by_place() {
    let house = House::new().await;
    let mut bad = rollout(10);
    bad["rules"] = json!([{ "variant": "on" }, { "variant": "on" }, {
        "variant": "on", "conditions": [{ "attribute": "plan", "operator": "is", "value": 1 }],
    }]);
    bad["off"] = json!("nowhere");
    let refused = house.tries_to("POST", FLAGS, json!({ "key": "new-editor", "definition": bad })).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.faults(), ["off", "rules[2].conditions[0].operator"]);
    let refused = house.tries_to("POST", FLAGS, json!({ "key": "New", "definition": rollout(1) })).await;
    assert_eq!(refused.faults(), ["key"]);
    house.defines("new-editor", rollout(10)).await;
    let refused = house.tries_to("PUT", &format!("{FLAGS}/new-editor"), json!({ "definition": rollout(101) })).await;
    assert_eq!(refused.faults(), ["rules[0].split.shares[0].percent"]);
}

#[tokio::test]
async fn key_is_one_flags_and_the_flag_keeps_its_type() {
    let house = House::new().await;
    house.defines("limit", plain("number", json!(3))).await;
    let body = json!({ "key": "limit", "definition": plain("number", json!(4)) });
    assert_eq!(house.tries_to("POST", FLAGS, body).await.reason(), "admin.flag_exists");
    let body = json!({ "definition": plain("string", json!("4")) });
    assert_eq!(house.tries_to("PUT", &format!("{FLAGS}/limit"), body).await.reason(), "admin.flag_kind_fixed");
    assert_eq!(
        house.tries_to("PUT", &format!("{FLAGS}/nowhere/switch"), json!({ "enabled": true })).await.reason(),
        "admin.no_such_flag"
    );
}

#[tokio::test]
async fn what_was_put_away_is_left_alone_until_it_is_defined_again() {
    let house = House::new().await;
    house.defines("limit", plain("number", json!(3))).await;
    house.governs("DELETE", &format!("{FLAGS}/limit"), Value::Null).await;
    let body = json!({ "definition": plain("number", json!(4)) });
    assert_eq!(house.tries_to("PUT", &format!("{FLAGS}/limit"), body).await.reason(), "admin.flag_archived");
    let keys = async |query: &str| {
        let page = house.governs("GET", &format!("{FLAGS}{query}"), Value::Null).await.json();
        page["items"].as_array().unwrap().iter().map(|flag| flag["key"].clone()).collect::<Vec<_>>()
    };
    assert_eq!((keys("").await, keys("?archived=true").await), (vec![], vec![json!("limit")]));
    let back = house.defines("limit", plain("string", json!("three"))).await.json();
    assert_eq!((&back["archived"], &back["version"], &back["kind"]), (&json!(false), &json!(3), &json!("string")));
    assert_eq!(keys("").await, [json!("limit")]);
}

#[tokio::test]
async fn flags_come_by_key_page_by_page_and_are_found_by_what_they_are_for() {
    let house = House::new().await;
    for key in ["delta", "alpha", "charlie", "bravo"] {
        house.defines(key, plain("boolean", json!(true))).await;
    }
    house.defines("echo", rollout(10)).await;
    let (mut seen, mut path) = (Vec::new(), format!("{FLAGS}?limit=2"));
    loop {
        let page = house.get(&path, as_role(Role::Moderator, 1)).await.json();
        seen.extend(page["items"].as_array().unwrap().iter().map(|flag| flag["key"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("{FLAGS}?limit=2&cursor={next}");
    }
    assert_eq!(seen, ["alpha", "bravo", "charlie", "delta", "echo"]);
    // The cursor holds U+0000 in quotes, which is no key.
    let forged = house.get(&format!("{FLAGS}?cursor=Ilx1MDAwMCI"), as_role(Role::Moderator, 1)).await;
    assert_eq!(forged.faults(), ["cursor"]);
    let found = house.get(&format!("{FLAGS}?query=PREVIEW"), as_role(Role::Moderator, 1)).await.json();
    assert_eq!((&found["items"][0]["key"], found["items"].as_array().unwrap().len()), (&json!("echo"), 1));
}

#[tokio::test]
async fn version_that_was_not_seen_is_not_replaced() {
    let house = House::new().await;
    house.defines("new-editor", rollout(10)).await;
    let path = format!("{FLAGS}/new-editor");
    let change = |tag, percent: u32| {
        request("PUT", &path, (header::IF_MATCH.as_str(), tag), &json!({ "definition": rollout(percent) }))
    };
    assert_eq!(house.send(change("\"v1\"", 20)).await.status, StatusCode::OK);
    let late = house.send(change("\"v1\"", 30)).await;
    assert_eq!((late.status, late.reason()), (StatusCode::PRECONDITION_FAILED, "store.stale_version".into()));
    let rollout = json!({ "rule": 0, "percent": 30 });
    let late = house.send(request("PUT", &format!("{path}/rollout"), ("if-match", "\"v1\""), &rollout)).await;
    assert_eq!(late.status, StatusCode::PRECONDITION_FAILED);
    let late = house.send(request("DELETE", &path, ("if-match", "\"v1\""), &Value::Null)).await;
    assert_eq!(late.status, StatusCode::PRECONDITION_FAILED);
}

#[tokio::test]
async fn retry_with_the_same_key_defines_one_flag() {
    let house = House::new().await;
    let body = json!({ "key": "new-editor", "definition": rollout(10) });
    let define = || request("POST", FLAGS, ("idempotency-key", "once"), &body);
    let (first, again) = (house.send(define()).await, house.send(define()).await);
    assert_eq!((first.status, again.status), (StatusCode::CREATED, StatusCode::CREATED));
    assert_eq!(first.json()["id"], again.json()["id"]);
}

#[tokio::test]
async fn share_gets_another_percentage() {
    let house = House::new().await;
    house.defines("new-editor", rollout(10)).await;
    let path = format!("{FLAGS}/new-editor/rollout");
    let flag = house.governs("PUT", &path, json!({ "rule": 0, "percent": 12.5 })).await.json();
    assert_eq!(flag["definition"]["rules"][0]["split"]["shares"][0]["percent"], json!(12.5));
    for (body, field) in [
        (json!({ "rule": 0, "percent": 101 }), "percent"),
        (json!({ "rule": 1, "percent": 10 }), "share"),
        (json!({ "rule": 0, "share": 1, "percent": 10 }), "share"),
    ] {
        assert_eq!(house.tries_to("PUT", &path, body.clone()).await.faults(), [field], "{body}");
    }
}

#[tokio::test]
async fn trial_says_what_became_of_each_rule() {
    let house = House::new().await;
    let mut definition = rollout(0);
    definition["rules"].as_array_mut().unwrap().push(json!({
        "name": "Pro", "conditions": [{ "attribute": "plan", "operator": "equals", "value": "pro" }], "variant": "on",
    }));
    house.defines("new-editor", definition).await;
    let path = format!("{FLAGS}/new-editor/try");
    let body = json!({ "context": { "targetingKey": "ada", "plan": "pro" } });
    let trial = house.ask("POST", &path, as_role(Role::Moderator, 1), Some(body.to_string())).await.json();
    assert_eq!(
        (&trial["variant"], &trial["reason"], &trial["rule"]),
        (&json!("on"), &json!("TARGETING_MATCH"), &json!(1))
    );
    assert_eq!(trial["rules"][0]["detail"], "Bucket 19465 is in no share.");
    assert_eq!(trial["rules"][1], json!({ "name": "Pro", "applies": true, "detail": "Gives on." }));
    let lost = house.governs("POST", &path, json!({ "context": {} })).await.json();
    assert_eq!((&lost["reason"], &lost["error_code"]), (&json!("ERROR"), &json!("TARGETING_KEY_MISSING")));
}

#[tokio::test]
async fn moderators_look_and_administrators_change() {
    let house = House::new().await;
    house.defines("new-editor", rollout(10)).await;
    for path in [FLAGS, "/api/v1/admin/flags/new-editor", "/api/v1/admin/flags/new-editor/versions"] {
        assert_eq!(house.get(path, None).await.status, StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(house.get(path, as_role(Role::Member, 1)).await.status, StatusCode::FORBIDDEN, "{path}");
        assert_eq!(house.get(path, as_role(Role::Moderator, 1)).await.status, StatusCode::OK, "{path}");
    }
    for (method, path) in [
        ("POST", FLAGS),
        ("PUT", "/api/v1/admin/flags/new-editor"),
        ("PUT", "/api/v1/admin/flags/new-editor/switch"),
        ("PUT", "/api/v1/admin/flags/new-editor/rollout"),
        ("DELETE", "/api/v1/admin/flags/new-editor"),
    ] {
        let refused = house.ask(method, path, as_role(Role::Moderator, 1), Some("{}".into())).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{method} {path}");
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_change_the_same_version_exactly_one_succeeds(#[case] engine: Engine) {
    let Some(house) = House::on(engine).await else { return };
    house.defines("new-editor", rollout(0)).await;
    let path = format!("{FLAGS}/new-editor");
    for version in 1..=10 {
        let tag = format!("\"v{version}\"");
        let change = |percent: i32| {
            request("PUT", &path, ("if-match", &tag), &json!({ "definition": rollout(percent + version * 2) }))
        };
        let (one, other) = tokio::join!(house.send(change(0)), house.send(change(1)));
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [StatusCode::OK, StatusCode::PRECONDITION_FAILED], "{} {}", one.text, other.text);
    }
}
