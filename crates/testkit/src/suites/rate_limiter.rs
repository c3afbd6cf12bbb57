//! The suite for [`kernel::RateLimiter`].
//!
//! What may not enter: how arrival times are kept, and by whose clock. Time passes by itself here; no case waits for a
//! length of it.

use crate::patience::eventually;
use async_trait::async_trait;
use futures::future::join_all;
use kernel::{Quota, RateLimiter, Verdict};
use std::time::Duration;

/// An engine to be tested, as two who share it see it.
#[async_trait]
pub trait RateLimiterSubject: Send + Sync {
    /// The port under test.
    fn limiter(&self) -> &dyn RateLimiter;

    /// The same limits in other hands: another process's, where the engine reaches that far.
    fn second(&self) -> &dyn RateLimiter;
}

const HOUR: Duration = Duration::from_secs(3_600);

/// Runs every case, each on a `fresh` engine.
///
/// # Panics
/// When the engine breaks a promise.
pub async fn rate_limiter<S: RateLimiterSubject>(fresh: impl AsyncFn() -> S) {
    burst_is_spent_and_then_refused(&fresh().await).await;
    everybody_draws_on_one_burst(&fresh().await).await;
    requests_at_once_get_no_more_than_there_is(&fresh().await).await;
    what_was_spent_comes_back(&fresh().await).await;
    refused_requests_cost_nothing(&fresh().await).await;
    keys_do_not_touch(&fresh().await).await;
}

async fn take(limiter: &dyn RateLimiter, key: &str, quota: &Quota) -> Verdict {
    limiter.check(key, quota).await.expect("an engine in health answers")
}

async fn burst_is_spent_and_then_refused(subject: &impl RateLimiterSubject) {
    let quota = Quota::new(1, HOUR, 3);
    for left in [2, 1, 0] {
        let verdict = take(subject.limiter(), "a", &quota).await;
        assert_eq!((verdict.allowed, verdict.remaining), (true, left), "a burst is spent one by one");
        assert_eq!(verdict.retry_after, Duration::ZERO, "who is allowed need not wait");
        assert!(verdict.reset <= HOUR * (3 - left) && verdict.reset > HOUR * (2 - left), "{verdict:?}");
    }
    let refused = take(subject.limiter(), "a", &quota).await;
    assert_eq!((refused.allowed, refused.remaining), (false, 0), "a spent burst is spent");
    assert!(refused.retry_after > HOUR / 2 && refused.retry_after <= HOUR, "the wait is told: {refused:?}");
}

async fn everybody_draws_on_one_burst(subject: &impl RateLimiterSubject) {
    let quota = Quota::new(1, HOUR, 2);
    assert!(take(subject.limiter(), "a", &quota).await.allowed);
    assert!(take(subject.second(), "a", &quota).await.allowed, "there is one left");
    assert!(!take(subject.limiter(), "a", &quota).await.allowed, "what others spent is spent");
}

async fn requests_at_once_get_no_more_than_there_is(subject: &impl RateLimiterSubject) {
    let quota = Quota::new(1, HOUR, 10);
    let hands = [subject.limiter(), subject.second()];
    let asked = join_all((0..64).map(|nth| hands[nth % 2].check("a", &quota))).await;
    let allowed = asked.iter().filter(|verdict| verdict.as_ref().is_ok_and(|verdict| verdict.allowed)).count();
    assert_eq!(allowed, 10, "of 64 at once ten are allowed");
}

async fn what_was_spent_comes_back(subject: &impl RateLimiterSubject) {
    let quota = Quota::new(1, Duration::from_millis(200), 1);
    assert!(take(subject.limiter(), "a", &quota).await.allowed);
    eventually("a request is allowed again", async || take(subject.second(), "a", &quota).await.allowed).await;
}

async fn refused_requests_cost_nothing(subject: &impl RateLimiterSubject) {
    let quota = Quota::new(1, HOUR, 1);
    assert!(take(subject.limiter(), "a", &quota).await.allowed);
    for _ in 0..5 {
        let refused = take(subject.limiter(), "a", &quota).await;
        assert!(!refused.allowed && refused.retry_after <= HOUR, "asking again makes no wait longer: {refused:?}");
    }
}

async fn keys_do_not_touch(subject: &impl RateLimiterSubject) {
    let quota = Quota::new(1, HOUR, 1);
    let long = "k".repeat(300);
    let keys = ["a", "A", "a ", "{a}", "{a}b", "2001:db8::/64", "ü\u{1f600}\n", "", "*", &long];
    for key in keys {
        assert!(take(subject.limiter(), key, &quota).await.allowed, "{key:?} is a key of its own");
    }
    for key in keys {
        assert!(!take(subject.second(), key, &quota).await.allowed, "{key:?} is known");
    }
}
