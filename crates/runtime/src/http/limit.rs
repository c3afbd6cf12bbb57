//! How many requests may be made: by one address, and by one account wherever it calls from.
//!
//! What may not enter: how requests are counted. That is a port's, and it is asked for no longer than it may take.

use kernel::{Fault, Quota, RateLimiter, UserId, Verdict};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// How long whoever did not answer is left alone; meanwhile each process counts for itself.
const REST: Duration = Duration::from_secs(1);

/// The limit and who counts.
pub(crate) struct Limiter {
    counts: Arc<dyn RateLimiter>,
    quota: Quota,
}

/// What one request did to an allowance.
#[derive(Clone, Copy)]
pub(crate) struct Allowance {
    /// Requests allowed at once.
    pub(crate) limit: u32,
    /// Requests left.
    pub(crate) remaining: u32,
    /// Seconds to wait, when there was none left.
    pub(crate) retry_after_s: Option<u64>,
}

impl Limiter {
    pub(crate) fn new(limit: settings::RateLimit, counts: Arc<dyn RateLimiter>) -> Option<Self> {
        let quota = Quota::per_minute(limit.per_minute, limit.burst);
        limit.enabled.then_some(Self { counts, quota })
    }

    /// One request from this address. None when nobody can count it: then it is let through.
    pub(crate) async fn take_address(&self, address: IpAddr) -> Option<Allowance> {
        self.take(&format!("http:address:{}", bucket(address))).await
    }

    /// One request by this account.
    pub(crate) async fn take_account(&self, user: UserId) -> Option<Allowance> {
        self.take(&format!("http:account:{user}")).await
    }

    async fn take(&self, key: &str) -> Option<Allowance> {
        let Verdict { allowed, remaining, retry_after, .. } = self.counts.check(key, &self.quota).await.ok()?;
        let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
        let retry_after_s = (!allowed).then_some(seconds.max(1));
        Some(Allowance { limit: self.quota.burst(), remaining, retry_after_s })
    }
}

impl Allowance {
    /// Whichever of two says more about what may still be asked for.
    pub(crate) fn tighter(self, other: Self) -> Self {
        let key = |of: &Self| (of.retry_after_s.is_none(), of.remaining);
        if key(&other) < key(&self) { other } else { self }
    }
}

/// Counts with others, and alone while they do not answer: a request is never held up by being counted, nor refused for
/// want of somebody to count it. While each process counts alone, somebody who reaches several has several allowances.
pub struct SharedLimiter {
    shared: Arc<dyn RateLimiter>,
    own: Arc<dyn RateLimiter>,
    patience: Duration,
    began: Instant,
    /// Until when the others are left alone, in milliseconds since it began; 0 while they answer.
    rests_until: AtomicU64,
}

impl SharedLimiter {
    /// Asks `shared` for at most `patience`, and else `own`.
    pub fn new(shared: Arc<dyn RateLimiter>, own: Arc<dyn RateLimiter>, patience: Duration) -> Self {
        Self { shared, own, patience, began: Instant::now(), rests_until: AtomicU64::new(0) }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Whether the others are asked now. Of those who come when a rest is over, one asks; the rest goes on for the others.
    fn asks(&self) -> bool {
        let until = self.rests_until.load(Ordering::Relaxed);
        if until == 0 {
            return true;
        }
        let now = self.now_ms();
        let next = now + u64::try_from(REST.as_millis()).unwrap_or(u64::MAX);
        now >= until && self.rests_until.compare_exchange(until, next, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    fn answered(&self) {
        if self.rests_until.load(Ordering::Relaxed) != 0 && self.rests_until.swap(0, Ordering::Relaxed) != 0 {
            tracing::info!("requests are counted together with other processes again");
        }
    }

    fn failed(&self, fault: Option<&Fault>) {
        let next = self.now_ms() + u64::try_from(REST.as_millis()).unwrap_or(u64::MAX);
        if self.rests_until.swap(next.max(1), Ordering::Relaxed) == 0 {
            let why = fault.map_or_else(|| format!("no answer within {:?}", self.patience), Fault::told);
            tracing::warn!(why, "requests cannot be counted together with other processes; each counts for itself");
        }
    }
}

#[async_trait::async_trait]
impl RateLimiter for SharedLimiter {
    async fn check(&self, key: &str, quota: &Quota) -> Result<Verdict, Fault> {
        if self.asks() {
            match timeout(self.patience, self.shared.check(key, quota)).await {
                Ok(Ok(verdict)) => {
                    self.answered();
                    return Ok(verdict);
                }
                Ok(Err(fault)) => self.failed(Some(&fault)),
                Err(_) => self.failed(None),
            }
        }
        telemetry::meters().counted_alone();
        self.own.check(key, quota).await
    }
}

/// One household is one IPv6 /64.
fn bucket(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => match six.to_ipv4_mapped() {
            Some(four) => IpAddr::V4(four),
            None => {
                let s = six.segments();
                IpAddr::V6(std::net::Ipv6Addr::new(s[0], s[1], s[2], s[3], 0, 0, 0, 0))
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_ipv6_network_share_a_bucket() {
        let near: IpAddr = "2001:db8::1".parse().unwrap();
        let far: IpAddr = "2001:db8:0:1::1".parse().unwrap();
        assert_eq!(bucket(near), bucket("2001:db8::ffff".parse().unwrap()));
        assert_ne!(bucket(near), bucket(far));
    }

    #[test]
    fn tighter_allowance_is_the_one_that_is_told() {
        let of = |remaining, retry_after_s| Allowance { limit: 9, remaining, retry_after_s };
        assert_eq!(of(5, None).tighter(of(2, None)).remaining, 2);
        assert_eq!(of(0, None).tighter(of(0, Some(3))).retry_after_s, Some(3));
        assert_eq!(of(0, Some(3)).tighter(of(4, None)).retry_after_s, Some(3));
    }
}
