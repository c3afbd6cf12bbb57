//! Roles that a community makes up, groups, and who holds them until when.

use crate::house::{Answer, House, as_role, person};
use axum::http::StatusCode;
use kernel::Role;
use rstest::rstest;
use serde_json::{Value, json};
use std::time::Duration;
use testkit::{Engine, eventually};

const PATH: &str = "/api/v1/admin/standings";

async fn define(house: &House, kind: &str, name: &str, operations: &[&str]) -> Answer {
    let body = json!({ "about": "Somebody", "operations": operations }).to_string();
    house.ask("PUT", &format!("{PATH}/{kind}/{name}"), as_role(Role::Administrator, 9), Some(body)).await
}

async fn give(house: &House, what: &str, holder: &str, ends_at: Value) -> Answer {
    let body = json!({ "ends_at": ends_at }).to_string();
    let path = format!("{PATH}/{what}/holders/{holder}");
    house.ask("PUT", &path, as_role(Role::Administrator, 9), Some(body)).await
}

async fn take(house: &House, what: &str, holder: &str) -> Answer {
    house.ask("DELETE", &format!("{PATH}/{what}/holders/{holder}"), as_role(Role::Administrator, 9), None).await
}

/// What the policies say of Ada defining a flag, in this process.
async fn ada_may_define_flags(house: &House) -> Value {
    let resource = json!({ "kind": "Flag", "id": "f", "attributes": { "public": false } });
    let body = json!({ "who": "@ada", "operation": "admin.define_flag", "resource": resource }).to_string();
    let path = "/api/v1/admin/decisions/explain";
    house.ask("POST", path, as_role(Role::Administrator, 9), Some(body)).await.json()
}

fn ada() -> String {
    format!("user:{}", person(1))
}

async fn furnished(engine: Engine) -> Option<House> {
    let house = House::on(engine).await?;
    house.registers(1, "ada", "Ada").await;
    Some(house)
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread")]
async fn made_up_role_lets_its_holder_do_what_it_lists_in_every_process(#[case] engine: Engine) {
    let Some(house) = furnished(engine).await else { return };
    let beside = house.beside().await;
    assert_eq!(ada_may_define_flags(&house).await["allowed"], false);
    let defined = define(&house, "role", "flag-keeper", &["admin.define_flag", "admin.change_flag"]).await;
    assert_eq!(defined.status, StatusCode::OK, "{}", defined.text);
    assert_eq!(give(&house, "role/flag-keeper", &ada(), Value::Null).await.status, StatusCode::OK);
    assert_eq!(house.holds(1).await.roles, ["flag-keeper"]);
    for process in [&house, &beside] {
        eventually("the role is known", async || ada_may_define_flags(process).await["allowed"] == true).await;
        assert_eq!(ada_may_define_flags(process).await["decided_by"], json!(["role/flag-keeper"]));
    }
    assert_eq!(take(&house, "role/flag-keeper", &ada()).await.status, StatusCode::NO_CONTENT);
    assert_eq!(ada_may_define_flags(&beside).await["allowed"], false);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread")]
async fn what_has_ended_counts_for_nothing_before_any_task_ran(#[case] engine: Engine) {
    let Some(house) = furnished(engine).await else { return };
    let ends_at =
        chrono::DateTime::to_rfc3339(&(kernel::Clock::now(house.clock.as_ref()) + chrono::Duration::hours(1)));
    assert_eq!(give(&house, "role/moderator", &ada(), json!(ends_at)).await.status, StatusCode::OK);
    let held = house.holds(1).await;
    assert_eq!((held.role.as_str(), held.ends_at_ms > 0), ("moderator", true));
    house.clock.advance(Duration::from_secs(3600));
    assert_eq!(house.holds(1).await.role, "member");
}

#[tokio::test]
async fn role_of_a_group_is_its_peoples() {
    let house = furnished(Engine::Sqlite).await.unwrap();
    define(&house, "group", "keepers", &[]).await;
    define(&house, "role", "flag-keeper", &["admin.define_flag"]).await;
    assert_eq!(give(&house, "role/flag-keeper", "group:keepers", Value::Null).await.status, StatusCode::OK);
    assert!(house.holds(1).await.roles.is_empty());
    assert_eq!(give(&house, "group/keepers", &ada(), Value::Null).await.status, StatusCode::OK);
    let held = house.holds(1).await;
    assert_eq!((held.groups, held.roles), (vec!["keepers".to_owned()], vec!["flag-keeper".to_owned()]));
    take(&house, "group/keepers", &ada()).await;
    assert!(house.holds(1).await.roles.is_empty());
}

#[tokio::test]
async fn nobody_gives_what_is_not_theirs() {
    let house = furnished(Engine::Sqlite).await.unwrap();
    define(&house, "role", "flag-keeper", &["admin.define_flag"]).await;
    let policies = "@id(\"frozen\") forbid (principal, action == Admin::Action::\"define_flag\", resource);";
    house.governs("POST", "/api/v1/admin/policies", json!({ "policies": policies, "note": "Quiet." })).await;
    house.governs("POST", "/api/v1/admin/policies/1/approval", Value::Null).await;
    let frozen = json!(["community/frozen"]);
    eventually("flags are frozen", async || ada_may_define_flags(&house).await["decided_by"] == frozen).await;
    let refused = give(&house, "role/flag-keeper", &ada(), Value::Null).await;
    assert_eq!((refused.status, refused.reason()), (StatusCode::FORBIDDEN, "admin.escalation".into()));
    let refused = define(&house, "role", "other", &["admin.define_flag"]).await;
    assert_eq!((refused.status, refused.reason()), (StatusCode::FORBIDDEN, "admin.escalation".into()));
    assert!(house.holds(1).await.roles.is_empty());
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_named() {
    let house = furnished(Engine::Sqlite).await.unwrap();
    define(&house, "group", "keepers", &[]).await;
    for (kind, name, operations, field) in [
        ("club", "x", &[][..], "kind"),
        ("role", "No Name", &["admin.define_flag"][..], "name"),
        ("role", "empty", &[][..], "operations"),
        ("role", "rogue", &["admin.record_person"][..], "operations"),
        ("role", "king", &["admin.grant_role"][..], "operations"),
        ("role", "flyer", &["forum.fly"][..], "operations"),
        ("group", "with-operations", &["admin.define_flag"][..], "operations"),
    ] {
        let refused = define(&house, kind, &name.replace(' ', "%20"), operations).await;
        assert_eq!(refused.faults(), [field], "{kind}/{name}: {}", refused.text);
    }
    assert_eq!(define(&house, "role", "member", &["admin.define_flag"]).await.reason(), "admin.built_in_role");
    assert_eq!(give(&house, "role/administrator", &ada(), Value::Null).await.reason(), "admin.built_in_role");
    assert_eq!(give(&house, "role/nobody-knows", &ada(), Value::Null).await.reason(), "admin.no_such_standing");
    let stranger = format!("user:{}", person(7));
    assert_eq!(give(&house, "group/keepers", &stranger, Value::Null).await.reason(), "auth.no_such_user");
    assert_eq!(give(&house, "group/keepers", "ada", Value::Null).await.faults(), ["holder"]);
    assert_eq!(give(&house, "group/keepers", "group:keepers", Value::Null).await.faults(), ["holder"]);
    assert_eq!(give(&house, "group/keepers", &ada(), json!("2001-01-01T00:00:00Z")).await.faults(), ["ends_at"]);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread")]
async fn same_thing_given_by_many_at_once_is_held_once(#[case] engine: Engine) {
    let Some(house) = furnished(engine).await else { return };
    define(&house, "group", "keepers", &[]).await;
    let holder = ada();
    let all = futures::future::join_all((0..4).map(|_| give(&house, "group/keepers", &holder, Value::Null))).await;
    assert!(all.iter().any(|answer| answer.status == StatusCode::OK), "{}", all[0].text);
    let listed = house.get(PATH, as_role(Role::Moderator, 8)).await.json();
    assert_eq!(listed["items"][0]["holders"].as_array().unwrap().len(), 1);
    assert_eq!(house.holds(1).await.groups, ["keepers"]);
}

#[tokio::test]
async fn every_change_is_in_the_record() {
    let house = furnished(Engine::Sqlite).await.unwrap();
    define(&house, "role", "flag-keeper", &["admin.define_flag"]).await;
    give(&house, "role/flag-keeper", &ada(), Value::Null).await;
    take(&house, "role/flag-keeper", &ada()).await;
    let told = house.told().await;
    let entries = told.iter().filter(|event| event.kind == "admin.audit_entry.v1");
    let operations: Vec<&str> = entries.map(|event| event.data["operation"].as_str().unwrap()).collect();
    let expected = ["admin.define_standing", "admin.give_standing", "admin.take_standing"];
    assert!(operations.ends_with(&expected), "{operations:?}");
}

#[tokio::test]
async fn only_administrators_change_them() {
    let house = furnished(Engine::Sqlite).await.unwrap();
    for (method, path) in [
        ("PUT", format!("{PATH}/role/x")),
        ("PUT", format!("{PATH}/role/x/holders/{}", ada())),
        ("DELETE", format!("{PATH}/role/x/holders/{}", ada())),
    ] {
        let refused = house.ask(method, &path, as_role(Role::Moderator, 2), Some("{}".to_owned())).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{method} {path}");
        assert_eq!(refused.json()["refused"]["needs"], json!(["the role administrator"]), "{method} {path}");
    }
}
