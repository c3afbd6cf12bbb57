//! The record as it leaves the installation, and what the verifier makes of it where there is none.

use crate::archive::Archive;
use axum::http::{StatusCode, header};
use kernel::Fault;
use rstest::rstest;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;
use testkit::Engine;

/// A folder far from any installation.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn keeps(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// What `polity audit verify` says of this record.
    fn verifies(&self, record: &str, options: &[&str]) -> Result<(), Fault> {
        let file = self.keeps("audit.jsonl", record);
        let line = [&["audit", "verify", file.to_str().unwrap()], options].concat();
        let command = audit::SPEC.command.unwrap()();
        (audit::SPEC.offline)(&command.try_get_matches_from(line).unwrap()).unwrap()
    }

    fn refuses(&self, record: &str, options: &[&str]) -> String {
        let fault = self.verifies(record, options).unwrap_err();
        assert_eq!(fault.reason, "audit.export_broken", "{fault}");
        fault.detail
    }
}

/// Five entries under two checkpoints, the first of them over two; and the second.
async fn exported(archive: &Archive) -> (String, String) {
    for minute in 1..=5 {
        archive.records(&archive.entry("forum.post_reply", minute)).await;
        if minute == 2 {
            archive.seals().await;
        }
    }
    archive.seals().await;
    let checkpoint = archive.get("/api/v1/audit/checkpoint").await.text;
    (archive.get("/api/v1/audit/export").await.text, checkpoint)
}

fn lines(record: &str) -> Vec<String> {
    record.lines().map(|line| format!("{line}\n")).collect()
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exported_record_is_verified_without_the_installation(#[case] engine: Engine) {
    let Some(archive) = Archive::on(engine).await else { return };
    let (record, checkpoint) = exported(&archive).await;
    let kinds: Vec<String> = record
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap().as_object().unwrap().keys().next().unwrap().clone())
        .collect();
    assert_eq!(kinds, ["header", "entry", "entry", "checkpoint", "entry", "entry", "entry", "checkpoint"], "{record}");
    let desk = Desk::new();
    desk.verifies(&record, &[]).unwrap();
    let header: Value = serde_json::from_str(record.lines().next().unwrap()).unwrap();
    let key = header["header"]["public_key"].as_str().unwrap();
    let kept = desk.keeps("kept.txt", &checkpoint);
    desk.verifies(&record, &["--public-key", key, "--checkpoint", kept.to_str().unwrap()]).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_was_done_to_an_export_is_named() {
    let archive = Archive::new().await;
    let (record, checkpoint) = exported(&archive).await;
    let (whole, desk) = (lines(&record), Desk::new());
    let kept = desk.keeps("kept.txt", &checkpoint);
    let kept = ["--checkpoint", kept.to_str().unwrap()];

    let changed = record.replacen("Thread/4", "Thread/9", 1);
    assert!(desk.refuses(&changed, &[]).starts_with("Line 6: entry "), "a changed field");
    let mut exchanged = whole.clone();
    exchanged.swap(4, 5);
    assert!(desk.refuses(&exchanged.concat(), &[]).contains("is leaf 3, where leaf 2 is due"));
    let unfinished = &record[..record.len() - 40];
    assert!(desk.refuses(unfinished, &[]).contains("Line 8 cannot be read: it ends in the middle"));
    assert!(desk.refuses(&whole[..7].concat(), &[]).contains("covers 2 of 5 entries"));
    let cut = whole[..4].concat();
    desk.verifies(&cut, &[]).unwrap();
    let missed = desk.refuses(&cut, &kept);
    assert!(
        missed.starts_with("The end was cut off: there are 2 entries") && missed.ends_with("covers 5."),
        "{missed}"
    );
    let another = ["--public-key", "7gMXTiVQyOTBaCDUIDMZHqHeqxiwnwAsuHxzUM2b2YQ="];
    assert!(desk.refuses(&record, &another).starts_with("Line 4: the checkpoint is not signed with that key"));
    assert_eq!(desk.refuses("", &[]), "The file is empty.");
    assert!(desk.refuses("\u{1f}\u{8b}", &[]).starts_with("Line 1 "));
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_was_done_to_the_database_is_found_in_its_export(#[case] engine: Engine) {
    let Some(archive) = Archive::on(engine).await else { return };
    exported(&archive).await;
    let desk = Desk::new();
    archive.tampers("entries", "UPDATE entries SET actor = 'user:8' WHERE resource = 'Thread/2'").await;
    let changed = archive.get("/api/v1/audit/export").await.text;
    assert!(desk.refuses(&changed, &[]).contains("leaf 1, was changed"));
    archive.writes("DELETE FROM entries WHERE resource = 'Thread/2'").await.unwrap();
    let removed = archive.get("/api/v1/audit/export").await.text;
    assert!(desk.refuses(&removed, &[]).starts_with("Line 3: a checkpoint over 2 entries stands behind 1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_record_is_exported_whole() {
    let archive = Archive::new().await;
    for nth in 0..1_100 {
        archive.logs["forum"].append(archive.event(&archive.entry("forum.post_reply", nth % 60)));
    }
    archive.records(&archive.entry("forum.last", 0)).await;
    assert_eq!(archive.seals().await, 1_101);
    let record = archive.get("/api/v1/audit/export").await.text;
    assert_eq!(record.lines().count(), 1 + 1_101 + 3);
    Desk::new().verifies(&record, &[]).unwrap();
    let table = archive.get("/api/v1/audit/export?format=csv").await;
    assert_eq!(table.headers[header::CONTENT_TYPE], "text/csv; charset=utf-8");
    assert_eq!(table.text.lines().count(), 1 + 1_101);
    assert!(table.text.starts_with("leaf,id,module,"), "{}", &table.text[..200]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_have_checkpoint_and_record_at_a_shell() {
    let archive = Archive::new().await;
    let nothing_yet = archive.command(&["audit", "checkpoint"]).await.unwrap_err();
    assert_eq!(nothing_yet.reason, "audit.no_such_checkpoint");
    exported(&archive).await;
    for line in [&["audit", "checkpoint"][..], &["audit", "export"], &["audit", "export", "--format", "csv"]] {
        archive.command(line).await.unwrap();
    }
}

#[tokio::test]
async fn form_that_does_not_exist_is_refused() {
    let archive = Archive::new().await;
    let refused = archive.get("/api/v1/audit/export?format=xml").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.json()["errors"][0]["field"], "format");
    let empty = archive.get("/api/v1/audit/export").await.text;
    assert_eq!(empty.lines().count(), 1);
    Desk::new().verifies(&empty, &[]).unwrap();
}
