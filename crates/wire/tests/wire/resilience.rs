//! What a transport does when the other side is slow, failing, busy or gone.
#![allow(clippy::disallowed_methods, reason = "a test spawns and asks the machine as it likes")]

use crate::harness::{
    ECHO, FLAKY_READ, FLAKY_WRITE, HANG, ManualClock, Probe, REFUSE, Server, caller, dead_address, internal, remote,
    transport,
};
use kernel::{FaultCode, Time, Transport, reasons};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use wire::Resilience;

fn options() -> Resilience {
    Resilience { retries: 2, breaker_failures: 0, ..Resilience::default() }
}

#[tokio::test]
async fn a_call_ends_when_its_time_is_up_on_both_sides() {
    let remote = remote(Resilience { timeout: Duration::from_millis(200), ..options() });
    let fault = remote.transport.call(&HANG, &caller(), Vec::new()).await.unwrap_err();
    assert!(fault.is(&reasons::DEADLINE), "{fault}");
    remote.probe.left.notified().await;
    assert_eq!(remote.probe.calls(), 1, "what took too long is not made again");
}

#[tokio::test]
async fn the_callers_deadline_is_shorter_than_the_transports() {
    let remote = remote(Resilience { timeout: Duration::from_secs(3600), ..options() });
    let mut hurried = caller();
    hurried.deadline = Time::from_timestamp_millis(1_000_050);
    let fault = remote.transport.call(&HANG, &hurried, Vec::new()).await.unwrap_err();
    assert!(fault.is(&reasons::DEADLINE), "{fault}");
}

#[tokio::test]
async fn a_call_whose_deadline_has_passed_is_not_made() {
    let remote = remote(options());
    let mut late = caller();
    late.deadline = Time::from_timestamp(1_000, 0);
    let fault = remote.transport.call(&ECHO, &late, Vec::new()).await.unwrap_err();
    assert!(fault.is(&reasons::DEADLINE), "{fault}");
    assert_eq!(remote.probe.calls(), 0);
}

#[tokio::test]
async fn only_idempotent_calls_are_made_again() {
    let remote = remote(options());
    remote.probe.failures.store(2, Ordering::SeqCst);
    assert_eq!(remote.transport.call(&FLAKY_READ, &caller(), Vec::new()).await.unwrap(), b"done");
    assert_eq!(remote.probe.calls(), 3);
    remote.probe.failures.store(1, Ordering::SeqCst);
    let fault = remote.transport.call(&FLAKY_WRITE, &caller(), Vec::new()).await.unwrap_err();
    assert!(fault.is(&reasons::STORE_DOWN), "{fault}");
    assert_eq!(remote.probe.calls(), 4);
}

#[tokio::test]
async fn retries_end() {
    let remote = remote(options());
    remote.probe.failures.store(9, Ordering::SeqCst);
    assert!(remote.transport.call(&FLAKY_READ, &caller(), Vec::new()).await.unwrap_err().is(&reasons::STORE_DOWN));
    assert_eq!(remote.probe.calls(), 3);
}

#[tokio::test]
async fn a_pause_that_was_asked_for_is_left_to_the_caller() {
    let remote = remote(options());
    remote.probe.failures.store(1, Ordering::SeqCst);
    *remote.probe.pause.lock().unwrap() = Some(30);
    let fault = remote.transport.call(&FLAKY_READ, &caller(), Vec::new()).await.unwrap_err();
    assert_eq!((fault.retry_after_s, remote.probe.calls()), (Some(30), 1));
}

#[tokio::test]
async fn the_breaker_opens_after_failures_and_closes_after_a_probe() {
    let rest = Duration::from_secs(60);
    let remote = remote(Resilience { breaker_failures: 3, breaker_open: rest, ..options() });
    remote.probe.failures.store(3, Ordering::SeqCst);
    let write = async || remote.transport.call(&FLAKY_WRITE, &caller(), Vec::new()).await;
    for _ in 0..3 {
        assert!(write().await.unwrap_err().is(&reasons::STORE_DOWN));
    }
    assert!(write().await.unwrap_err().is(&reasons::CIRCUIT_OPEN));
    assert_eq!(remote.probe.calls(), 3, "an open breaker lets nothing through");
    remote.clock.advance(rest);
    assert_eq!(write().await.unwrap(), b"done");
    assert_eq!(write().await.unwrap(), b"done");
}

#[tokio::test]
async fn refusals_do_not_open_the_breaker() {
    let remote = remote(Resilience { breaker_failures: 1, ..options() });
    for _ in 0..3 {
        let fault = remote.transport.call(&REFUSE, &caller(), vec![4]).await.unwrap_err();
        assert_eq!(fault.code, FaultCode::Conflict);
    }
}

#[tokio::test]
async fn a_call_too_many_is_refused_at_once() {
    let remote = remote(Resilience { bulkhead: 1, timeout: Duration::from_secs(3600), ..options() });
    let first = tokio::spawn({
        let transport = Arc::clone(&remote.transport);
        async move { transport.call(&HANG, &caller(), Vec::new()).await }
    });
    remote.probe.entered.notified().await;
    assert!(remote.transport.call(&ECHO, &caller(), Vec::new()).await.unwrap_err().is(&reasons::BULKHEAD));
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    remote.transport.call(&ECHO, &caller(), Vec::new()).await.unwrap();
    remote.probe.left.notified().await;
}

#[tokio::test]
async fn a_portal_that_went_away_is_down_until_it_is_back() {
    let remote = remote(options());
    remote.transport.call(&ECHO, &caller(), Vec::new()).await.unwrap();
    let address = remote.server.stop().await;
    let fault = remote.transport.call(&ECHO, &caller(), Vec::new()).await.unwrap_err();
    assert!(fault.is(&reasons::PORTAL_DOWN), "{fault}: {}", fault.chain());
    let fault = remote.transport.call(&FLAKY_READ, &caller(), Vec::new()).await.unwrap_err();
    assert!(fault.is(&reasons::PORTAL_DOWN), "{fault}: {}", fault.chain());
    let _back = Server::start_at(address, internal(&remote.probe));
    remote.transport.call(&ECHO, &caller(), Vec::new()).await.unwrap();
}

#[tokio::test]
async fn a_portal_that_dies_during_a_call_is_down() {
    let remote = remote(Resilience { timeout: Duration::from_secs(3600), retries: 0, ..options() });
    let call = tokio::spawn({
        let transport = Arc::clone(&remote.transport);
        async move { transport.call(&HANG, &caller(), Vec::new()).await }
    });
    remote.probe.entered.notified().await;
    remote.server.stop().await;
    let fault = call.await.unwrap().unwrap_err();
    assert!(fault.is(&reasons::PORTAL_DOWN), "{fault}: {}", fault.chain());
}

#[tokio::test]
async fn one_dead_address_of_two_is_not_noticed() {
    let (probe, clock) = (Arc::new(Probe::default()), ManualClock::at(1_000));
    let server = Server::start(internal(&probe));
    let addresses = [format!("http://{}", dead_address()), server.url()];
    let transport = transport(&addresses, Resilience { retries: 0, ..options() }, &clock);
    for _ in 0..4 {
        transport.call(&FLAKY_WRITE, &caller(), Vec::new()).await.unwrap();
    }
    assert_eq!(probe.calls(), 4);
}

#[tokio::test]
async fn addresses_take_turns() {
    let (probes, clock) = ([Arc::new(Probe::default()), Arc::new(Probe::default())], ManualClock::at(1_000));
    let servers = probes.each_ref().map(|probe| Server::start(internal(probe)));
    let transport = transport(&servers.each_ref().map(Server::url), options(), &clock);
    for _ in 0..6 {
        transport.call(&ECHO, &caller(), Vec::new()).await.unwrap();
    }
    assert_eq!(probes.map(|probe| probe.calls()), [3, 3]);
}
