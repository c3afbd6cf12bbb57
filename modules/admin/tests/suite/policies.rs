//! A community's own policies: proposed, tried, approved by another, in force everywhere, and taken back.

use crate::house::{Answer, House, as_role};
use axum::http::StatusCode;
use kernel::Role;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Engine, eventually};

const PATH: &str = "/api/v1/admin/policies";
const FROZEN: &str = "@id(\"frozen\")\nforbid (principal, action == Admin::Action::\"define_flag\", resource);";

async fn propose(house: &House, n: u32, policies: &str, cases: &Value) -> Answer {
    let cases = if cases.is_null() { String::new() } else { cases.to_string() };
    let body = json!({ "policies": policies, "cases": cases, "note": "Because." }).to_string();
    house.ask("POST", PATH, as_role(Role::Administrator, n), Some(body)).await
}

async fn decide(house: &House, n: u32, number: i64, what: &str) -> Answer {
    house.ask("POST", &format!("{PATH}/{number}/{what}"), as_role(Role::Administrator, n), None).await
}

async fn frozen(house: &House) -> bool {
    let resource = json!({ "kind": "Flag", "id": "f", "attributes": { "public": false } });
    let body = json!({ "who": "@ada", "operation": "admin.define_flag", "resource": resource }).to_string();
    let path = "/api/v1/admin/decisions/explain";
    let told = house.ask("POST", path, as_role(Role::Administrator, 9), Some(body)).await.json();
    told["decided_by"] == json!(["community/frozen"])
}

/// Ada and Bo run the community.
async fn founded(engine: Engine) -> Option<House> {
    let house = House::on(engine).await?;
    house.registers(1, "ada", "Ada").await;
    house.registers(2, "bo", "Bo").await;
    house.founds(1).await;
    house.founds(2).await;
    Some(house)
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread")]
async fn what_another_administrator_approved_is_in_force_in_every_process(#[case] engine: Engine) {
    let Some(house) = founded(engine).await else { return };
    let beside = house.beside().await;
    let proposed = propose(&house, 1, FROZEN, &Value::Null).await;
    assert_eq!(
        (proposed.status, proposed.json()["number"].as_i64()),
        (StatusCode::CREATED, Some(1)),
        "{}",
        proposed.text
    );
    assert!(!frozen(&house).await);
    let own = decide(&house, 1, 1, "approval").await;
    assert_eq!((own.status, own.reason()), (StatusCode::CONFLICT, "admin.four_eyes".into()));
    assert_eq!(decide(&house, 2, 1, "approval").await.json()["status"], "active");
    for process in [&house, &beside] {
        eventually("the policy is in force", async || frozen(process).await).await;
    }
    let later = beside.beside().await;
    assert!(frozen(&later).await, "a process that starts has them from its first moment");
    // Back to nothing is a version like any other.
    assert_eq!(propose(&house, 2, "", &Value::Null).await.status, StatusCode::CREATED);
    assert_eq!(decide(&house, 1, 2, "approval").await.status, StatusCode::OK);
    for process in [&house, &beside] {
        eventually("the policy is gone", async || !frozen(process).await).await;
    }
    let listed = house.get(PATH, as_role(Role::Administrator, 1)).await.json();
    let statuses: Vec<&str> =
        listed["items"].as_array().unwrap().iter().map(|version| version["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["active", "superseded"]);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread")]
async fn of_two_approvals_at_once_one_is_in_force(#[case] engine: Engine) {
    let Some(house) = founded(engine).await else { return };
    propose(&house, 1, FROZEN, &Value::Null).await;
    propose(&house, 2, "", &Value::Null).await;
    let (first, second) = tokio::join!(decide(&house, 2, 1, "approval"), decide(&house, 1, 2, "approval"));
    assert!(first.status == StatusCode::OK && second.status == StatusCode::OK, "{} {}", first.text, second.text);
    let listed = house.get(PATH, as_role(Role::Administrator, 1)).await.json();
    let active = listed["items"].as_array().unwrap().iter().filter(|version| version["status"] == "active").count();
    assert_eq!(active, 1);
}

#[tokio::test]
async fn only_administrator_approves_their_own() {
    let house = House::new().await;
    house.registers(1, "ada", "Ada").await;
    house.founds(1).await;
    propose(&house, 1, FROZEN, &Value::Null).await;
    assert_eq!(decide(&house, 1, 1, "approval").await.status, StatusCode::OK);
}

#[tokio::test]
async fn policy_that_does_not_fit_is_refused_with_its_line() {
    let house = founded(Engine::Sqlite).await.unwrap();
    for (policies, words) in [
        ("\n\nforbid (principal, action, resource", "line 3"),
        ("@id(\"x\")\nforbid (principal, action == Admin::Action::\"fly\", resource);", "fly"),
        (
            "@id(\"x\") forbid (principal, action == Admin::Action::\"grant_role\", resource);",
            "built-in policies alone",
        ),
        ("forbid (principal, action, resource);", "@id"),
    ] {
        let refused = propose(&house, 1, policies, &Value::Null).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{policies}");
        assert!(refused.json()["detail"].as_str().unwrap().contains(words), "{}", refused.text);
    }
    let long = "/".repeat(70_000);
    assert_eq!(propose(&house, 1, &long, &Value::Null).await.faults(), ["policies"]);
}

#[tokio::test]
async fn case_that_comes_out_otherwise_keeps_policies_from_being_proposed() {
    let house = founded(Engine::Sqlite).await.unwrap();
    let case = |allowed: bool| {
        let resource = json!({ "kind": "Flag", "id": "f", "attributes": { "public": false } });
        json!([{ "name": "flags stand still", "role": "administrator", "operation": "admin.define_flag",
            "resource": resource, "allowed": allowed }])
    };
    let refused = propose(&house, 1, FROZEN, &case(true)).await;
    assert_eq!(refused.faults(), ["cases"]);
    let detail = refused.json()["errors"][0]["detail"].as_str().unwrap().to_owned();
    assert_eq!(detail, "flags stand still: refused (community/frozen)");
    assert_eq!(propose(&house, 1, FROZEN, &case(false)).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn community_that_forbade_everything_finds_back() {
    let house = founded(Engine::Sqlite).await.unwrap();
    propose(&house, 1, "@id(\"frozen\") forbid (principal, action, resource);", &Value::Null).await;
    decide(&house, 2, 1, "approval").await;
    eventually("nothing goes any more", async || frozen(&house).await).await;
    let people = house.get("/api/v1/admin/people", as_role(Role::Administrator, 1)).await;
    assert_eq!(people.status, StatusCode::FORBIDDEN);
    assert_eq!(propose(&house, 1, "", &Value::Null).await.status, StatusCode::CREATED);
    assert_eq!(decide(&house, 2, 2, "approval").await.status, StatusCode::OK);
    let opened = async || house.get("/api/v1/admin/people", as_role(Role::Administrator, 1)).await.status == 200;
    eventually("people are listed again", opened).await;
}

#[tokio::test]
async fn what_was_decided_is_not_decided_again() {
    let house = founded(Engine::Sqlite).await.unwrap();
    propose(&house, 1, FROZEN, &Value::Null).await;
    assert_eq!(decide(&house, 1, 1, "rejection").await.status, StatusCode::OK);
    for what in ["approval", "rejection"] {
        assert_eq!(decide(&house, 2, 1, what).await.reason(), "admin.policies_decided");
        assert_eq!(decide(&house, 2, 7, what).await.reason(), "admin.no_such_policies");
    }
    assert!(!frozen(&house).await);
}

#[tokio::test]
async fn only_administrators_see_and_change_them() {
    let house = founded(Engine::Sqlite).await.unwrap();
    let moderator = || as_role(Role::Moderator, 3);
    assert_eq!(house.get(PATH, moderator()).await.status, StatusCode::FORBIDDEN);
    let body = json!({ "policies": "", "note": "x" }).to_string();
    assert_eq!(house.ask("POST", PATH, moderator(), Some(body)).await.status, StatusCode::FORBIDDEN);
}
