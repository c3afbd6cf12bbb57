//! The suites that every engine passes, within one process.

use async_trait::async_trait;
use engine_memory::{MemoryLimiter, MemoryPubSub};
use kernel::{PubSub, RateLimiter};
use testkit::suites::{PubSubSubject, RateLimiterSubject};

struct Limits(MemoryLimiter);

#[async_trait]
impl RateLimiterSubject for Limits {
    fn limiter(&self) -> &dyn RateLimiter {
        &self.0
    }

    fn second(&self) -> &dyn RateLimiter {
        &self.0
    }
}

#[tokio::test]
async fn limiter_keeps_its_promises() {
    testkit::suites::rate_limiter(async || Limits(MemoryLimiter::default())).await;
}

struct Voices(MemoryPubSub);

#[async_trait]
impl PubSubSubject for Voices {
    fn pub_sub(&self) -> &dyn PubSub {
        &self.0
    }

    fn second(&self) -> &dyn PubSub {
        &self.0
    }
}

#[tokio::test]
async fn pub_sub_keeps_its_promises() {
    testkit::suites::pub_sub(async || Voices(MemoryPubSub::default())).await;
}
