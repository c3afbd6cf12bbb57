//! Opened data keys, for as long as they are believed: at most so many, and wiped when they go.

use super::{DataKey, Shared};
use kernel::{Time, after};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// How long a key is believed before the database is asked again: so long may what was destroyed or renewed elsewhere go
/// on being used here.
const BELIEVED: Duration = Duration::from_secs(30);
/// How many keys are kept.
const KEPT: usize = 1_024;

/// What a current key is current for.
pub(super) type Use = (String, Option<Uuid>);

#[derive(Default)]
pub(super) struct Cache(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    by_id: HashMap<Uuid, (Shared, Time)>,
    current: HashMap<Use, (Shared, Time)>,
}

impl Cache {
    pub(super) fn by_id(&self, id: Uuid, now: Time) -> Option<Shared> {
        self.lock().by_id.get(&id).filter(|(_, until)| now < *until).map(|(key, _)| Shared::clone(key))
    }

    pub(super) fn current(&self, purpose: &str, subject: Option<Uuid>, now: Time) -> Option<Shared> {
        let used = (purpose.to_owned(), subject);
        self.lock().current.get(&used).filter(|(_, until)| now < *until).map(|(key, _)| Shared::clone(key))
    }

    pub(super) fn keep(&self, key: &Shared, is_current: bool, now: Time) {
        let mut kept = self.lock();
        put(&mut kept.by_id, key.id, key, now);
        if is_current {
            put(&mut kept.current, (key.purpose.clone(), key.subject), key, now);
        }
    }

    /// Forgets every key that `goes` is said of.
    pub(super) fn forget(&self, goes: impl Fn(&DataKey) -> bool) {
        let mut kept = self.lock();
        kept.by_id.retain(|_, (key, _)| !goes(key));
        kept.current.retain(|_, (key, _)| !goes(key));
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn put<K: Clone + Eq + Hash>(kept: &mut HashMap<K, (Shared, Time)>, at: K, key: &Shared, now: Time) {
    if kept.len() >= KEPT {
        kept.retain(|_, (_, until)| now < *until);
    }
    if kept.len() >= KEPT && !kept.contains_key(&at) {
        let oldest = kept.iter().min_by_key(|(_, (_, until))| *until).map(|(at, _)| at.clone());
        oldest.and_then(|oldest| kept.remove(&oldest));
    }
    kept.insert(at, (Shared::clone(key), after(now, BELIEVED)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use keys::Key;

    fn key(id: u128) -> Shared {
        Shared::new(DataKey { id: Uuid::from_u128(id), purpose: "p".to_owned(), subject: None, key: Key::new([0; 32]) })
    }

    #[test]
    fn keys_are_believed_for_a_while_and_there_are_never_too_many() {
        let (cache, now) = (Cache::default(), Time::UNIX_EPOCH);
        for id in 0..3_000_u16 {
            cache.keep(&key(id.into()), true, after(now, Duration::from_millis(id.into())));
        }
        assert_eq!(cache.lock().by_id.len(), KEPT);
        let last = Uuid::from_u128(2_999);
        assert!(cache.by_id(last, now).is_some());
        assert_eq!(cache.current("p", None, now).unwrap().id, last);
        assert!(cache.by_id(Uuid::from_u128(0), now).is_none(), "the oldest went first");
        assert!(cache.by_id(last, after(now, Duration::from_secs(33))).is_none());
        cache.forget(|key| key.purpose == "p");
        assert!(cache.by_id(last, now).is_none());
    }
}
