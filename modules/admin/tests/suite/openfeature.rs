//! The public OpenFeature client against our server, unchanged: what a program that uses it gets. `.ci/run` installs
//! the client into `tests/openfeature`; elsewhere `npm ci` in that folder does.

use crate::flags::{plain, rollout};
use crate::house::House;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;
use testkit::{Absent, Process, eventually};

const ABSENT: Absent = Absent { key: "openfeature", name: "the OpenFeature client for Node.js" };

/// Where Node.js is and where its program is; skipped aloud when the client is not installed.
fn client() -> Option<(PathBuf, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/openfeature");
    let node = ["/usr/bin/node", "/usr/local/bin/node"].into_iter().map(PathBuf::from).find(|node| node.is_file());
    match node {
        Some(node) if folder.join("node_modules/@openfeature/ofrep-provider").is_dir() => Some((node, folder)),
        _ => ABSENT.skip(),
    }
}

/// What the client's program prints.
async fn run(node: &Path, folder: &Path, url: &str, token: &str) -> Value {
    let program = Process::spawn(node, &["client.mjs", url, token], &[], folder);
    let line = program.wait_for_line(r#"{"boolean":"#, Duration::from_secs(30)).await;
    serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn public_client_gets_what_the_flags_say() {
    let Some((node, folder)) = client() else { return };
    let house = House::new().await;
    let mut editor = rollout(0);
    let staff = json!({ "attribute": "email", "operator": "ends_with", "value": "@example.org" });
    editor["rules"] = json!([{ "conditions": [staff], "variant": "on" }]);
    house.defines("new-editor", editor).await;
    let mut greeting = plain("string", json!("Good day"));
    greeting["public"] = json!(true);
    house.defines("greeting", greeting).await;
    house.defines("limit", plain("number", json!(2.5))).await;
    house.defines("theme", plain("json", json!({ "dark": true, "sizes": [1, 2] }))).await;
    house.defines("rollout", rollout(100)).await;
    house.defines("switched-off", rollout(100)).await;
    house.governs("PUT", "/api/v1/admin/flags/switched-off/switch", json!({ "enabled": false })).await;
    let (url, _servers) = house.listens().await;
    let off = async || run(&node, &folder, &url, "member 1").await["off"]["reason"] == "DISABLED";
    eventually("the last change is known", off).await;

    let told = run(&node, &folder, &url, "member 1").await;
    let it = |value: Value, variant: &str, reason: &str, version: i64| json!({ "value": value, "variant": variant, "reason": reason, "version": version });
    let failed = |value: Value, code: &str| json!({ "value": value, "reason": "ERROR", "errorCode": code });
    for (name, expected) in [
        ("boolean", it(json!(true), "on", "TARGETING_MATCH", 1)),
        ("string", it(json!("Good day"), "it", "STATIC", 1)),
        ("number", it(json!(2.5), "it", "STATIC", 1)),
        ("object", it(json!({ "dark": true, "sizes": [1, 2] }), "it", "STATIC", 1)),
        ("rollout", it(json!(true), "on", "SPLIT", 1)),
        ("off", it(json!(false), "off", "DISABLED", 2)),
        ("missing", failed(json!(true), "FLAG_NOT_FOUND")),
        ("nobody", failed(json!(true), "TARGETING_KEY_MISSING")),
    ] {
        let mut told = told[name].clone();
        told.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        if told["version"].is_null() {
            told.as_object_mut().unwrap().remove("version");
        }
        assert_eq!(told, expected, "{name}");
    }
    assert_eq!(told["wrongType"]["errorCode"], "TYPE_MISMATCH");

    let guest = run(&node, &folder, &url, "").await;
    assert_eq!(guest["string"]["value"], "Good day");
    assert_eq!((&guest["number"]["value"], &guest["number"]["reason"]), (&json!(0), &json!("ERROR")));
}
