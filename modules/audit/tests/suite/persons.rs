//! Whoever the record forgets is gone from it, and it still verifies.

use crate::archive::Archive;
use kernel::{AuditDetail, AuditEntry};
use rstest::rstest;
use std::time::Duration;
use testkit::Engine;
use uuid::Uuid;

/// Who did what archives' entries say.
const ADA: Uuid = Uuid::from_u128(7);

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn person_who_is_forgotten_is_gone_from_entries_archives_and_exports_which_still_verify(#[case] engine: Engine) {
    let Some(archive) = Archive::on(engine).await else { return };
    let entries: Vec<_> = (1..=3)
        .map(|minute| {
            let detail = AuditDetail { user_agent: Some("Lynx/2.9".to_owned()), ..AuditDetail::default() };
            AuditEntry { detail: Some(detail), ..archive.entry("forum.post_reply", minute) }
        })
        .collect();
    archive.records(&entries[0]).await;
    archive.seals().await;
    archive.clock.advance(Duration::from_hours(31 * 24));
    archive.records(&entries[1]).await;
    archive.seals().await;
    assert_eq!(archive.archives().await, 1);
    archive.records(&entries[2]).await;
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("audit.jsonl");
    let verify = ["audit", "verify", file.to_str().unwrap()];
    let before = archive.get("/api/v1/audit/export").await.text;
    assert_eq!(before.matches("Ada").count(), 2, "{before}");
    assert_eq!(archive.get("/api/v1/audit/entries?actor=Ada").await.operations().len(), 2, "{before}");

    archive.command(&["audit", "forget", &ADA.to_string()]).await.unwrap();
    archive.command(&["audit", "forget", &ADA.to_string()]).await.unwrap();
    archive.seals().await;
    let after = archive.get("/api/v1/audit/export").await.text;
    for trace in ["Ada", "192.0.2.1", "Lynx", "salt"] {
        let of_her = after.lines().filter(|line| line.contains(&ADA.to_string()));
        assert!(of_her.clone().count() >= 3 && of_her.clone().all(|line| !line.contains(trace)), "{trace}: {after}");
    }
    std::fs::write(&file, after).unwrap();
    archive.offline(&verify).unwrap();
    std::fs::write(&file, before).unwrap();
    archive.offline(&verify).unwrap();
    for entry in &entries {
        let found = archive.get(&format!("/api/v1/audit/entries/{}", entry.id)).await.json();
        assert_eq!((found["actor_name"].as_str(), found["address"].as_str()), (Some(""), None), "{found}");
        let proof = archive.get(&format!("/api/v1/audit/entries/{}/proof", entry.id)).await;
        assert_eq!(proof.status.as_u16(), 200, "{}", proof.text);
    }
    assert!(archive.get("/api/v1/audit/entries?actor=Ada").await.operations().is_empty());
    // What she still does is recorded, and says no more of her.
    let later = archive.entry("forum.later", 9);
    archive.records(&later).await;
    assert_eq!(archive.get(&format!("/api/v1/audit/entries/{}", later.id)).await.json()["actor_name"], "");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn person_of_whom_there_was_nothing_yet_is_forgotten_all_the_same(#[case] engine: Engine) {
    let Some(archive) = Archive::on(engine).await else { return };
    archive.command(&["audit", "forget", &ADA.to_string()]).await.unwrap();
    let entry = archive.entry("forum.post_reply", 1);
    archive.records(&entry).await;
    let found = archive.get(&format!("/api/v1/audit/entries/{}", entry.id)).await.json();
    assert_eq!((found["actor_name"].as_str(), found["address"].as_str()), (Some(""), None), "{found}");
    assert!(archive.get("/api/v1/audit/entries?actor=Ada").await.operations().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn person_who_cannot_be_read_is_damage_and_keeps_no_entry_from_being_recorded() {
    let archive = Archive::new().await;
    let entries = [1, 2].map(|minute| archive.entry("forum.post_reply", minute));
    archive.records(&entries[0]).await;
    archive.seals().await;
    archive.writes("UPDATE data_keys SET wrapped = 'AAAA' WHERE purpose = 'audit.person'").await.unwrap();
    archive.clock.advance(Duration::from_hours(31 * 24));
    archive.records(&entries[1]).await;
    let proof = archive.get(&format!("/api/v1/audit/entries/{}/proof", entries[0].id)).await;
    assert_eq!(proof.json()["reason"], "audit.record_damaged", "{}", proof.text);
    let ran = |life: &kernel::TaskLife| !life.runs.is_empty() && life.summary.state != kernel::TaskState::Running;
    let life = archive.does("audit.archive_entries", ran).await;
    assert!(format!("{life:?}").contains("audit.record_damaged"), "{life:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn database_holds_no_name_or_address_of_a_person_in_the_clear() {
    let archive = Archive::new().await;
    let entry = archive.entry("forum.post_reply", 1);
    archive.records(&entry).await;
    archive.seals().await;
    let row = store::statement(
        archive.store.backend(),
        "SELECT actor_name, address, person FROM entries UNION ALL SELECT salt, salt, salt FROM leaves",
        [],
    );
    let rows = sea_orm::ConnectionTrait::query_all_raw(archive.store.primary(), row).await.unwrap();
    let told = |row: &sea_orm::QueryResult| -> (Option<String>, Option<String>) {
        (row.try_get("", "actor_name").unwrap(), row.try_get("", "address").unwrap())
    };
    assert_eq!(rows.iter().map(told).collect::<Vec<_>>(), [(Some(String::new()), None), (None, None)]);
    let sealed: String = rows[0].try_get("", "person").unwrap();
    assert!(sealed.starts_with("x1."), "{sealed}");
}
