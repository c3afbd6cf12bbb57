//! One suite over both distances: whatever a portal answers arrives the same, with a wire in between or without.

use crate::harness::{ECHO, GROW, InProcess, Probe, REFUSE, caller, refusal, remote};
use kernel::{
    Actor, Caller, FaultCode, IdempotencyKey, Origin, Role, SessionId, TenantId, Time, Transport, UserId, reasons,
};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;
use wire::{MAX_MESSAGE_BYTES, Resilience};

/// Runs `check` over either distance. Retries are off, so that a count of calls means the same over both.
async fn at_both_distances(check: impl AsyncFn(&dyn Transport, &Probe)) {
    let probe = Arc::new(Probe::default());
    check(&InProcess(Arc::clone(&probe) as _), &probe).await;
    let remote = remote(Resilience { retries: 0, breaker_failures: 0, ..Resilience::default() });
    check(remote.transport.as_ref(), &remote.probe).await;
}

#[tokio::test]
async fn the_same_answer_arrives() {
    at_both_distances(async |portal, _| {
        for message in [b"".as_slice(), b"hello", &vec![7; 1_000_000]] {
            assert_eq!(portal.call(&ECHO, &caller(), message.to_vec()).await.unwrap(), message);
        }
    })
    .await;
}

#[tokio::test]
async fn the_same_fault_arrives() {
    at_both_distances(async |portal, _| {
        for (code, number) in FaultCode::ALL.into_iter().zip(0..) {
            let fault = portal.call(&REFUSE, &caller(), vec![number]).await.unwrap_err();
            let expected = refusal(code);
            assert_eq!((fault.code, &fault.reason, &fault.detail), (code, &expected.reason, &expected.detail));
            assert_eq!((fault.retry_after_s, &fault.fields), (expected.retry_after_s, &expected.fields));
            assert_eq!(fault.explanation, expected.explanation);
        }
    })
    .await;
}

#[tokio::test]
async fn a_method_nobody_knows_is_refused() {
    static NONE: kernel::Method = kernel::Method { name: "None", ..ECHO };
    at_both_distances(async |portal, _| {
        assert!(portal.call(&NONE, &caller(), Vec::new()).await.unwrap_err().is(&reasons::METHOD));
    })
    .await;
}

#[tokio::test]
async fn the_whole_caller_crosses() {
    let mut sent =
        Caller::new(Actor::user(TenantId(Uuid::from_u128(9)), UserId(Uuid::from_u128(7)), Role::Member, "Ådä"), "r-1");
    sent.actor.session = Some(SessionId(Uuid::from_u128(5)));
    sent.trace = Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned());
    sent.idempotency_key = IdempotencyKey::parse("key 1");
    sent.origin = Origin { address: Some("192.0.2.1".to_owned()), user_agent: Some("curl/8".to_owned()) };
    at_both_distances(async |portal, probe| {
        portal.call(&ECHO, &sent, Vec::new()).await.unwrap();
        let seen = probe.callers.lock().unwrap().pop().unwrap();
        let json = |caller: &Caller| {
            let mut caller = caller.clone();
            caller.deadline = None;
            serde_json::to_value(caller).unwrap()
        };
        assert_eq!(json(&seen), json(&sent));
    })
    .await;
}

#[tokio::test]
async fn the_deadline_crosses_as_the_time_that_is_left() {
    let remote = remote(Resilience { timeout: Duration::from_secs(60), ..Resilience::default() });
    let mut sent = caller();
    sent.deadline = Time::from_timestamp(1_030, 0);
    remote.transport.call(&ECHO, &sent, Vec::new()).await.unwrap();
    let seen = remote.probe.callers.lock().unwrap().pop().unwrap().deadline.unwrap();
    let latest = Time::from_timestamp(4_630, 0).unwrap();
    assert!(seen <= latest && seen > latest - Duration::from_secs(10), "{seen}");
}

#[tokio::test]
async fn a_message_over_the_limit_is_refused_either_way() {
    let remote = remote(Resilience::default());
    let fault = remote.transport.call(&ECHO, &caller(), vec![0; MAX_MESSAGE_BYTES + 1]).await.unwrap_err();
    assert!(fault.is(&reasons::TOO_LARGE), "{fault}");
    assert_eq!(remote.probe.calls(), 0);
    let fault = remote.transport.call(&GROW, &caller(), Vec::new()).await.unwrap_err();
    assert!(fault.is(&reasons::TOO_LARGE), "{fault}");
}

#[tokio::test]
async fn a_very_long_user_agent_does_not_keep_the_caller_from_crossing() {
    let remote = remote(Resilience::default());
    let mut sent = caller();
    sent.origin.user_agent = Some("x".repeat(100_000));
    remote.transport.call(&ECHO, &sent, Vec::new()).await.unwrap();
}
