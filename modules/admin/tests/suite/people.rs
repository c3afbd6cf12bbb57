//! The list of people, and the community, over REST and through the portal.

use crate::house::{House, as_role};
use admin_contract::RoleOfRequest;
use axum::http::StatusCode;
use kernel::{Actor, Caller, Role, TenantId, reasons};
use uuid::Uuid;

fn handles(answer: &serde_json::Value) -> Vec<&str> {
    answer["items"].as_array().unwrap().iter().map(|person| person["handle"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn people_come_by_handle_page_by_page_without_gap_or_double() {
    let house = House::new().await;
    for (n, handle) in [(1, "dee"), (2, "ada"), (3, "cy"), (4, "bo"), (5, "eve")] {
        house.registers(n, handle, handle).await;
    }
    let (mut seen, mut path) = (Vec::new(), "/api/v1/admin/people?limit=2".to_owned());
    loop {
        let page = house.get(&path, as_role(Role::Moderator, 9)).await.json();
        seen.extend(handles(&page).into_iter().map(str::to_owned));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/v1/admin/people?limit=2&cursor={next}");
    }
    assert_eq!(seen, ["ada", "bo", "cy", "dee", "eve"]);
}

#[tokio::test]
async fn somebody_is_found_by_part_of_handle_or_name_in_any_case() {
    let house = House::new().await;
    house.registers(1, "ada", "Ada Lovelace").await;
    house.registers(2, "e_l", "Élodie").await;
    for (query, expected) in
        [("LOVE", vec!["ada"]), ("%C3%A9lo", vec!["e_l"]), ("@ada", vec!["ada"]), ("_", vec!["e_l"]), ("x", vec![])]
    {
        let path = format!("/api/v1/admin/people?query={query}");
        let found = house.get(&path, as_role(Role::Moderator, 9)).await.json();
        assert_eq!(handles(&found), expected, "{query}");
    }
}

#[tokio::test]
async fn list_is_for_moderators() {
    let house = House::new().await;
    for path in ["/api/v1/admin/people", "/api/v1/admin/tenant"] {
        assert_eq!(house.get(path, None).await.status, StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(house.get(path, as_role(Role::Member, 1)).await.status, StatusCode::FORBIDDEN, "{path}");
        assert_eq!(house.get(path, as_role(Role::Moderator, 1)).await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn wrong_cursor_and_limit_are_named() {
    let house = House::new().await;
    for (query, field) in [("cursor=abc", "cursor"), ("limit=0", "limit"), ("limit=201", "limit")] {
        let refused = house.get(&format!("/api/v1/admin/people?{query}"), as_role(Role::Moderator, 9)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        assert_eq!(refused.json()["errors"][0]["field"], field, "{query}");
    }
}

#[tokio::test]
async fn community_that_exists_from_the_start_is_read() {
    let house = House::new().await;
    let tenant = house.get("/api/v1/admin/tenant", as_role(Role::Moderator, 9)).await.json();
    let expected = serde_json::json!({
        "id": TenantId::FIRST, "slug": "main", "name": "Polity", "region": "", "accent": null, "state": "active", "version": 1,
    });
    assert_eq!(tenant, expected);
}

#[tokio::test]
async fn portal_tells_roles_within_the_callers_community_only() {
    let house = House::new().await;
    house.founds(1).await;
    assert_eq!((house.role(1).await.as_str(), house.role(2).await.as_str()), ("administrator", "member"));

    let elsewhere = TenantId(Uuid::from_u128(2));
    let ask = async |caller: TenantId, tenant: &str| {
        let request = RoleOfRequest { user_id: crate::house::person(1).to_string(), tenant_id: tenant.to_owned() };
        let caller = Caller::new(Actor::service(caller, "forum"), "request");
        house.portal.get().role_of(&caller, request).await.unwrap_err()
    };
    assert!(ask(elsewhere, &TenantId::FIRST.to_string()).await.is(&reasons::FORBIDDEN));
    assert!(ask(elsewhere, &elsewhere.to_string()).await.is(&admin_contract::reasons::NO_SUCH_TENANT));
    assert_eq!(ask(TenantId::FIRST, "here").await.fields[0].field, "tenant_id");
}

#[test]
fn every_route_is_described() {
    let document = serde_json::to_value((admin::SPEC.openapi)()).unwrap();
    let paths: Vec<_> = document["paths"].as_object().unwrap().keys().collect();
    let expected = [
        "/api/v1/admin/communities",
        "/api/v1/admin/communities/{community}",
        "/api/v1/admin/communities/{community}/state",
        "/api/v1/admin/decisions/explain",
        "/api/v1/admin/flags",
        "/api/v1/admin/flags/{key}",
        "/api/v1/admin/flags/{key}/rollout",
        "/api/v1/admin/flags/{key}/switch",
        "/api/v1/admin/flags/{key}/try",
        "/api/v1/admin/flags/{key}/versions",
        "/api/v1/admin/people",
        "/api/v1/admin/people/{id}/role",
        "/api/v1/admin/policies",
        "/api/v1/admin/policies/{number}/approval",
        "/api/v1/admin/policies/{number}/rejection",
        "/api/v1/admin/standings",
        "/api/v1/admin/standings/{kind}/{name}",
        "/api/v1/admin/standings/{kind}/{name}/holders/{holder}",
        "/api/v1/admin/tenant",
        "/ofrep/v1/evaluate/flags",
        "/ofrep/v1/evaluate/flags/{key}",
    ];
    assert_eq!(paths, expected);
    let parameters = document["paths"]["/api/v1/admin/people"]["get"]["parameters"].as_array().unwrap();
    let named: Vec<_> = parameters.iter().map(|p| (p["in"].as_str().unwrap(), p["name"].as_str().unwrap())).collect();
    assert_eq!(named, [("query", "query"), ("query", "cursor"), ("query", "limit")]);
}
