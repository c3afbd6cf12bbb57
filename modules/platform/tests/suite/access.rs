//! Who may look at the console and order at it.

use crate::console::{Console, policies};
use axum::http::{Method, StatusCode, header};
use kernel::{Role, TaskState};
use serde_json::json;

#[test]
fn console_is_for_administrators_and_the_shell() {
    let expected = "\
operation             guest  member  moderator  administrator  service
platform.order_tasks  no     no      no         yes            if
platform.read_tasks   no     no      no         yes            if
";
    assert_eq!(policies().matrix().to_string(), expected);
}

#[tokio::test]
async fn nobody_below_an_administrator_sees_or_orders_anything() {
    let console = Console::new().await;
    let id = console.forum().task(1, "forum.sweep_drafts", TaskState::Dead);
    let reads = ["queues", "throughput", "tasks", "tasks/count", "schedules", "sagas"].map(str::to_owned);
    for path in reads.into_iter().chain([format!("tasks/forum/{id}")]) {
        let path = format!("/api/v1/platform/{path}");
        assert_eq!(console.get_as(&path, None).await.status, StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(console.get_as(&path, Some(Role::Moderator)).await.status, StatusCode::FORBIDDEN, "{path}");
        assert_eq!(console.get(&path).await.status, StatusCode::OK, "{path}");
    }
    let orders =
        ["tasks/redrive", &format!("tasks/forum/{id}/redrive"), "queues/forum/default/pause"].map(str::to_owned);
    for path in orders {
        let path = format!("/api/v1/platform/{path}");
        let refused = console.json_as(Method::POST, &path, Some(Role::Moderator), &json!({})).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert!(console.forum().orders.lock().unwrap().is_empty());
}

#[tokio::test]
async fn pages_are_closed_to_members_and_lead_guests_to_the_door() {
    let console = Console::new().await;
    for path in ["/platform/tasks", "/platform/tasks/search", "/platform/schedules", "/platform/sagas"] {
        assert_eq!(console.get_as(path, Some(Role::Member)).await.status, StatusCode::FORBIDDEN, "{path}");
        let guest = console.get_as(path, None).await;
        assert_eq!(guest.status, StatusCode::SEE_OTHER, "{path}");
        assert!(guest.headers[header::LOCATION].to_str().unwrap().starts_with("/login?next="), "{path}");
    }
}

#[test]
fn every_route_is_described() {
    let document = serde_json::to_value((platform::SPEC.openapi)()).unwrap();
    let paths: Vec<_> = document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        paths,
        [
            "/api/v1/platform/queues",
            "/api/v1/platform/queues/{module}/{queue}/limits",
            "/api/v1/platform/queues/{module}/{queue}/{order}",
            "/api/v1/platform/sagas",
            "/api/v1/platform/sagas/{module}/{id}",
            "/api/v1/platform/sagas/{module}/{id}/{order}",
            "/api/v1/platform/schedules",
            "/api/v1/platform/schedules/{module}/{name}/{order}",
            "/api/v1/platform/tasks",
            "/api/v1/platform/tasks/count",
            "/api/v1/platform/tasks/redrive",
            "/api/v1/platform/tasks/{module}/{id}",
            "/api/v1/platform/tasks/{module}/{id}/{order}",
            "/api/v1/platform/throughput",
        ]
    );
}
