//! The record over REST: what is found, in which order, and by whom.

use crate::archive::{Archive, policies};
use axum::http::StatusCode;
use kernel::{AuditEntry, Role, TenantId};
use rstest::rstest;
use testkit::Engine;
use uuid::Uuid;

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn entry_is_kept_word_for_word(#[case] engine: Engine) {
    let Some(archive) = Archive::on(engine).await else { return };
    let mut entry = archive.entry("forum.post_reply", 1);
    entry.at = "2030-01-01T00:01:00.000001Z".parse().unwrap();
    archive.records(&entry).await;
    let found = archive.get(&format!("/api/v1/audit/entries/{}", entry.id)).await.json();
    let mut expected = serde_json::to_value(&entry).unwrap();
    expected["tenant_id"] = expected["tenant"].take();
    expected.as_object_mut().unwrap().remove("tenant");
    expected["position"] = 1.into();
    assert_eq!(found, expected);
    let without_address = AuditEntry { address: None, ..archive.entry("forum.post_reply", 2) };
    archive.records(&without_address).await;
    let found = archive.get(&format!("/api/v1/audit/entries/{}", without_address.id)).await.json();
    assert!(found["address"].is_null(), "{found}");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn pages_go_from_the_newest_to_the_oldest_without_gap_or_double(#[case] engine: Engine) {
    let Some(archive) = Archive::on(engine).await else { return };
    // Three at the same instant: the id decides between them.
    for (operation, minute) in
        [("forum.a", 1), ("auth.b", 2), ("admin.c", 2), ("forum.d", 2), ("auth.e", 3), ("admin.f", 4), ("forum.g", 5)]
    {
        archive.records(&archive.entry(operation, minute)).await;
    }
    let (mut seen, mut path) = (Vec::new(), "/api/v1/audit/entries?limit=2".to_owned());
    loop {
        let page = archive.get(&path).await;
        seen.extend(page.operations());
        let page = page.json();
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/v1/audit/entries?limit=2&cursor={next}");
    }
    assert_eq!(seen, ["forum.g", "admin.f", "auth.e", "forum.d", "admin.c", "auth.b", "forum.a"]);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn each_filter_finds_what_it_says(#[case] engine: Engine) {
    let Some(archive) = Archive::on(engine).await else { return };
    archive.records(&archive.entry("forum.post_reply", 1)).await;
    let by_service = AuditEntry {
        actor: "service:admin.people".into(),
        actor_name: "admin.people".into(),
        resource: "Person_x/9".into(),
        ..archive.entry("admin.record_person", 2)
    };
    archive.records(&by_service).await;
    archive.records(&archive.entry("auth.log_in", 3)).await;
    let user = Uuid::from_u128(7);
    for (query, expected) in [
        ("module=forum".to_owned(), vec!["forum.post_reply"]),
        ("operation=auth.log_in".to_owned(), vec!["auth.log_in"]),
        (format!("actor=user:{user}"), vec!["auth.log_in", "forum.post_reply"]),
        (format!("actor={user}&module=auth"), vec!["auth.log_in"]),
        ("actor=service:admin.people".to_owned(), vec!["admin.record_person"]),
        ("actor=Ada".to_owned(), vec!["auth.log_in", "forum.post_reply"]),
        ("resource=Thread/1".to_owned(), vec!["forum.post_reply"]),
        ("resource=Thread".to_owned(), vec!["auth.log_in", "forum.post_reply"]),
        ("resource=Person_x".to_owned(), vec!["admin.record_person"]),
        ("resource=Person%25".to_owned(), vec![]),
        ("resource=PersonAx".to_owned(), vec![]),
        ("from=2030-01-01T00:02:00Z".to_owned(), vec!["auth.log_in", "admin.record_person"]),
        ("to=2030-01-01T00:02:00Z".to_owned(), vec!["forum.post_reply"]),
        (
            "from=2030-01-01&to=2030-01-01&module=".to_owned(),
            vec!["auth.log_in", "admin.record_person", "forum.post_reply"],
        ),
        ("from=2030-01-02".to_owned(), vec![]),
    ] {
        let found = archive.get(&format!("/api/v1/audit/entries?{query}")).await;
        assert_eq!(found.operations(), expected, "{query}");
    }
}

#[tokio::test]
async fn what_cannot_be_looked_for_is_named() {
    let archive = Archive::new().await;
    for (query, field) in [("from=yesterday", "from"), ("to=x", "to"), ("cursor=abc", "cursor"), ("limit=201", "limit")]
    {
        let refused = archive.get(&format!("/api/v1/audit/entries?{query}")).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        assert_eq!(refused.json()["errors"][0]["field"], field, "{query}");
    }
}

#[tokio::test]
async fn entry_of_another_community_is_not_there() {
    let archive = Archive::new().await;
    let elsewhere = AuditEntry { tenant: TenantId(Uuid::from_u128(2)), ..archive.entry("forum.post_reply", 1) };
    archive.logs["forum"].append(archive.event(&elsewhere));
    archive.records(&archive.entry("forum.post_reply", 2)).await;
    let refused = archive.get(&format!("/api/v1/audit/entries/{}", elsewhere.id)).await;
    assert_eq!(
        (refused.status, refused.json()["reason"].as_str()),
        (StatusCode::NOT_FOUND, Some("audit.no_such_entry"))
    );
    assert_eq!(archive.get("/api/v1/audit/entries").await.operations().len(), 1);
}

#[tokio::test]
async fn record_is_for_administrators() {
    let archive = Archive::new().await;
    let entry = archive.entry("forum.post_reply", 1);
    archive.records(&entry).await;
    archive.seals().await;
    let entry = format!("entries/{}", entry.id);
    for path in
        ["entries", &entry, "checkpoint", "checkpoints", &format!("{entry}/proof"), "consistency?from=1", "export"]
    {
        let path = format!("/api/v1/audit/{path}");
        assert_eq!(archive.get_as(&path, None).await.status, StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(archive.get_as(&path, Some(Role::Moderator)).await.status, StatusCode::FORBIDDEN, "{path}");
        assert_eq!(archive.get_as(&path, Some(Role::Administrator)).await.status, StatusCode::OK, "{path}");
    }
}

#[test]
fn each_operation_is_for_these_and_nobody_else() {
    let expected = "\
operation                guest  member  moderator  administrator  service
audit.archive_entries    no     no      no         no             if
audit.export_entries     no     no      no         yes            if
audit.forget_person      no     no      no         no             if
audit.list_checkpoints   no     no      no         yes            no
audit.list_entries       no     no      no         yes            no
audit.prove_consistency  no     no      no         yes            no
audit.prove_entry        no     no      no         yes            no
audit.read_checkpoint    no     no      no         yes            if
audit.read_entry         no     no      no         yes            no
audit.record_entry       no     no      no         no             if
audit.seal_entries       no     no      no         no             if
";
    assert_eq!(policies().matrix().to_string(), expected);
}

#[test]
fn every_route_is_described() {
    let document = serde_json::to_value((audit::SPEC.openapi)()).unwrap();
    let paths: Vec<_> = document["paths"].as_object().unwrap().keys().collect();
    let expected =
        ["checkpoint", "checkpoints", "consistency", "entries", "entries/{id}", "entries/{id}/proof", "export"];
    assert_eq!(paths, expected.map(|path| format!("/api/v1/audit/{path}")).each_ref());
    let parameters = document["paths"]["/api/v1/audit/entries"]["get"]["parameters"].as_array().unwrap();
    let named: Vec<_> = parameters.iter().map(|p| p["name"].as_str().unwrap()).collect();
    assert_eq!(named, ["module", "operation", "actor", "resource", "result", "from", "to", "cursor", "limit"]);
}
