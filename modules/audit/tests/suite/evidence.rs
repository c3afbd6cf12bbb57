//! What is sealed, and what shows it: leaves, checkpoints, proofs, and tables that refuse to be changed.

use crate::archive::Archive;
use axum::http::StatusCode;
use kernel::{AuditEntry, TaskState, TenantId};
use rstest::rstest;
use serde_json::Value;
use store::statement;
use testkit::Engine;
use uuid::Uuid;

/// How many entries a checkpoint covers.
fn size_of(note: &str) -> u64 {
    note.lines().nth(1).unwrap().parse().unwrap()
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_recorded_is_sealed_signed_and_proven(#[case] engine: Engine) {
    let Some(archive) = Archive::on(engine).await else { return };
    assert_eq!(archive.seals().await, 0);
    let none = archive.get("/api/v1/audit/checkpoint").await;
    assert_eq!(
        (none.status, none.json()["reason"].as_str()),
        (StatusCode::NOT_FOUND, Some("audit.no_such_checkpoint"))
    );

    let entries = [1, 2, 3].map(|minute| archive.entry("forum.post_reply", minute));
    for entry in &entries {
        archive.records(entry).await;
    }
    let waits = archive.get(&format!("/api/v1/audit/entries/{}/proof", entries[0].id)).await;
    assert_eq!((waits.status, waits.json()["reason"].as_str()), (StatusCode::CONFLICT, Some("audit.not_sealed")));

    assert_eq!(archive.seals().await, 3);
    assert_eq!(archive.seals().await, 0, "each once");
    let note = archive.get("/api/v1/audit/checkpoint").await.text;
    assert!(note.starts_with(&format!("127.0.0.1:0/audit/{}\n3\n", TenantId::FIRST)), "{note}");
    for (leaf, entry) in entries.iter().enumerate() {
        let proof = archive.get(&format!("/api/v1/audit/entries/{}/proof", entry.id)).await.json();
        assert_eq!((proof["leaf"].as_u64(), &proof["checkpoint"]["note"]), (Some(leaf as u64), &Value::from(&*note)));
        assert_eq!(proof["hashes"].as_array().unwrap().len(), if leaf == 2 { 1 } else { 2 }, "{proof}");
    }
    assert_eq!(archive.told().await, 0, "sealing leaves no entry, which would have to be sealed");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_checkpoint_goes_on_from_those_before_it(#[case] engine: Engine) {
    let Some(archive) = Archive::on(engine).await else { return };
    for minute in 1..=7 {
        archive.records(&archive.entry("forum.post_reply", minute)).await;
        if minute != 4 {
            archive.seals().await;
        }
    }
    let page = archive.get("/api/v1/audit/checkpoints?limit=4").await.json();
    let sizes = |page: &Value| -> Vec<u64> {
        page["items"].as_array().unwrap().iter().map(|item| item["size"].as_u64().unwrap()).collect()
    };
    assert_eq!(sizes(&page), [7, 6, 5, 3]);
    let next = format!("/api/v1/audit/checkpoints?cursor={}", page["next"].as_str().unwrap());
    assert_eq!(sizes(&archive.get(&next).await.json()), [2, 1]);
    for (from, to, hashes) in [(1, 2, 1), (3, 7, 4), (6, 7, 3), (7, 7, 0)] {
        let proof = archive.get(&format!("/api/v1/audit/consistency?from={from}&to={to}")).await;
        assert_eq!(proof.json()["hashes"].as_array().map(Vec::len), Some(hashes), "{from} {to}: {}", proof.text);
    }
    let latest = archive.get("/api/v1/audit/consistency?from=2").await.json();
    assert_eq!(size_of(latest["to"]["note"].as_str().unwrap()), 7);
    for (query, status) in [
        ("from=4", StatusCode::NOT_FOUND),
        ("from=1&to=8", StatusCode::NOT_FOUND),
        ("from=0", StatusCode::NOT_FOUND),
        ("from=3&to=2", StatusCode::UNPROCESSABLE_ENTITY),
        ("from=-1", StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        assert_eq!(archive.get(&format!("/api/v1/audit/consistency?{query}")).await.status, status, "{query}");
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn database_refuses_to_change_or_remove_what_was_recorded_and_sealed(#[case] engine: Engine) {
    let Some(archive) = Archive::on(engine).await else { return };
    archive.records(&archive.entry("forum.post_reply", 1)).await;
    archive.seals().await;
    for table in ["entries", "leaves", "nodes", "checkpoints"] {
        let changes = [format!("UPDATE {table} SET tenant_id = tenant_id"), format!("DELETE FROM {table}")];
        for change in changes {
            let refused = archive.writes(&change).await.unwrap_err().told();
            assert!(refused.contains(&format!("{table} is append-only")), "{change}: {refused}");
        }
    }
    assert_eq!(archive.get("/api/v1/audit/entries").await.operations().len(), 1);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changed_entry_is_not_proven_and_changed_hashes_are_not_built_upon(#[case] engine: Engine) {
    let Some(archive) = Archive::on(engine).await else { return };
    let entries = [1, 2].map(|minute| archive.entry("forum.post_reply", minute));
    for entry in &entries {
        archive.records(entry).await;
    }
    archive.seals().await;
    let proof = async |entry: &AuditEntry| archive.get(&format!("/api/v1/audit/entries/{}/proof", entry.id)).await;

    archive.tampers("entries", "UPDATE entries SET actor = 'user:8' WHERE resource = 'Thread/1'").await;
    let refused = proof(&entries[0]).await;
    assert_eq!(
        (refused.status, refused.json()["reason"].as_str()),
        (StatusCode::CONFLICT, Some("audit.record_damaged"))
    );
    assert_eq!(proof(&entries[1]).await.status, StatusCode::OK);
    let page = archive.get(&format!("/audit/{}", entries[0].id)).await;
    assert!(page.text.contains("The entry was changed after it was sealed."), "{}", page.text);

    let other = "UPDATE nodes SET hash = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=' WHERE level = 1";
    archive.tampers("nodes", other).await;
    archive.records(&archive.entry("forum.post_reply", 3)).await;
    let life = archive.seals_until(|life| !life.runs.is_empty() && life.summary.state != TaskState::Running).await;
    assert!(format!("{life:?}").contains("audit.record_damaged"), "{life:?}");
    assert_eq!(size_of(&archive.get("/api/v1/audit/checkpoint").await.text), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hash_that_was_changed_together_with_the_root_beside_the_note_is_not_signed_anew() {
    let archive = Archive::new().await;
    let entry = archive.entry("forum.post_reply", 1);
    archive.records(&entry).await;
    archive.seals().await;
    let forged = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    archive.tampers("nodes", &format!("UPDATE nodes SET hash = '{forged}'")).await;
    archive.tampers("checkpoints", &format!("UPDATE checkpoints SET root = '{forged}'")).await;
    archive.records(&archive.entry("forum.post_reply", 2)).await;
    let life = archive.seals_until(|life| !life.runs.is_empty() && life.summary.state != TaskState::Running).await;
    assert!(format!("{life:?}").contains("audit.record_damaged"), "{life:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn checkpoint_that_was_taken_away_is_missed() {
    let archive = Archive::new().await;
    archive.records(&archive.entry("forum.post_reply", 1)).await;
    archive.seals().await;
    archive.tampers("checkpoints", "DELETE FROM checkpoints").await;
    archive.records(&archive.entry("forum.post_reply", 2)).await;
    let life = archive.seals_until(|life| !life.runs.is_empty() && life.summary.state != TaskState::Running).await;
    assert!(format!("{life:?}").contains("audit.record_damaged"), "{life:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entry_that_somebody_keeps_from_being_sealed_is_noticed() {
    let archive = Archive::new().await;
    let entry = archive.entry("forum.post_reply", 1);
    archive.records(&entry).await;
    archive.writes("DELETE FROM unsealed").await.unwrap();
    let refused = archive.get(&format!("/api/v1/audit/entries/{}/proof", entry.id)).await;
    assert_eq!(refused.json()["reason"], "audit.record_damaged");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_that_seal_at_once_seal_nothing_twice() {
    let archive = Archive::new().await;
    for minute in 1..=30 {
        archive.logs["forum"].append(archive.event(&archive.entry("forum.post_reply", minute)));
    }
    archive.records(&archive.entry("forum.last", 31)).await;
    let (one, other) = tokio::join!(archive.seals(), archive.seals());
    assert_eq!(one + other, 31, "{one} {other}");
    assert_eq!(size_of(&archive.get("/api/v1/audit/checkpoint").await.text), 31);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_community_has_a_tree_of_its_own() {
    let archive = Archive::new().await;
    let elsewhere = AuditEntry { tenant: TenantId(Uuid::from_u128(2)), ..archive.entry("forum.post_reply", 1) };
    archive.logs["forum"].append(archive.event(&elsewhere));
    archive.records(&archive.entry("forum.post_reply", 2)).await;
    assert_eq!(archive.seals().await, 2);
    assert_eq!(size_of(&archive.get("/api/v1/audit/checkpoint").await.text), 1);
    let foreign = archive.get(&format!("/api/v1/audit/entries/{}/proof", elsewhere.id)).await;
    assert_eq!(foreign.json()["reason"], "audit.no_such_entry");
    let exported = archive.get("/api/v1/audit/export").await.text;
    assert!(!exported.contains(&elsewhere.id.to_string()), "{exported}");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_older_program_records_is_sealed_too_batch_by_batch(#[case] engine: Engine) {
    let Some(archive) = Archive::on(engine).await else { return };
    archive.records(&archive.entry("forum.post_reply", 1)).await;
    let columns = "tenant_id, module, position, operation, actor, actor_name, resource, decision_id, policies, changes, \
                   events, request_id, address, at";
    let ids = (1..=1_200).map(|nth| Uuid::from_u128(1 << 80 | nth).into());
    let sql = format!("INSERT INTO entries (id, {columns}) SELECT $1, {columns} FROM entries LIMIT 1");
    for id in ids {
        archive.store.note(statement(archive.store.backend(), sql.clone(), [id])).await.unwrap();
    }
    assert_eq!(archive.seals().await, 1_201);
    let page = archive.get("/api/v1/audit/checkpoints").await.json();
    let sizes: Vec<_> = page["items"].as_array().unwrap().iter().map(|item| item["size"].as_u64().unwrap()).collect();
    assert_eq!(sizes, [1_201, 1_000, 500]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page_of_an_entry_shows_its_seal() {
    let archive = Archive::new().await;
    let entry = archive.entry("forum.post_reply", 1);
    archive.records(&entry).await;
    let path = format!("/audit/{}", entry.id);
    assert!(archive.get(&path).await.text.contains("Entries are sealed within a minute."));
    archive.seals().await;
    let page = archive.get(&path).await.text;
    let proof = archive.get(&format!("/api/v1/audit/entries/{}/proof", entry.id)).await.json();
    for words in ["0 of 1, counting from 0", proof["leaf_hash"].as_str().unwrap(), "/audit/00000000"] {
        assert!(page.contains(words), "{words}: {page}");
    }
}
