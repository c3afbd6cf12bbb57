//! Why a decision came out as it did.

use crate::house::{House, as_role, person};
use axum::http::StatusCode;
use kernel::Role;
use serde_json::{Value, json};

async fn explain(house: &House, who: &str, operation: &str, resource: Value) -> crate::house::Answer {
    let body = json!({ "who": who, "operation": operation, "resource": resource }).to_string();
    house.ask("POST", "/api/v1/admin/decisions/explain", as_role(Role::Administrator, 9), Some(body)).await
}

#[tokio::test]
async fn refusal_names_what_would_have_been_needed() {
    let house = House::new().await;
    house.registers(1, "ada", "Ada").await;
    let told = explain(&house, "@ada", "admin.grant_role", json!({ "kind": "Person", "id": "p" })).await.json();
    assert_eq!(told["allowed"], false);
    assert_eq!(told["role"], "member");
    assert_eq!(told["would_need"], json!(["admin/administrators_govern"]));
    assert_eq!(told["ways"], json!(["the role administrator"]));
}

#[tokio::test]
async fn people_are_asked_about_in_the_role_they_hold_now() {
    let house = House::new().await;
    house.registers(1, "ada", "Ada").await;
    house.founds(1).await;
    let id = person(1).to_string();
    for who in ["@ada", &id, &format!("user:{id}")] {
        let told = explain(&house, who, "admin.grant_role", json!({ "kind": "Person", "id": "p" })).await.json();
        assert_eq!((&told["allowed"], &told["role"]), (&json!(true), &json!("administrator")), "{who}");
        assert_eq!(told["decided_by"], json!(["admin/administrators_govern"]));
    }
}

#[tokio::test]
async fn guests_and_services_can_be_asked_about() {
    let house = House::new().await;
    let person = json!({ "kind": "Person", "id": "p" });
    let guest = explain(&house, "guest", "admin.record_person", person.clone()).await.json();
    assert_eq!((&guest["allowed"], &guest["role"]), (&json!(false), &json!("guest")));
    let service = explain(&house, "service:admin.people", "admin.record_person", person).await.json();
    assert_eq!(service["allowed"], true);
}

#[tokio::test]
async fn attributes_reach_the_policies() {
    let house = House::new().await;
    let resource = json!({ "kind": "Person", "id": "p", "attributes": { "age": 3, "by": { "user": person(1).0 } } });
    let told = explain(&house, "guest", "admin.read_role", resource).await.json();
    assert_eq!(told["allowed"], false);
    assert!(told["errors"][0].as_str().unwrap().contains("age"), "{told}");
}

#[tokio::test]
async fn question_that_cannot_be_put_names_the_field() {
    let house = House::new().await;
    let thing = |kind: &str| json!({ "kind": kind, "id": "p" });
    for (who, operation, kind, field) in [
        ("ada", "admin.grant_role", "Person", "who"),
        ("@nobody", "admin.grant_role", "Person", "who"),
        ("guest", "no such thing", "Person", "operation"),
        ("guest", "admin.grant_role", "", "kind"),
    ] {
        let refused = explain(&house, who, operation, thing(kind)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{who}");
        assert_eq!(refused.json()["errors"][0]["field"], field, "{who}");
    }
    let unknown = explain(&house, "guest", "forum.fly", thing("Thread")).await.json();
    assert_eq!(unknown["errors"], json!(["no module declares `forum.fly`"]));
}

#[tokio::test]
async fn only_administrators_ask() {
    let house = House::new().await;
    let path = "/api/v1/admin/decisions/explain";
    let moderator = house.ask("POST", path, as_role(Role::Moderator, 1), Some("{}".into())).await;
    assert_eq!(moderator.status, StatusCode::FORBIDDEN);
}
