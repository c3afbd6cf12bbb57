//! Waiting for what happens elsewhere, in another process or a browser, where nothing can be awaited.
//!
//! What may not enter: waiting for a length of time. There is always a condition, and it ends the wait at once.

use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long the harness waits for anything before it says that it will not come.
pub const PATIENCE: Duration = Duration::from_secs(10);

const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// A limited number of looks at something. Unlike [`within`] it takes no closure, so that a future that waits with it
/// may move between threads.
#[derive(Debug)]
pub(crate) struct Patience {
    end: Instant,
}

impl Patience {
    pub(crate) fn of(limit: Duration) -> Self {
        Self { end: Instant::now() + limit }
    }

    /// Waits a moment and says whether to look again.
    pub(crate) async fn lasts(&self) -> bool {
        let left = Instant::now() < self.end;
        if left {
            sleep(BETWEEN_LOOKS).await;
        }
        left
    }
}

/// What `check` finds, once it finds something; nothing when `limit` has passed without. It looks at least once.
pub async fn within<T>(limit: Duration, mut check: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let patience = Patience::of(limit);
    loop {
        if let Some(found) = check().await {
            return Some(found);
        }
        if !patience.lasts().await {
            return None;
        }
    }
}

/// Waits until `check` says yes.
///
/// # Panics
/// With `what` when it has not said so within [`PATIENCE`].
pub async fn eventually(what: &str, mut check: impl AsyncFnMut() -> bool) {
    if within(PATIENCE, async || check().await.then_some(())).await.is_none() {
        panic!("it did not come about within {PATIENCE:?} that {what}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waiting_ends_with_the_first_look_that_finds_something() {
        let mut looks = 0;
        let found = within(PATIENCE, async || {
            looks += 1;
            (looks == 3).then_some("it")
        });
        assert_eq!(found.await, Some("it"));
        assert_eq!(looks, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_gives_up_at_its_limit() {
        let began = Instant::now();
        assert_eq!(within(PATIENCE, async || None::<()>).await, None);
        assert!((PATIENCE..PATIENCE * 2).contains(&began.elapsed()));
    }

    #[tokio::test(start_paused = true)]
    #[should_panic(expected = "that pigs fly")]
    async fn what_never_comes_is_named() {
        eventually("pigs fly", async || false).await;
    }
}
