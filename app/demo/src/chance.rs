//! Chance that repeats: the same seed and label give the same draws on every machine and in every release.
//! No entropy of the machine may enter.

/// A stream of draws. SplitMix64 (Steele, Lea, Flood: “Fast splittable pseudorandom number generators”, 2014), because
/// it is small, good enough for shuffling text, and unlike a library's default generator will never change.
#[derive(Debug, Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    /// A stream of its own for each `label` under one `seed`.
    pub(crate) fn new(seed: u64, label: &str) -> Self {
        Self(seed ^ fnv1a(label))
    }

    /// Some number below `bound`, or 0 when `bound` is 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % bound).unwrap_or(0)
    }

    /// True in `percent` of a hundred draws.
    pub(crate) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of the items, or nothing when there are none.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len()))
    }

    /// One of the items, each as likely as its weight says.
    pub(crate) fn weighted<T: Copy>(&mut self, items: &[(T, usize)]) -> Option<T> {
        let mut left = self.below(items.iter().map(|(_, weight)| weight).sum());
        for (item, weight) in items {
            match left.checked_sub(*weight) {
                Some(rest) => left = rest,
                None => return Some(*item),
            }
        }
        None
    }

    /// Brings the items into some order (Fisher–Yates).
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// The FNV-1a hash of some text, 64 bits: stable across releases, which the standard hasher does not promise.
pub(crate) fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_never_change_between_releases() {
        let mut chance = Chance(0);
        assert_eq!([chance.next(), chance.next()], [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4]);
        assert_eq!(fnv1a("a"), 0xaf63_dc4c_8601_ec8c);
    }

    #[test]
    fn weight_of_nothing_is_never_drawn() {
        let mut chance = Chance::new(1, "weights");
        assert!((0..200).all(|_| chance.weighted(&[("never", 0), ("always", 3)]) == Some("always")));
        assert_eq!(chance.weighted::<u8>(&[]), None);
    }
}
