//! Entries that leave the database for an archive: all of them are still there, proven and verified, and nothing else goes.

use crate::archive::Archive;
use axum::http::StatusCode;
use kernel::{AuditEntry, FileName, Files, TaskState, TenantId};
use rstest::rstest;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;
use testkit::Engine;

const MONTH: Duration = Duration::from_hours(31 * 24);

/// Three entries from more than a month ago, and one of today; all of them are sealed.
async fn aged(archive: &Archive) -> Vec<AuditEntry> {
    let entries: Vec<_> = (1..=4).map(|minute| archive.entry("forum.post_reply", minute)).collect();
    for (nth, entry) in entries.iter().enumerate() {
        if nth == 3 {
            archive.clock.advance(MONTH);
        }
        archive.records(entry).await;
        if nth >= 1 {
            archive.seals().await;
        }
    }
    entries
}

async fn kept(archive: &Archive) -> Vec<FileName> {
    let folder = FileName::parse(&format!("audit/{}", TenantId::FIRST)).unwrap();
    archive.files.list(&folder).await.unwrap()
}

async fn count(archive: &Archive) -> i64 {
    use sea_orm::ConnectionTrait;
    let count =
        store::statement(archive.store.backend(), "SELECT COUNT(*) AS n FROM entries WHERE module = 'forum'", []);
    archive.store.primary().query_one_raw(count).await.unwrap().unwrap().try_get("", "n").unwrap()
}

/// How many entries audit's own log holds.
async fn told(archive: &Archive) -> i64 {
    use sea_orm::ConnectionTrait;
    let kind = AuditEntry::kind_of("audit");
    let sql = "SELECT COUNT(*) AS n FROM outbox WHERE kind = $1";
    let count = store::statement(archive.store.backend(), sql, [kind.into()]);
    archive.store.primary().query_one_raw(count).await.unwrap().unwrap().try_get("", "n").unwrap()
}

fn written(folder: &TempDir, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_entries_leave_the_database_and_are_read_proven_and_verified_as_before(#[case] engine: Engine) {
    let Some(archive) = Archive::on(engine).await else { return };
    let entries = aged(&archive).await;
    let before = archive.get("/api/v1/audit/export").await.text;
    let checkpoint = archive.get("/api/v1/audit/checkpoint").await.text;
    let first = format!("/api/v1/audit/entries/{}", entries[0].id);
    let read = archive.get(&first).await.text;
    assert_eq!(archive.archives().await, 3);
    assert_eq!(archive.archives().await, 0, "each once");
    assert_eq!((count(&archive).await, kept(&archive).await.len()), (1, 1));

    assert_eq!(archive.get(&first).await.text, read);
    for entry in &entries {
        let proof = archive.get(&format!("/api/v1/audit/entries/{}/proof", entry.id)).await;
        assert_eq!(proof.status, StatusCode::OK, "{}", proof.text);
    }
    assert_eq!(archive.get("/api/v1/audit/consistency?from=2&to=4").await.status, StatusCode::OK);
    assert_eq!(archive.get("/api/v1/audit/export").await.text, before, "an export is still all of it");

    let folder = TempDir::new().unwrap();
    let name = &kept(&archive).await[0];
    let alone = written(&folder, "old.jsonl.gz", archive.files.get(name).await.unwrap().unwrap());
    archive.offline(&["audit", "verify", alone.to_str().unwrap()]).unwrap();
    let note = written(&folder, "kept.txt", checkpoint);
    let verify = ["audit", "verify", alone.to_str().unwrap(), "--checkpoint", note.to_str().unwrap()];
    let cut = archive.offline(&verify).unwrap_err();
    assert!(cut.detail.contains("cut off"), "{cut}");
    assert_eq!(told(&archive).await, 1, "the entry that says that there is an archive");

    archive.clock.advance(MONTH);
    archive.archives().await;
    let name = &kept(&archive).await[1];
    let later = written(&folder, "later.jsonl.gz", archive.files.get(name).await.unwrap().unwrap());
    let (alone, later) = (alone.to_str().unwrap(), later.to_str().unwrap());
    let refused = archive.offline(&["audit", "verify", later]).unwrap_err();
    assert!(refused.detail.contains("begins at leaf 3"), "{refused}");
    archive.offline(&["audit", "verify", later, "--part"]).unwrap();
    archive.offline(&["audit", "verify", alone, later]).unwrap();
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn database_lets_go_of_archived_entries_and_of_no_others(#[case] engine: Engine) {
    let Some(archive) = Archive::on(engine).await else { return };
    aged(&archive).await;
    for when in ["before", "after"] {
        for statement in ["DELETE FROM entries", "DELETE FROM leaves", "UPDATE entries SET actor = 'user:8'"] {
            let refused = archive.writes(statement).await.unwrap_err().told();
            assert!(refused.contains("is append-only"), "{when}: {statement}: {refused}");
        }
        if when == "before" {
            assert_eq!(archive.archives().await, 3);
        }
    }
    for statement in ["DELETE FROM archives", "UPDATE archives SET until_leaf = 9"] {
        assert!(archive.writes(statement).await.unwrap_err().told().contains("archives is append-only"), "{statement}");
    }
    assert_eq!(count(&archive).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entry_that_was_changed_is_not_archived() {
    let archive = Archive::new().await;
    aged(&archive).await;
    archive.writes("DROP TRIGGER entries_refuses_update").await.unwrap();
    archive.writes("UPDATE entries SET actor = 'user:8' WHERE resource = 'Thread/1'").await.unwrap();
    let ran = |life: &kernel::TaskLife| !life.runs.is_empty() && life.summary.state != TaskState::Running;
    let life = archive.does("audit.archive_entries", ran).await;
    assert!(format!("{life:?}").contains("audit.record_damaged"), "{life:?}");
    assert_eq!((count(&archive).await, kept(&archive).await.len()), (4, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_cut_off_behind_the_file_loses_nothing_and_doubles_nothing() {
    let archive = Archive::new().await;
    aged(&archive).await;
    let killed = "CREATE TRIGGER killed BEFORE INSERT ON archives BEGIN SELECT RAISE(ABORT, 'killed'); END";
    archive.writes(killed).await.unwrap();
    let ran = |life: &kernel::TaskLife| !life.runs.is_empty() && life.summary.state != TaskState::Running;
    archive.does("audit.archive_entries", ran).await;
    assert_eq!(
        (count(&archive).await, kept(&archive).await.len()),
        (4, 1),
        "the file is there, and so are the entries"
    );
    archive.writes("DROP TRIGGER killed").await.unwrap();
    assert_eq!(archive.archives().await, 3);
    assert_eq!((count(&archive).await, kept(&archive).await.len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn archive_that_somebody_exchanged_or_took_away_is_noticed() {
    let archive = Archive::new().await;
    let entries = aged(&archive).await;
    archive.archives().await;
    let name = kept(&archive).await.remove(0);
    let path = format!("/api/v1/audit/entries/{}", entries[0].id);
    archive.files.overwrite(&name, b"nothing of the kind".to_vec());
    assert_eq!(archive.get(&path).await.json()["reason"], "audit.record_damaged");
    archive.files.delete(&name).await.unwrap();
    assert_eq!(archive.get(&path).await.json()["reason"], "audit.record_damaged");
    assert_eq!(archive.get(&format!("{path}/proof")).await.status, StatusCode::CONFLICT);
}
