//! Modules that do not answer: each is named, its reason is logged, and nobody else has to wait or to be silent for it.

use crate::console::Console;
use crate::desk::at;
use axum::http::StatusCode;
use kernel::{Fault, TaskState, reasons};
use serde_json::json;
use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;
use tracing_subscriber::layer::SubscriberExt;

const READS: [&str; 6] = ["queues", "tasks", "tasks/count", "schedules", "sagas", "throughput"];

#[tokio::test]
async fn desk_that_refuses_the_console_itself_is_silent_and_ends_nothing() {
    let console = Console::new().await;
    for fault in [reasons::CREDENTIAL.fault(), reasons::FORBIDDEN.fault(), reasons::MALFORMED.fault()] {
        *console.forum().fails.lock().unwrap() = Some(fault);
        for path in READS {
            let answer = console.get(&format!("/api/v1/platform/{path}")).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
            assert_eq!(answer.json()["silent"][0]["module"], "forum", "{path}");
        }
        assert_eq!(console.get("/platform/tasks").await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn what_others_redrove_is_told_though_one_refuses() {
    let console = Console::new().await;
    console.ledger().task(1, "ledger.settle", TaskState::Dead);
    *console.forum().fails.lock().unwrap() = Some(Fault::invalid("kind", "is unknown to an older release"));
    let redriven = console.post("/api/v1/platform/tasks/redrive", &json!({})).await;
    assert_eq!(redriven.status, StatusCode::OK, "{}", redriven.text);
    assert_eq!(redriven.json()["items"], json!([{ "module": "ledger", "count": 1 }]));
    assert_eq!(redriven.json()["silent"][0]["module"], "forum");
}

#[tokio::test]
async fn page_says_who_did_not_take_the_order_and_how_many_live_again_elsewhere() {
    let console = Console::new().await;
    console.ledger().task(1, "ledger.settle", TaskState::Dead);
    console.silence("forum", true);
    let page = console.form("/platform/tasks/redrive", "state=dead").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    page.shows(&["1 dead letter gets another life.", "forum does not answer"]);
    assert_eq!(page.text.matches("forum does not answer").count(), 1, "{}", page.text);
    console.silence("ledger", true);
    let page = console.form("/platform/tasks/redrive", "state=dead").await;
    page.shows(&["forum does not answer", "ledger does not answer"]);
    assert!(!page.text.contains("another life."), "{}", page.text);
}

#[tokio::test]
async fn near_desk_that_hangs_keeps_nobody_waiting_longer_than_a_far_one() {
    let console = Console::new().await;
    console.ledger().queue("payouts", 1, 0, Some(at(0)));
    let task = console.forum().task(1, "forum.send_mail", TaskState::Dead);
    console.forum().hangs.store(true, Ordering::SeqCst);
    tokio::time::pause();
    for path in ["/platform/tasks", "/platform/sagas", "/api/v1/platform/queues"] {
        let began = Instant::now();
        let page = console.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.text);
        assert!(began.elapsed() < Duration::from_secs(4), "{path} took {:?}", began.elapsed());
        page.shows(&["forum", "The answer took too long."]);
    }
    let life = console.get(&format!("/api/v1/platform/tasks/forum/{task}")).await;
    assert_eq!(
        (life.status, &life.json()["reason"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!("request.deadline_exceeded"))
    );
}

/// What has been logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn why_a_desk_failed_is_in_the_log() {
    let console = Console::new().await;
    let log = Log::default();
    let writer = log.clone();
    let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(move || writer.clone());
    let _logging = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    *console.forum().fails.lock().unwrap() = Some(Fault::internal("the disk is on fire"));
    console.get("/api/v1/platform/queues").await;
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let line = logged.lines().find(|line| line.contains("the disk is on fire")).unwrap_or_else(|| panic!("{logged}"));
    assert!(line.contains("WARN") && line.contains("forum") && line.contains("internal"), "{line}");
}
