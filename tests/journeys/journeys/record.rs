//! The record: what it holds of attempts that came to nothing, and what somebody without the installation makes of it.

use crate::client::Client;
use crate::configuration::polity;
use crate::stack::{Stack, Topology};
use rstest::rstest;
use serde_json::json;
use std::fs;
use store::statement;
use tempfile::TempDir;
use testkit::{Engine, eventually};

/// A record in which nothing was sealed yet; the key is the one of the signed note's specification.
const EMPTY: &str = r#"{"header":{"format":"polity-audit-export/1","tenant":"00000000-0000-0000-0000-000000000001","public_key":"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"}}
"#;

#[test]
fn record_is_verified_where_nothing_is_configured() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("audit.jsonl");
    let verify = ["audit", "verify", file.to_str().unwrap()];
    // Anything else would name all that production must be told.
    let bare = [("ENVIRONMENT", "production")];
    fs::write(&file, EMPTY).unwrap();
    let whole = polity(&verify, &bare);
    assert!(whole.success && whole.said.contains("nothing to verify"), "{}", whole.said);
    fs::write(&file, format!("{EMPTY}{{\"entry\":{{\"leaf\":0,")).unwrap();
    let torn = polity(&verify, &bare);
    assert!(!torn.success, "{}", torn.said);
    assert_eq!(torn.said, "polity: Line 2 cannot be read: it ends in the middle. (audit.export_broken)\n");
}

#[rstest]
#[case::all_in_one_on_sqlite(Topology::AllInOne, Engine::Sqlite)]
#[case::split_on_postgres(Topology::Split, Engine::Postgres)]
#[case::all_in_one_on_mariadb(Topology::AllInOne, Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_attempts_are_recorded_with_who_and_why(#[case] topology: Topology, #[case] engine: Engine) {
    let Some(stack) = Stack::start(topology, engine).await else { return };
    let founder = stack.founder().await;
    let eve = Client::new(&stack.url).join("eve").await;
    for _ in 0..20 {
        assert_eq!(eve.get("/api/v1/audit/export").await.status.as_u16(), 403);
    }
    let wrong = json!({ "email": "founder@example.org", "password": "guessed it wrong" });
    assert_eq!(Client::new(&stack.url).post("/api/v1/auth/tokens", &wrong).await.status.as_u16(), 401);
    let refused = async |operation: &str| {
        let path = format!("/api/v1/audit/entries?result=refused&operation={operation}");
        founder.get(&path).await.json()["items"].as_array().cloned().unwrap_or_default()
    };
    eventually("the refused export is recorded", async || !refused("audit.export_entries").await.is_empty()).await;
    let entry = &refused("audit.export_entries").await[0];
    assert_eq!(entry["detail"]["result"]["refused"]["reason"], "access.forbidden");
    assert_eq!(entry["actor_name"], "EVE");
    assert!(refused("audit.export_entries").await.len() <= 3, "a flood is counted, not written down");
    eventually("the wrong password is recorded", async || !refused("auth.issue_tokens").await.is_empty()).await;
    let entry = &refused("auth.issue_tokens").await[0];
    assert_eq!((entry["actor"].as_str(), entry["address"].is_string()), (Some("guest"), true));
    assert!(!entry.to_string().contains("guessed"), "{entry}");
}

/// Journey 4's other half: whoever owns the database edits a row, and whoever hands on a copy cuts it off.
#[rstest]
#[case::all_in_one_on_sqlite(Engine::Sqlite)]
#[case::all_in_one_on_postgres(Engine::Postgres)]
#[case::all_in_one_on_mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edited_row_and_truncated_copy_are_both_named_offline(#[case] engine: Engine) {
    let Some(stack) = Stack::start(Topology::AllInOne, engine).await else { return };
    let founder = stack.founder().await;
    let category = founder.category("plans").await;
    founder.thread(&category, "Who changed this?").await;
    let id = {
        let path = "/api/v1/audit/entries?operation=forum.start_thread";
        eventually("it is recorded", async || founder.get(path).await.json()["items"][0]["id"].is_string()).await;
        founder.get(path).await.json()["items"][0]["id"].as_str().unwrap().to_owned()
    };
    let database = stack.database("audit").await;
    let origin = kernel::TaskOrigin::service(kernel::TenantId::FIRST, "tests");
    let seal = kernel::NewTask::new("audit.seal_entries", 1, json!({}));
    kernel::TaskQueue::enqueue(&store::SqlTaskQueue::of(&database), &origin, vec![seal]).await.unwrap();
    let proof = format!("/api/v1/audit/entries/{id}/proof");
    eventually("it is sealed", async || founder.get(&proof).await.status.as_u16() == 200).await;

    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (whole, cut, kept) = (at("whole.jsonl"), at("cut.jsonl"), at("kept.txt"));
    fs::write(&whole, stack.shell(&["audit", "export"])).unwrap();
    fs::write(&kept, stack.shell(&["audit", "checkpoint"])).unwrap();
    let verify =
        |file: &str| polity(&["audit", "verify", file, "--checkpoint", &kept], &[("ENVIRONMENT", "production")]);
    let fine = verify(&whole);
    assert!(fine.success && fine.said.contains("is whole"), "{}", fine.said);

    let text = fs::read_to_string(&whole).unwrap();
    let header: String = text.lines().take(1).map(|line| format!("{line}\n")).collect();
    fs::write(&cut, header).unwrap();
    let named = verify(&cut);
    assert!(!named.success && named.said.contains("The end was cut off"), "{}", named.said);

    let triggers = match engine {
        Engine::Postgres => vec!["DROP TRIGGER entries_refuses ON entries"],
        _ => vec!["DROP TRIGGER entries_refuses_update"],
    };
    for sql in triggers
        .into_iter()
        .chain(["UPDATE entries SET actor = 'user:somebody-else' WHERE operation = 'forum.start_thread'"])
    {
        database.note(statement(database.backend(), sql, [])).await.unwrap();
    }
    fs::write(&whole, stack.shell(&["audit", "export"])).unwrap();
    let named = verify(&whole);
    assert!(!named.success && named.said.contains(&format!("entry {id}")), "{}", named.said);
    assert!(named.said.contains("was changed"), "{}", named.said);
}
