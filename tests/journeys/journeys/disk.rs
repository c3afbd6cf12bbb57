//! The disk fills up: what was acknowledged stays readable, and writing works again as soon as there is room.

use crate::client::Client;
use serde_json::json;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use testkit::{Absent, Process, eventually, free_port};

/// Room for the databases and then some.
const DISK_KIB: u32 = 32 * 1024;
/// What is left of it before the replies begin.
const LEFT: u64 = 1 << 20;

/// The disk is a file system that only the process sees, so that it is gone with it however the test ends.
const MOUNT: &str = r#"mount -t tmpfs -o size="$1"k tmpfs "$2" && shift 2 && exec "$@""#;

/// How this user may make one.
fn unshare() -> Option<Vec<&'static str>> {
    let ways = [vec!["unshare", "--mount"], vec!["unshare", "--user", "--map-root-user", "--mount"]];
    let works = |way: &Vec<&str>| {
        let folder = TempDir::new().unwrap();
        let mut command = Command::new(way[0]);
        command.args(&way[1..]).args(["sh", "-c", MOUNT, "sh", "64"]).arg(folder.path()).arg("true");
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    ways.into_iter().find(works)
}

/// A process whose data lies on a small disk of its own.
struct Cramped {
    process: Process,
    client: Client,
    data: PathBuf,
    _folder: TempDir,
}

impl Cramped {
    async fn start() -> Option<Self> {
        let absent = Absent { key: "mount", name: "the right to mount a small disk" };
        let Some(way) = unshare() else { return absent.skip() };
        let folder = TempDir::new().unwrap();
        let (port, size) = (free_port().to_string(), DISK_KIB.to_string());
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        let data = data.to_str().unwrap();
        let url = format!("http://127.0.0.1:{port}");
        let environment = [
            ("ENVIRONMENT", "test"),
            ("POLITY_DATA_DIR", data),
            ("POLITY_HTTP_PORT", port.as_str()),
            ("POLITY_HTTP_PUBLIC_URL", url.as_str()),
        ];
        let binary = env!("CARGO_BIN_EXE_polity-under-test");
        let arguments = [&way[1..], &["sh", "-c", MOUNT, "sh", &size, data, binary, "run-all-in-one"]].concat();
        let process = Process::spawn(Path::new("unshare"), &arguments, &environment, folder.path());
        process.wait_for_line("is ready", Duration::from_secs(60)).await;
        // The disk as the process sees it.
        let data = PathBuf::from(format!("/proc/{}/root{data}", process.pid()));
        assert!(data.join("forum.db").exists(), "{} shows no database", data.display());
        Some(Self { process, client: Client::new(&url), data, _folder: folder })
    }

    async fn founder(&self) -> Client {
        let line = self.process.wait_for_line("/welcome/", Duration::from_secs(10)).await;
        let path = line[line.find("/welcome/").unwrap()..].split_whitespace().next().unwrap();
        let (email, password) = ("founder@example.org", "correct horse battery");
        let form = [("email", email), ("handle", "founder"), ("display_name", "Fay"), ("password", password)];
        assert!(self.client.post_form(path, &form).await.status.is_redirection());
        self.client.log_in(email, password).await
    }

    fn ballast(&self) -> PathBuf {
        self.data.join("ballast")
    }

    /// Fills the disk until this many bytes are left.
    fn fill_up(&self, left: u64) {
        let mut ballast = File::create(self.ballast()).unwrap();
        let full = loop {
            if let Err(error) = ballast.write_all(&[0; 64 << 10]) {
                break error;
            }
        };
        assert_eq!(full.kind(), ErrorKind::StorageFull, "{full}");
        let size = ballast.metadata().unwrap().len();
        ballast.set_len(size - left).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_disk_refuses_replies_loses_none_and_heals_with_room() {
    let Some(cramped) = Cramped::start().await else { return };
    let founder = cramped.founder().await;
    let category = founder.category("attic").await;
    let thread = founder.thread(&category, "Boxes").await;
    let replies = format!("/api/v1/forum/threads/{thread}/posts");
    cramped.fill_up(LEFT);

    let body = json!({ "body": "box ".repeat(4_000) });
    let mut acknowledged = Vec::new();
    let refused = loop {
        let answer = founder.post(&replies, &body).await;
        if !answer.status.is_success() {
            break answer;
        }
        acknowledged.push(answer.json()["id"].as_str().unwrap().to_owned());
        assert!(acknowledged.len() < 10_000, "the disk does not fill up");
    };
    assert_eq!((refused.status.as_u16(), refused.reason().as_str()), (503, "store.unavailable"));
    assert!(refused.headers.contains_key("retry-after"), "{refused:?}");
    assert!(!acknowledged.is_empty());
    // Being refused again and again must not leave anything half-open behind.
    for _ in 0..5 {
        let answer = founder.post(&replies, &body).await;
        if answer.status.is_success() {
            acknowledged.push(answer.json()["id"].as_str().unwrap().to_owned());
        } else {
            assert_eq!((answer.status.as_u16(), answer.reason().as_str()), (503, "store.unavailable"));
        }
    }
    let kept = cramped.client.posts(&thread).await.split_off(1);
    assert_eq!(kept, acknowledged, "what was refused is not there, and what was acknowledged is");
    assert_eq!(cramped.client.get("/health/live").await.status.as_u16(), 200);

    fs::remove_file(cramped.ballast()).unwrap();
    eventually("there is room again", async || founder.post(&replies, &body).await.status.is_success()).await;
    let last = founder.reply(&thread, "The last box").await["id"].as_str().unwrap().to_owned();
    let written = cramped.client.posts(&thread).await.split_off(1);
    assert!(written.starts_with(&acknowledged) && written.last() == Some(&last), "{written:?}");
    let written = written.len();
    eventually("every reply is in the audit", async || founder.audited_replies(&thread).await >= written).await;
    assert_eq!(founder.audited_replies(&thread).await, written);
    assert!(cramped.process.is_running());
}
