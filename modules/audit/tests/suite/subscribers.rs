//! What audit makes of the modules' logs: each entry once, and none that its teller may not tell.

use crate::archive::Archive;
use axum::http::StatusCode;
use kernel::AuditEntry;
use rstest::rstest;
use testkit::Engine;

#[tokio::test]
async fn every_module_is_recorded_and_audit_leaves_nothing_of_its_own() {
    let archive = Archive::new().await;
    for operation in ["auth.register", "admin.grant_role", "forum.post_reply", "platform.order_tasks"] {
        archive.records(&archive.entry(operation, 1)).await;
    }
    assert_eq!(archive.get("/api/v1/audit/entries").await.operations().len(), 4);
    assert_eq!(archive.told().await, 0);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn same_entry_is_recorded_once_however_it_comes(#[case] engine: Engine) {
    let Some(archive) = Archive::on(engine).await else { return };
    let entry = archive.entry("forum.post_reply", 1);
    let event = archive.event(&entry);
    archive.logs["forum"].append(event.clone());
    // The same delivery again, and the same entry in another event that tells it differently.
    archive.logs["forum"].append(event);
    archive.logs["forum"].append(archive.event(&AuditEntry { actor_name: "Eve".into(), ..entry.clone() }));
    // About the same thing, so that it would wait if one of those before had failed.
    archive.records(&archive.entry("forum.last", 1)).await;
    let found = archive.get("/api/v1/audit/entries").await;
    assert_eq!(found.operations(), ["forum.last", "forum.post_reply"]);
    assert_eq!(found.json()["items"][1]["actor_name"], "Ada");
    assert_eq!(found.json()["items"][1]["position"], 1);
}

#[tokio::test]
async fn module_cannot_tell_an_entry_of_another_one() {
    let archive = Archive::new().await;
    let forged = archive.entry("auth.register", 1);
    archive.logs["forum"].append(archive.event(&forged));
    archive.records(&archive.entry("forum.last", 2)).await;
    let found = archive.get(&format!("/api/v1/audit/entries/{}", forged.id)).await;
    assert_eq!(found.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn events_that_carry_no_entry_are_passed_over() {
    let archive = Archive::new().await;
    let mut told = archive.event(&archive.entry("forum.post_reply", 1));
    told.kind = "forum.reply_posted.v1".to_owned();
    archive.logs["forum"].append(told);
    archive.records(&archive.entry("forum.last", 2)).await;
    assert_eq!(archive.get("/api/v1/audit/entries").await.operations(), ["forum.last"]);
}

#[tokio::test]
async fn entry_that_cannot_be_read_holds_up_nothing_else() {
    let archive = Archive::new().await;
    let mut broken = archive.event(&archive.entry("forum.post_reply", 1));
    broken.data = serde_json::json!({ "id": "nonsense" });
    archive.logs["forum"].append(broken);
    archive.records(&archive.entry("forum.last", 2)).await;
}
