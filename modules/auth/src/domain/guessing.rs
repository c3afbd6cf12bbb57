//! How long whoever guesses passwords has to wait: a little longer after each wrong guess.
//!
//! Three things are counted. From one address at one account the waits grow long, because that is what guessing looks
//! like. From one address at all accounts together they do so later: many people may share an address. At one account
//! from everywhere the wait stays short, and networks it was logged in from with a browser do not wait for it; whoever
//! has a new password set by mail does not wait at all (OWASP ASVS 5.0, 6.3.1).
//!
//! What may not enter: whether the account exists. Guesses at one that does not are counted all the same.

use chrono::TimeDelta;
use kernel::Time;
use std::net::IpAddr;

/// What guesses are counted of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Count {
    /// From one address at one account.
    Pair,
    /// From one address.
    Address,
    /// At one account.
    Account,
}

impl Count {
    pub(crate) const ALL: [Self; 3] = [Self::Pair, Self::Address, Self::Account];

    /// So many wrong guesses cost no wait: everybody mistypes.
    const fn free(self) -> i64 {
        match self {
            Self::Pair => 4,
            Self::Address => 30,
            Self::Account => 20,
        }
    }

    /// The longest wait, in seconds.
    const fn longest_s(self) -> i64 {
        match self {
            Self::Pair | Self::Address => 15 * 60,
            Self::Account => 30,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pair => "pair",
            Self::Address => "address",
            Self::Account => "account",
        }
    }
}

/// The network an address belongs to, as far as guesses are concerned: whoever has an IPv6 address has 2⁶⁴ of them.
pub(crate) fn network(address: &str) -> String {
    match address.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V6(v6)) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Ok(IpAddr::V4(v4)) => v4.to_string(),
        Err(_) => address.to_owned(),
    }
}

/// Wrong guesses are forgotten after this long without another one.
pub(crate) const FORGOTTEN_AFTER: TimeDelta = TimeDelta::hours(24);

/// Wrong guesses of one kind so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WrongGuesses {
    pub(crate) guesses: i64,
    pub(crate) last_at: Time,
}

impl WrongGuesses {
    /// From when on the next guess is looked at: a second after the first that is not free, then twice as long each time.
    pub(crate) fn next_at(&self, count: Count) -> Time {
        let beyond = self.guesses - count.free();
        if beyond <= 0 {
            return self.last_at;
        }
        let doublings = u32::try_from(beyond - 1).unwrap_or(u32::MAX).min(20);
        self.last_at + TimeDelta::seconds((1_i64 << doublings).min(count.longest_s()))
    }

    /// How many seconds there are to wait at `now`; none when the next guess is looked at.
    pub(crate) fn wait_s(&self, count: Count, now: Time) -> Option<u64> {
        if now - self.last_at >= FORGOTTEN_AFTER {
            return None;
        }
        let left = self.next_at(count) - now;
        // Whole seconds, and none too few.
        u64::try_from((left.num_milliseconds() + 999) / 1_000).ok().filter(|seconds| *seconds > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        Time::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn waits(count: Count, guesses: i64) -> Option<u64> {
        WrongGuesses { guesses, last_at: at(0) }.wait_s(count, at(0))
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        assert_eq!(waits(Count::Pair, 4), None, "everybody mistypes");
        let pair: Vec<_> = (5..=8).map(|guesses| waits(Count::Pair, guesses)).collect();
        assert_eq!(pair, [Some(1), Some(2), Some(4), Some(8)]);
        assert_eq!(waits(Count::Pair, 15), Some(900));
        assert_eq!(waits(Count::Pair, i64::MAX), Some(900));
        assert_eq!(waits(Count::Account, 21), Some(1));
        assert_eq!(waits(Count::Account, 1_000), Some(30), "nobody is kept out for long by what others do");
        assert_eq!(waits(Count::Address, 30), None);
    }

    #[test]
    fn addresses_of_one_owner_are_one() {
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), network("2001:db8:1:2:ffff::1"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(network("unknown"), "unknown");
    }

    #[test]
    fn wait_passes_and_guesses_are_forgotten() {
        let guesses = WrongGuesses { guesses: 7, last_at: at(0) };
        assert_eq!(guesses.wait_s(Count::Pair, at(3)), Some(1));
        assert_eq!(guesses.wait_s(Count::Pair, at(4)), None);
        let many = WrongGuesses { guesses: i64::MAX, last_at: at(0) };
        assert_eq!(many.wait_s(Count::Pair, at(24 * 3_600)), None);
    }
}
