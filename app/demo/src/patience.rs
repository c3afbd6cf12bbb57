//! Politeness towards the server: when it asks one call to wait, every call waits. Knows nothing of HTTP.

use std::future::Future;
use std::time::Duration;
use tokio::sync::Mutex;

/// How often one call is tried.
const ATTEMPTS: u32 = 40;
/// The longest wait that is worth sitting through.
const LONGEST: Duration = Duration::from_secs(120);

/// How one attempt came out.
pub(crate) enum Attempt<T> {
    /// It is settled, well or badly.
    Settled(T),
    /// The server asks everybody to come back after this time.
    Wait(Duration),
}

/// Somebody ran out of patience.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct GaveUp {
    /// How often the call was tried.
    pub(crate) attempts: u32,
    /// How long the last wait would have been.
    pub(crate) wait: Duration,
}

/// The gate every call passes. Counts how often all have waited, so that calls refused together wait once, not in turn.
#[derive(Default)]
pub(crate) struct Patience {
    waits: Mutex<u64>,
}

impl Patience {
    /// Tries until the call is settled.
    ///
    /// # Errors
    /// [`GaveUp`] when it was put off 40 times, or once for more than two minutes.
    pub(crate) async fn insist<T, F: Future<Output = Attempt<T>>>(&self, call: impl Fn() -> F) -> Result<T, GaveUp> {
        let mut wait = Duration::ZERO;
        for attempts in 1..=ATTEMPTS {
            let seen = *self.waits.lock().await;
            wait = match call().await {
                Attempt::Settled(value) => return Ok(value),
                Attempt::Wait(wait) => wait,
            };
            if wait > LONGEST {
                return Err(GaveUp { attempts, wait });
            }
            let mut waits = self.waits.lock().await;
            if *waits == seen {
                tokio::time::sleep(wait).await;
                *waits += 1;
            }
        }
        Err(GaveUp { attempts: ATTEMPTS, wait })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};
    use tokio::time::Instant;

    /// A server that puts off everybody until `open_s` seconds have passed.
    async fn closed_until(start: Instant, open_s: u64, calls: &AtomicU32) -> Attempt<u64> {
        calls.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
        match Duration::from_secs(open_s).checked_sub(start.elapsed()) {
            Some(left) if !left.is_zero() => Attempt::Wait(left),
            _ => Attempt::Settled(start.elapsed().as_secs()),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn calls_put_off_together_wait_exactly_as_long_as_asked_and_once() {
        let (patience, start, calls) = (Patience::default(), Instant::now(), AtomicU32::new(0));
        let call = || patience.insist(|| closed_until(start, 30, &calls));
        let answers = tokio::join!(call(), call(), call());
        assert_eq!(answers, (Ok(30), Ok(30), Ok(30)));
        assert_eq!(calls.load(Ordering::Relaxed), 6);
    }

    #[tokio::test(start_paused = true)]
    async fn call_arriving_during_a_wait_stays_outside_until_it_is_over() {
        let (patience, start, calls) = (Patience::default(), Instant::now(), AtomicU32::new(0));
        let first = patience.insist(|| closed_until(start, 30, &calls));
        let second = async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            patience.insist(|| closed_until(start, 30, &calls)).await
        };
        assert_eq!(tokio::join!(first, second), (Ok(30), Ok(30)));
        assert_eq!(calls.load(Ordering::Relaxed), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn patience_ends_after_forty_attempts_or_at_an_absurd_wait() {
        let patience = Patience::default();
        let second = Duration::from_secs(1);
        let gave_up = patience.insist(async || Attempt::<()>::Wait(second)).await;
        assert_eq!(gave_up, Err(GaveUp { attempts: 40, wait: second }));
        let hour = Duration::from_secs(3600);
        let gave_up = patience.insist(async || Attempt::<()>::Wait(hour)).await;
        assert_eq!(gave_up, Err(GaveUp { attempts: 1, wait: hour }));
    }
}
