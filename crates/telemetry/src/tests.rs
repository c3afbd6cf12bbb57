//! Logs, traces and metrics as somebody outside sees them. Each test has a subscriber of its own; one starts globally.

use crate::start::{Guard, LogFormat, Options, assemble, init};
use crate::{DeliveryOutcome, Meters, current_trace_id, current_traceparent, meters, set_parent};
use kernel::FaultCode;
use opentelemetry::metrics::MeterProvider;
use rstest::rstest;
use serde_json::Value;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tracing::{Dispatch, dispatcher, info, info_span};
use tracing_subscriber::fmt::MakeWriter;

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// Log lines that a test can read.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    fn json(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Written {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

fn options(log_format: LogFormat) -> Options {
    Options {
        service_name: "polity-test".to_owned(),
        service_version: "0.0.0".to_owned(),
        log_level: "info".to_owned(),
        log_format,
        otlp_endpoint: None,
        sample_ratio: 1.0,
    }
}

fn started(options: &Options) -> (Written, Dispatch, Guard) {
    let written = Written::default();
    let (dispatch, guard) = assemble(options, written.clone(), false).unwrap();
    (written, dispatch, guard)
}

fn logged(format: LogFormat, act: impl FnOnce()) -> Written {
    let (written, dispatch, _guard) = started(&options(format));
    dispatcher::with_default(&dispatch, act);
    written
}

#[test]
fn a_json_line_carries_the_event_its_spans_and_its_trace() {
    let written = logged(LogFormat::Json, || {
        let request = info_span!("http.request", request_id = "r-1", user_id = tracing::field::Empty, size = 3);
        set_parent(&request, PARENT);
        request.in_scope(|| {
            request.record("user_id", "u-1");
            info_span!("usecase", operation = "forum.post_reply", size = 4)
                .in_scope(|| info!(target: "forum", thread = "t-1", locked = false, "reply \"posted\""));
        });
    });
    let lines = written.json();
    assert_eq!(lines.len(), 1);
    let line = &lines[0];
    let expected = [
        ("level", "INFO"),
        ("target", "forum"),
        ("message", "reply \"posted\""),
        ("trace_id", TRACE),
        ("span", "usecase"),
        ("request_id", "r-1"),
        ("user_id", "u-1"),
        ("operation", "forum.post_reply"),
        ("thread", "t-1"),
    ];
    for (name, value) in expected {
        assert_eq!(line[name], value, "{line}");
    }
    assert_eq!(line["span_id"].as_str().unwrap().len(), 16);
    assert_eq!((line["locked"].clone(), line["size"].clone()), (Value::Bool(false), Value::from(4)));
    assert!(line["timestamp"].as_str().unwrap().ends_with('Z'));
}

#[test]
fn a_json_line_outside_a_trace_has_no_trace_id() {
    let line = &logged(LogFormat::Json, || info!("alone")).json()[0];
    assert!(line.get("trace_id").is_none(), "{line}");
}

#[test]
fn a_field_named_like_a_part_of_the_line_is_kept_beside_it() {
    let line = &logged(LogFormat::Json, || info!(level = "high", "said")).json()[0];
    assert_eq!((line["level"].as_str(), line["field.level"].as_str()), (Some("INFO"), Some("high")));
}

#[test]
fn a_human_line_is_one_line_with_its_fields_and_trace() {
    let written = logged(LogFormat::Pretty, || {
        info_span!("request", request_id = "r-1")
            .in_scope(|| info!(target: "forum", note = "two words", "evil\nINFO forged \x1b[2Jline"));
    });
    let text = written.text();
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains(r"  INFO forum: evil\nINFO forged \u{1b}[2Jline "), "{text}");
    for field in [r#" note="two words""#, " request_id=r-1", " trace_id="] {
        assert!(text.contains(field), "{field} is missing in {text}");
    }
    assert!(!text.contains('\x1b'));
}

#[test]
fn a_human_line_is_coloured_on_a_terminal_only() {
    let written = Written::default();
    let (dispatch, _guard) = assemble(&options(LogFormat::Pretty), written.clone(), true).unwrap();
    dispatcher::with_default(&dispatch, || info!("hello"));
    assert!(written.text().contains("\x1b[32m INFO\x1b[0m"), "{:?}", written.text());
}

#[rstest]
#[case(LogFormat::Json)]
#[case(LogFormat::Pretty)]
fn fields_named_like_secrets_are_masked_wherever_they_are_recorded(#[case] format: LogFormat) {
    let written = logged(format, || {
        let span = info_span!("request", access_token = "canary", cookie = tracing::field::Empty);
        span.record("cookie", "canary");
        span.in_scope(|| info!(password = %"canary", http.authorization = ?"canary", "logged in"));
    });
    let text = written.text();
    assert!(text.contains("logged in") && text.contains("***"), "{text}");
    assert!(!text.contains("canary"), "{text}");
}

#[test]
fn an_errors_whole_chain_is_logged() {
    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] std::io::Error);
    let error = Outer(std::io::Error::other("inner"));
    let error: &(dyn std::error::Error + 'static) = &error;
    assert_eq!(logged(LogFormat::Json, || info!(error, "failed")).json()[0]["error"], "outer: inner");
}

#[test]
fn the_level_decides_what_is_logged_and_not_what_is_traced() {
    let quiet = Options { log_level: "error,forum=info".to_owned(), ..options(LogFormat::Json) };
    let (written, dispatch, _guard) = started(&quiet);
    dispatcher::with_default(&dispatch, || {
        info_span!("request").in_scope(|| {
            info!(target: "auth", "not heard");
            info!(target: "forum::usecases", "heard");
            assert!(current_trace_id().is_some());
        });
    });
    let lines = written.json();
    assert_eq!(lines.len(), 1);
    assert_eq!((lines[0]["message"].as_str(), lines[0]["trace_id"].is_string()), (Some("heard"), true));
}

#[test]
fn a_level_that_cannot_be_read_is_refused() {
    let wrong = Options { log_level: "forum=loud".to_owned(), ..options(LogFormat::Json) };
    let error = assemble(&wrong, std::io::sink, false).unwrap_err();
    assert_eq!(error.to_string(), "the log level cannot be read");
}

#[test]
fn a_trace_goes_on_across_processes_without_an_exporter() {
    let (_, dispatch, _guard) = started(&options(LogFormat::Json));
    dispatcher::with_default(&dispatch, || {
        let span = info_span!("request");
        set_parent(&span, PARENT);
        let (onward, trace) = span.in_scope(|| (current_traceparent().unwrap(), current_trace_id().unwrap()));
        assert_eq!(trace, TRACE);
        assert!(onward.starts_with(&format!("00-{TRACE}-")) && onward.ends_with("-01"), "{onward}");
        assert_ne!(onward, PARENT, "the next process must see this span as its parent");
    });
}

#[test]
fn every_request_has_a_trace_of_its_own_and_its_parts_share_it() {
    let (_, dispatch, _guard) = started(&options(LogFormat::Json));
    dispatcher::with_default(&dispatch, || {
        let trace_of = || {
            info_span!("request").in_scope(|| {
                let outer = current_trace_id().unwrap();
                assert_eq!(info_span!("part").in_scope(current_trace_id), Some(outer.clone()));
                outer
            })
        };
        assert_ne!(trace_of(), trace_of());
    });
}

#[test]
fn a_detail_that_the_trace_leaves_out_does_not_hide_it() {
    let (_, dispatch, _guard) = started(&Options { log_level: "trace".to_owned(), ..options(LogFormat::Json) });
    dispatcher::with_default(&dispatch, || {
        info_span!("request").in_scope(|| {
            let outer = current_traceparent();
            assert!(outer.is_some());
            assert_eq!(tracing::debug_span!("detail").in_scope(current_traceparent), outer);
        });
    });
}

#[rstest]
#[case("")]
#[case("00-zz-b7ad6b7169203331-01")]
#[case("00-00000000000000000000000000000000-b7ad6b7169203331-01")]
fn a_malformed_parent_starts_a_new_trace(#[case] parent: &str) {
    let (_, dispatch, _guard) = started(&options(LogFormat::Json));
    dispatcher::with_default(&dispatch, || {
        let span = info_span!("request");
        set_parent(&span, parent);
        let trace = span.in_scope(current_trace_id).unwrap();
        assert!(trace != TRACE && trace.bytes().any(|digit| digit != b'0'), "{trace}");
    });
}

#[test]
fn outside_of_any_span_there_is_no_trace() {
    assert_eq!((current_traceparent(), current_trace_id()), (None, None));
}

#[test]
fn the_metrics_page_shows_what_was_recorded() {
    let (_, _, guard) = started(&options(LogFormat::Json));
    let meters = Meters::of(&guard.meters.meter("test"));
    let took = Duration::from_millis(2);
    meters.http_served("GET", Some("/threads/{id}"), 200, took);
    meters.http_served("BREW", None::<&str>, 503, took);
    meters.usecase_ran("forum.post_reply", Err(FaultCode::Conflict), took);
    meters.usecase_ran("forum.post_reply", Ok(()), took);
    meters.store_committed("forum", took);
    meters.feed_lagged("forum.members", 7);
    meters.feed_delivered("forum.members", DeliveryOutcome::Handled);
    meters.feed_delivered("forum.members", DeliveryOutcome::Handled);
    let page = guard.metrics_text();
    let expected = [
        r#"http_server_request_duration_seconds_count{http_request_method="GET",http_response_status_code="200",http_route="/threads/{id}"} 1"#,
        r#"http_server_request_duration_seconds_count{error_type="503",http_request_method="_OTHER",http_response_status_code="503"} 1"#,
        r#"polity_usecase_duration_seconds_count{polity_operation="forum.post_reply",polity_outcome="conflict"} 1"#,
        r#"polity_usecase_duration_seconds_count{polity_operation="forum.post_reply",polity_outcome="ok"} 1"#,
        r#"polity_store_commit_duration_seconds_bucket{polity_module="forum",le="0.0025"} 1"#,
        r#"polity_feed_lag{polity_subscriber="forum.members"} 7"#,
        r#"polity_feed_deliveries_total{polity_outcome="handled",polity_subscriber="forum.members"} 2"#,
    ];
    for line in expected {
        assert!(page.lines().any(|found| found == line), "{line}\nis not in\n{page}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_metrics_page_shows_the_process_and_its_runtime() {
    let (_, _, guard) = started(&options(LogFormat::Json));
    let page = guard.metrics_text();
    let value = |name: &str| -> f64 {
        let line =
            page.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap_or_else(|| panic!("{name}: {page}"));
        line.rsplit_once(' ').unwrap().1.parse().unwrap()
    };
    assert!(value("process_resident_memory_bytes") > 1_000_000.0);
    assert!(value("process_cpu_seconds_total") >= 0.0);
    assert!(value("process_open_fds") >= 3.0);
    assert!(value("process_start_time_seconds") > 1_600_000_000.0);
    assert_eq!(value("tokio_runtime_workers"), 1.0);
    assert!(value("tokio_runtime_alive_tasks") >= 0.0);
    assert!(value("tokio_runtime_global_queue_depth") >= 0.0);
    assert!(page.contains(r#"service_name="polity-test""#), "{page}");
}

#[test]
fn an_exporter_without_a_runtime_is_refused() {
    let exporting = Options { otlp_endpoint: Some("http://127.0.0.1:4317".to_owned()), ..options(LogFormat::Json) };
    let error = assemble(&exporting, std::io::sink, false).unwrap_err();
    assert!(error.to_string().contains("runtime"), "{error}");
}

#[test]
fn the_process_starts_once_and_what_it_recorded_earlier_is_not_in_the_way() {
    meters().store_committed("early", Duration::ZERO);
    let guard = init(&options(LogFormat::Json)).unwrap();
    meters().store_committed("late", Duration::ZERO);
    let page = guard.metrics_text();
    assert!(page.contains(r#"polity_module="late""#) && !page.contains(r#"polity_module="early""#), "{page}");
    assert_eq!(init(&options(LogFormat::Json)).unwrap_err().to_string(), "logging was started before");
    guard.shutdown().unwrap();
    guard.shutdown().unwrap();
}
