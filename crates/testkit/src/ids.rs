//! Identifiers that come out the same in every run.
//!
//! What may not enter: randomness.

use kernel::Ids;
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::{Builder, Uuid};

/// 2030-01-01T00:00:00Z in milliseconds since 1970: the manual clock's beginning.
const START_MS: u64 = 1_893_456_000_000;

/// Counts from 1. Every identifier has the shape of a UUID v7 (RFC 9562 §5.7) and sorts after the ones before it.
#[derive(Debug, Default)]
pub struct SequentialIds(AtomicU64);

impl SequentialIds {
    fn count(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }
}

impl Ids for SequentialIds {
    fn next(&self) -> Uuid {
        let number = self.count();
        let mut tail = [0; 10];
        tail[2..].copy_from_slice(&number.to_be_bytes());
        Builder::from_unix_timestamp_millis(START_MS + number, &tail).into_uuid()
    }

    fn secret(&self) -> [u8; 32] {
        let mut secret = [0; 32];
        secret.chunks_exact_mut(8).for_each(|part| part.copy_from_slice(&self.count().to_be_bytes()));
        secret
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ids_are_version_seven_and_sort_in_the_order_they_were_made() {
        let ids = SequentialIds::default();
        let made: Vec<_> = (0..1000).map(|_| ids.next()).collect();
        assert!(made.iter().all(|id| id.get_version_num() == 7));
        assert!(made.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn every_run_makes_the_same_ids() {
        let (one, other) = (SequentialIds::default(), SequentialIds::default());
        assert_eq!((one.next(), one.secret(), one.next()), (other.next(), other.secret(), other.next()));
    }

    #[test]
    fn no_secret_comes_twice() {
        let ids = SequentialIds::default();
        assert_eq!((0..1000).map(|_| ids.secret()).collect::<HashSet<_>>().len(), 1000);
    }
}
