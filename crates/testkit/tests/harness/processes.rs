//! Programs run beside a test.
//!
//! What may not enter: servers that have a harness of their own.

use crate::rerun::runs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use testkit::{PATIENCE, Process, eventually};

fn shell(script: &str) -> Process {
    Process::spawn(Path::new("sh"), &["-c", script], &[("GREETING", "hello")], Path::new("/"))
}

#[tokio::test]
async fn both_streams_are_kept_and_can_be_waited_for() {
    let process = shell("echo one; echo two >&2; exec sleep 1000");
    assert_eq!(process.wait_for_line("tw", PATIENCE).await, "two");
    assert_eq!(process.wait_for_line("one", PATIENCE).await, "one");
    assert!(process.is_running());
    let mut lines: Vec<_> = process.output().lines().map(str::to_owned).collect();
    lines.sort();
    assert_eq!(lines, ["one", "two"]);
}

#[tokio::test]
#[should_panic(expected = "sh did not print `listening` within 10s:\nport taken")]
async fn waiting_for_a_line_ends_with_the_process_and_shows_what_it_said() {
    shell("echo port taken; exit 1").wait_for_line("listening", PATIENCE).await;
}

#[tokio::test]
async fn only_the_given_environment_is_seen() {
    let process = shell("echo \"[$GREETING][$CARGO_MANIFEST_DIR]\"; pwd");
    process.wait_for_line("[hello][]", PATIENCE).await;
    process.wait_for_line("/", PATIENCE).await;
    assert!(process.exited(PATIENCE).await.success());
}

#[tokio::test]
async fn terminated_process_ends_in_its_own_way() {
    let process = shell("trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.05; done");
    process.wait_for_line("ready", PATIENCE).await;
    assert_eq!(process.terminate().await.code(), Some(3));
    process.wait_for_line("bye", PATIENCE).await;
}

#[tokio::test]
async fn killed_process_takes_its_children_with_it() {
    let process = shell("trap '' TERM; sleep 1000 & echo child $!; wait");
    let child: u32 = process.wait_for_line("child", PATIENCE).await[6..].parse().unwrap();
    assert!(runs(child));
    assert_eq!(process.kill().await.signal(), Some(9));
    eventually("the child is gone", async || !runs(child)).await;
}

#[tokio::test]
async fn dropped_process_is_gone_when_drop_returns() {
    let process = shell("trap '' TERM; echo ready; while :; do sleep 1; done");
    process.wait_for_line("ready", PATIENCE).await;
    let pid = process.pid();
    assert!(runs(pid));
    drop(process);
    assert!(!runs(pid));
}
