//! What others see of a transport: its metrics, its metadata, and the addresses it accepts.

use crate::harness::{ECHO, FLAKY_WRITE, ManualClock, Server, caller, remote, transport};
use axum::Router;
use http::HeaderMap;
use kernel::Transport;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::{Registry, TextEncoder};
use secrecy::SecretString;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use wire::{GrpcTransport, Resilience, Target, TargetError, Tls};

#[tokio::test]
async fn calls_and_the_breaker_can_be_watched() {
    let registry = Registry::new();
    let exporter = opentelemetry_prometheus::exporter().with_registry(registry.clone()).build().unwrap();
    opentelemetry::global::set_meter_provider(SdkMeterProvider::builder().with_reader(exporter).build());
    let remote = remote(Resilience { breaker_failures: 1, ..Resilience::default() });
    remote.transport.call(&ECHO, &caller(), Vec::new()).await.unwrap();
    remote.probe.failures.store(1, Ordering::SeqCst);
    remote.transport.call(&FLAKY_WRITE, &caller(), Vec::new()).await.unwrap_err();

    let text = TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
    let line = |words: &[&str]| text.lines().any(|line| words.iter().all(|word| line.contains(word)));
    let labels = ["target=\"probe\"", "service=\"polity.probe.v1.ProbePortal\""];
    for (method, outcome) in
        [("method=\"Echo\"", "outcome=\"ok\""), ("method=\"FlakyWrite\"", "outcome=\"unavailable\"")]
    {
        assert!(line(&["polity_portal_calls_total{", labels[0], labels[1], method, outcome]), "{text}");
        assert!(line(&["polity_portal_duration_seconds_count{", method, outcome]), "{text}");
    }
    assert!(line(&["polity_portal_breaker{", labels[0], "} 2"]), "{text}");
}

#[tokio::test]
async fn the_trace_and_the_token_travel_as_metadata() {
    let seen = Arc::new(Mutex::new(HeaderMap::new()));
    let keep = Arc::clone(&seen);
    let anything = Router::new().fallback(move |headers: HeaderMap| async move { *keep.lock().unwrap() = headers });
    let server = Server::start(anything);
    let target = Target {
        name: "probe".to_owned(),
        addresses: vec![server.url()],
        token: Some(SecretString::from("open sesame")),
        ..Target::default()
    };
    let transport = GrpcTransport::new(&target, Resilience::default(), ManualClock::at(1_000)).unwrap();
    let mut sent = caller();
    sent.trace = Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned());
    transport.call(&ECHO, &sent, Vec::new()).await.unwrap_err();
    let seen = seen.lock().unwrap();
    assert_eq!(seen["traceparent"], sent.trace.unwrap());
    assert_eq!(seen["polity-token"], "open sesame");
    assert!(seen.contains_key("grpc-timeout"));
}

#[tokio::test]
async fn a_target_that_can_never_be_called_is_refused_by_name() {
    let refused = |addresses: &[&str], token: Option<&str>| {
        let target = Target {
            name: "ledger".to_owned(),
            addresses: addresses.iter().map(|&address| address.to_owned()).collect(),
            token: token.map(SecretString::from),
            ..Target::default()
        };
        let made = GrpcTransport::new(&target, Resilience::default(), ManualClock::at(1_000));
        made.err().map(|error| error.to_string())
    };
    assert_eq!(refused(&[], None).unwrap(), "`ledger` has no address");
    assert_eq!(
        refused(&["http://a:1", "not an address"], None).unwrap(),
        "`ledger` cannot be called at `not an address`"
    );
    assert_eq!(refused(&["http://a:1"], Some("line\nbreak")).unwrap(), "the token for `ledger` is not printable ASCII");
    assert_eq!(refused(&["http://a:1", "https://b:2"], None), None);
}

#[tokio::test]
async fn tls_material_that_cannot_be_read_is_refused() {
    let tls = Tls { identity_pem: Some(("no certificate".to_owned(), SecretString::from("no key"))), ..Tls::default() };
    let target =
        Target { name: "ledger".to_owned(), addresses: vec!["https://b:2".to_owned()], tls, ..Target::default() };
    let refused = GrpcTransport::new(&target, Resilience::default(), ManualClock::at(1_000)).err().unwrap();
    assert!(matches!(refused, TargetError::Address { .. }), "{refused}");
}

#[tokio::test]
async fn an_https_address_does_not_speak_to_a_plain_server() {
    let server = Server::start(Router::new());
    let address = server.url().replace("http:", "https:");
    let transport = transport(&[address], Resilience::default(), &ManualClock::at(1_000));
    let fault = transport.call(&ECHO, &caller(), Vec::new()).await.unwrap_err();
    assert!(fault.is(&kernel::reasons::PORTAL_DOWN), "{fault}: {}", fault.chain());
}
