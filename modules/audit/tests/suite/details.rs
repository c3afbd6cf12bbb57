//! What entries say since refusals are recorded and changes digested: found, shown, exported, sealed.

use crate::archive::Archive;
use kernel::{AuditDetail, AuditEntry, AuditResult, Difference, SessionId};
use rstest::rstest;
use testkit::Engine;
use uuid::Uuid;

fn detail(result: AuditResult) -> AuditDetail {
    AuditDetail {
        on_behalf_of: Some("user:8".to_owned()),
        session: Some(SessionId(Uuid::from_u128(9))),
        user_agent: Some("Lynx/2.9".to_owned()),
        differences: vec![Difference {
            of: "post/4@2".to_owned(),
            before: Some("AAAA".to_owned()),
            after: Some("BBBB".to_owned()),
            fields: vec!["text".to_owned()],
        }],
        result,
    }
}

fn refused() -> AuditResult {
    AuditResult::Refused { reason: "access.forbidden".to_owned(), times: 3 }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entry_with_detail_is_kept_word_for_word_and_sealed_beside_older_ones(#[case] engine: Engine) {
    let Some(archive) = Archive::on(engine).await else { return };
    archive.records(&archive.entry("forum.post_reply", 1)).await;
    for (minute, result) in [(2, AuditResult::Done), (3, refused())] {
        let entry = AuditEntry { detail: Some(detail(result)), ..archive.entry("forum.post_reply", minute) };
        archive.records(&entry).await;
        let found = archive.get(&format!("/api/v1/audit/entries/{}", entry.id)).await.json();
        assert_eq!(found["detail"], serde_json::to_value(entry.detail).unwrap());
    }
    assert_eq!(archive.seals().await, 3);
    let exported = archive.get("/api/v1/audit/export").await.text;
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("audit.jsonl");
    std::fs::write(&file, &exported).unwrap();
    archive.offline(&["audit", "verify", file.to_str().unwrap()]).unwrap();
    let softened = exported.replace(r#""times":3"#, r#""times":1"#);
    assert_ne!(softened, exported);
    std::fs::write(&file, softened).unwrap();
    let broken = archive.offline(&["audit", "verify", file.to_str().unwrap()]).unwrap_err();
    assert!(broken.detail.contains("leaf 2, was changed"), "{broken}");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn refusals_are_found_among_what_was_done(#[case] engine: Engine) {
    let Some(archive) = Archive::on(engine).await else { return };
    archive.records(&archive.entry("forum.before", 1)).await;
    let done = AuditEntry { detail: Some(detail(AuditResult::Done)), ..archive.entry("forum.done", 2) };
    let refusal = AuditEntry { detail: Some(detail(refused())), ..archive.entry("forum.refused", 3) };
    let mut told = archive.event(&refusal);
    told.kind = AuditEntry::refusal_kind_of("forum");
    archive.records(&done).await;
    archive.logs["forum"].append(told);
    archive.records(&archive.entry("forum.last", 3)).await;
    for (result, expected) in [
        ("", vec!["forum.last", "forum.refused", "forum.done", "forum.before"]),
        ("refused", vec!["forum.refused"]),
        ("done", vec!["forum.last", "forum.done", "forum.before"]),
    ] {
        let found = archive.get(&format!("/api/v1/audit/entries?result={result}")).await;
        assert_eq!(found.operations().len(), expected.len(), "{result}");
        assert!(expected.iter().all(|operation| found.operations().contains(&(*operation).to_owned())), "{result}");
    }
    let wrong = archive.get("/api/v1/audit/entries?result=won").await.json();
    assert_eq!(wrong["errors"][0]["field"], "result");
}

#[tokio::test]
async fn pages_show_what_differs_and_what_was_refused() {
    let archive = Archive::new().await;
    let done = AuditEntry { detail: Some(detail(AuditResult::Done)), ..archive.entry("forum.edit_post", 1) };
    let refusal = AuditEntry { detail: Some(detail(refused())), ..archive.entry("forum.lock_thread", 2) };
    archive.records(&done).await;
    archive.records(&refusal).await;
    let page = archive.get(&format!("/audit/{}", done.id)).await.text;
    for words in ["post/4@2", ": text", "Lynx/2.9", "On behalf of", "user:8"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let page = archive.get("/audit?result=refused").await.text;
    for words in ["Refused 3 times", "access.forbidden", "3 within a minute"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("forum.edit_post"), "{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_audit_itself_refused_is_recorded() {
    let archive = Archive::new().await;
    let refusal = AuditEntry { detail: Some(detail(refused())), ..archive.entry("audit.export_entries", 1) };
    archive.records(&refusal).await;
    assert_eq!(archive.get("/api/v1/audit/entries?module=audit").await.operations(), ["audit.export_entries"]);
}
