//! What people and programs read of Polity, kept as files so that a change of them is a difference someone reviews.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test reports by failing"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

fn docs(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name)
}

/// What `polity` prints with these arguments, in an empty environment.
fn polity(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_polity-under-test")).args(arguments).env_clear().output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn openapi_document_is_the_published_one() {
    testkit::golden(&docs("openapi.json"), &polity(&["openapi"]));
}

#[test]
fn who_may_do_what_is_the_reviewed_table() {
    testkit::golden(&docs("access.txt"), &polity(&["access"]));
}

#[test]
fn reasons_are_the_published_ones() {
    testkit::golden(&docs("reasons.txt"), &polity(&["reasons"]));
}

#[test]
fn configuration_reference_is_the_published_one() {
    testkit::golden(&docs("configuration.md"), &polity(&["config", "reference"]));
}
