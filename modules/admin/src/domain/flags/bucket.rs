//! Who falls into which share. A bucket is a number below 100 000 that depends on nothing but a salt, the flag's key
//! and whatever the split is sticky by: the first eight bytes of SHA-256 over `salt/key/value`, as a big-endian number,
//! modulo 100 000. Every process, and every program that knows this line, comes to the same one.
//!
//! What may not enter: which share a bucket belongs to; that is the split's business.

use chrono::TimeDelta;
use kernel::Time;
use ring::digest::{Context, SHA256};
use serde_json::Value;

/// How many buckets there are: one for each thousandth of a percent.
pub(super) const BUCKETS: u32 = 100_000;

/// The bucket of `value` in the flag `key`.
pub(super) fn bucket(salt: &str, key: &str, value: &str) -> u32 {
    let mut digest = Context::new(&SHA256);
    for part in [salt, "/", key, "/", value] {
        digest.update(part.as_bytes());
    }
    let digest = digest.finish();
    let number = digest.as_ref().iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    u32::try_from(number % u64::from(BUCKETS)).unwrap_or_default()
}

/// A percentage with up to three decimals, 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Percent(u32);

impl Percent {
    /// The percentage, if it is one and has no more than three decimals.
    pub(crate) fn parse(percent: f64) -> Option<Self> {
        let thousandths = percent * 1_000.0;
        let whole = thousandths.round();
        let exact = (thousandths - whole).abs() < 1e-6;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number of 0 to 100 000")]
        (exact && (0.0..=f64::from(BUCKETS)).contains(&whole)).then_some(Self(whole as u32))
    }

    /// How many buckets it stands for.
    pub(super) const fn buckets(self) -> u32 {
        self.0
    }

    /// As people write it: 10 or 2.5.
    pub(crate) fn json(self) -> Value {
        if self.0.is_multiple_of(1_000) {
            Value::from(self.0 / 1_000)
        } else {
            Value::from(f64::from(self.0) / 1_000.0)
        }
    }
}

/// How large a share is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Amount {
    /// As large as it says.
    Fixed(Percent),
    /// Growing by the clock.
    Growing {
        /// How large it is until `starts`.
        from: Percent,
        /// How large it is from `ends` on.
        to: Percent,
        /// When it begins to grow.
        starts: Time,
        /// When it has grown.
        ends: Time,
    },
}

impl Amount {
    /// How many buckets it takes at `now`.
    pub(super) fn at(&self, now: Time) -> u32 {
        match self {
            Self::Fixed(percent) => percent.buckets(),
            Self::Growing { from, to, starts, ends } => grown(*from, *to, now - *starts, *ends - *starts),
        }
    }

    /// How many buckets it ever takes: what is kept free for it, so that its growth moves nobody else.
    pub(super) fn most(&self) -> u32 {
        match self {
            Self::Fixed(percent) => percent.buckets(),
            Self::Growing { to, .. } => to.buckets(),
        }
    }
}

/// In a straight line, from the one percentage to the other.
fn grown(from: Percent, to: Percent, passed: TimeDelta, whole: TimeDelta) -> u32 {
    let (passed, whole) = (i128::from(passed.num_milliseconds()), i128::from(whole.num_milliseconds()));
    if passed <= 0 {
        return from.buckets();
    }
    if passed >= whole {
        return to.buckets();
    }
    let more = i128::from(to.buckets() - from.buckets()) * passed / whole;
    from.buckets() + u32::try_from(more).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percent(number: f64) -> Percent {
        Percent::parse(number).unwrap()
    }

    #[test]
    fn bucket_is_the_published_one() {
        // printf '%s' 'salt/new-editor/ada' | sha256sum: what anybody can check.
        assert_eq!(bucket("salt", "new-editor", "ada"), 80_893);
        assert_eq!(bucket("", "new-editor", "ada"), 19_465);
    }

    #[test]
    fn percentages_have_three_decimals_and_end_at_a_hundred() {
        for (number, buckets) in [(0.0, 0), (0.001, 1), (33.333, 33_333), (0.07, 70), (100.0, 100_000)] {
            assert_eq!(Percent::parse(number).map(Percent::buckets), Some(buckets), "{number}");
        }
        for number in [-1.0, 100.001, 0.000_1, f64::NAN, f64::INFINITY] {
            assert_eq!(Percent::parse(number), None, "{number}");
        }
    }

    #[test]
    fn share_grows_in_a_straight_line_between_its_two_instants() {
        let (starts, ends): (Time, Time) =
            ("2030-01-01T00:00:00Z".parse().unwrap(), "2030-01-11T00:00:00Z".parse().unwrap());
        let amount = Amount::Growing { from: percent(10.0), to: percent(60.0), starts, ends };
        for (days, buckets) in [(-1, 10_000), (0, 10_000), (1, 15_000), (5, 35_000), (10, 60_000), (11, 60_000)] {
            assert_eq!(amount.at(starts + TimeDelta::days(days)), buckets, "day {days}");
        }
    }
}
