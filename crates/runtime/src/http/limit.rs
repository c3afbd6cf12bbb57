//! How many requests one address may make: a GCRA bucket each, in this process.

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

/// Between two sweeps of addresses not seen any more.
const SWEEP_EVERY: u32 = 4_096;

type Buckets = RateLimiter<IpAddr, DashMapStateStore<IpAddr>, DefaultClock, StateInformationMiddleware>;

/// The limit and everybody's state.
pub(crate) struct Limiter {
    buckets: Buckets,
    burst: u32,
    calls: AtomicU32,
}

/// What one request did to its address's allowance.
pub(crate) struct Allowance {
    /// Requests allowed at once.
    pub(crate) limit: u32,
    /// Requests left.
    pub(crate) remaining: u32,
    /// Seconds to wait, when there was none left.
    pub(crate) retry_after_s: Option<u64>,
}

impl Limiter {
    pub(crate) fn new(limit: settings::RateLimit) -> Option<Self> {
        let (per_minute, burst) = (NonZeroU32::new(limit.per_minute)?, NonZeroU32::new(limit.burst)?);
        let quota = Quota::per_minute(per_minute).allow_burst(burst);
        let buckets = RateLimiter::dashmap(quota).with_middleware::<StateInformationMiddleware>();
        limit.enabled.then(|| Self { buckets, burst: burst.get(), calls: AtomicU32::new(0) })
    }

    pub(crate) fn take(&self, address: IpAddr) -> Allowance {
        if self.calls.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.buckets.retain_recent();
        }
        match self.buckets.check_key(&bucket(address)) {
            Ok(state) => {
                Allowance { limit: self.burst, remaining: state.remaining_burst_capacity(), retry_after_s: None }
            }
            Err(not_until) => {
                let wait = not_until.wait_time_from(DefaultClock::default().now());
                let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                Allowance { limit: self.burst, remaining: 0, retry_after_s: Some(seconds.max(1)) }
            }
        }
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
    fn burst_is_spent_and_the_wait_is_told() {
        let limiter = Limiter::new(settings::RateLimit { enabled: true, per_minute: 60, burst: 2 }).unwrap();
        let address = IpAddr::from([192, 0, 2, 1]);
        assert_eq!(limiter.take(address).remaining, 1);
        assert_eq!(limiter.take(address).remaining, 0);
        assert_eq!(limiter.take(address).retry_after_s, Some(1));
        assert_eq!(limiter.take(IpAddr::from([192, 0, 2, 2])).retry_after_s, None);
    }

    #[test]
    fn addresses_of_one_ipv6_network_share_a_bucket() {
        let near: IpAddr = "2001:db8::1".parse().unwrap();
        let far: IpAddr = "2001:db8:0:1::1".parse().unwrap();
        assert_eq!(bucket(near), bucket("2001:db8::ffff".parse().unwrap()));
        assert_ne!(bucket(near), bucket(far));
    }
}
