//! A flag rolls out to some, to all, and is switched off at once, while programs ask for it.

use crate::client::Client;
use crate::stack::{Stack, Topology};
use rstest::rstest;
use serde_json::{Value, json};
use std::time::Duration;
use testkit::{Engine, PATIENCE, within};

const FLAGS: &str = "/api/v1/admin/flags";

/// Who of a hundred people has the feature, as a program with `ada`'s token learns it.
async fn who_has_it(ada: &Client) -> Vec<u32> {
    let mut having = Vec::new();
    for n in 0..100 {
        let context = json!({ "context": { "targetingKey": format!("user-{n}") } });
        let told = ada.post("/ofrep/v1/evaluate/flags/new-editor", &context).await.ok();
        if told["value"] == json!(true) {
            having.push(n);
        }
    }
    having
}

/// Waits until the flag is at that version where programs ask: a second at most.
async fn heard(ada: &Client, version: i64) {
    let context = json!({ "context": { "targetingKey": "ada" } });
    let seen = async || {
        let told = ada.post("/ofrep/v1/evaluate/flags/new-editor", &context).await;
        (told.status == 200 && told.json()["metadata"]["version"] == json!(version)).then_some(())
    };
    assert!(within(Duration::from_secs(1), seen).await.is_some(), "version {version} was not known within a second");
}

#[rstest]
#[case::all_in_one_on_sqlite(Topology::AllInOne, Engine::Sqlite)]
#[case::all_in_one_on_postgres(Topology::AllInOne, Engine::Postgres)]
#[case::split_on_sqlite(Topology::Split, Engine::Sqlite)]
#[case::split_on_postgres(Topology::Split, Engine::Postgres)]
#[case::all_in_one_on_mariadb(Topology::AllInOne, Engine::MariaDb)]
#[case::split_on_mariadb(Topology::Split, Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flag_rolls_out_and_back_while_programs_ask(#[case] topology: Topology, #[case] engine: Engine) {
    let Some(stack) = Stack::start(topology, engine).await else { return };
    let founder = stack.founder().await;
    let definition = json!({
        "kind": "boolean", "variants": { "on": true, "off": false }, "default": "off", "off": "off",
        "rules": [{ "split": { "shares": [{ "variant": "on", "percent": 10 }] } }],
    });
    let flag = json!({ "key": "new-editor", "definition": definition });
    // The founder's role arrives by an event, a moment after the account.
    let define = async || founder.post(FLAGS, &flag).await.status.is_success().then_some(());
    assert!(within(PATIENCE, define).await.is_some());
    let ada = Client::new(&stack.url).join("ada").await;
    heard(&ada, 1).await;
    let few = who_has_it(&ada).await;
    assert!((1..30).contains(&few.len()), "{few:?}");

    let path = format!("{FLAGS}/new-editor");
    let roll_out = async |percent: u32, tag: &str| {
        let body = json!({ "rule": 0, "percent": percent });
        founder.put(&format!("{path}/rollout"), Some(tag), &body).await
    };
    roll_out(50, "\"v1\"").await.ok();
    heard(&ada, 2).await;
    let half = who_has_it(&ada).await;
    assert!(few.iter().all(|n| half.contains(n)), "{few:?} {half:?}");
    assert_eq!(roll_out(60, "\"v1\"").await.reason(), "store.stale_version");
    roll_out(10, "\"v2\"").await.ok();
    heard(&ada, 3).await;
    assert_eq!(who_has_it(&ada).await, few);

    founder.put(&format!("{path}/switch"), None, &json!({ "enabled": false })).await.ok();
    heard(&ada, 4).await;
    assert_eq!(who_has_it(&ada).await, Vec::<u32>::new());
    let guest = Client::new(&stack.url).post("/ofrep/v1/evaluate/flags/new-editor", &json!({})).await;
    assert_eq!((guest.status.as_u16(), guest.reason().as_str()), (401, "access.log_in"));
    audit_has_every_change(&founder).await;
}

async fn audit_has_every_change(founder: &Client) {
    let entries = async || {
        let page = founder.get("/api/v1/audit/entries?resource=Flag/new-editor&limit=100").await.ok();
        let operations = page["items"].as_array()?.iter().map(|entry| entry["operation"].clone());
        let mut operations: Vec<Value> = operations.collect();
        operations.sort_by_key(Value::to_string);
        (operations.len() == 4).then_some(operations)
    };
    let expected =
        ["admin.define_flag", "admin.roll_out_flag", "admin.roll_out_flag", "admin.switch_flag"].map(Value::from);
    assert_eq!(within(PATIENCE, entries).await.unwrap_or_default(), expected);
}
