//! Rate limits that processes share: one script for each request, by the clock of the server that keeps the key.
//!
//! The server's clock and not ours: an arrival time written by one process is read by another, and two machines whose
//! clocks differ would give one of them a smaller limit. A key has one server at a time. After a fail-over to one whose
//! clock is behind, the script brings arrival times that lie too far ahead back to a spent burst.

use crate::link::{Link, fault};
use crate::server::RedisServers;
use kernel::{Fault, Quota, RateLimiter, Verdict};
use redis::Script;
use std::time::Duration;

/// Counts requests under keys of Redis, for every process that uses the same prefix there. Each key stands alone, so a
/// cluster spreads them; each goes by itself once its burst is whole again.
pub struct RedisLimiter {
    link: Link,
    servers: RedisServers,
    script: Script,
}

impl RedisLimiter {
    /// On these servers. Nobody need answer yet.
    ///
    /// # Errors
    /// `request.invalid` when they are none.
    pub fn on(servers: &RedisServers) -> Result<Self, Fault> {
        let script = Script::new(include_str!("scripts/limit.lua"));
        Ok(Self { link: Link::to(servers)?, servers: servers.clone(), script })
    }
}

#[async_trait::async_trait]
impl RateLimiter for RedisLimiter {
    async fn check(&self, key: &str, quota: &Quota) -> Result<Verdict, Fault> {
        let mut call = self.script.key(self.servers.key("limit", key));
        call.arg(quota.interval_us()).arg(quota.burst());
        let (allowed, remaining, retry_us, reset_us): (bool, u32, u64, u64) =
            call.invoke_async(&mut self.link.clone()).await.map_err(fault)?;
        let (retry_after, reset) = (Duration::from_micros(retry_us), Duration::from_micros(reset_us));
        Ok(Verdict { allowed, remaining, retry_after, reset })
    }
}
