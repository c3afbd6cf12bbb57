//! How many tasks end in a second, lately: how far ahead it is worth claiming.

use std::time::Duration;
use tokio::time::Instant;

/// Short tasks are claimed ahead: as many as end within this time.
const AHEAD: Duration = Duration::from_millis(100);
/// The shortest time that says something about the pace.
const WINDOW: Duration = Duration::from_millis(50);
/// After so much silence the pace is not what it was.
const SILENCE: Duration = Duration::from_secs(1);

/// How many tasks end in a second, lately.
pub(crate) struct Pace {
    since: Instant,
    ended: u32,
    last: Instant,
    per_second: f64,
    claim_took: Duration,
}

impl Pace {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        Self { since: now, ended: 0, last: now, per_second: 0.0, claim_took: Duration::ZERO }
    }

    /// One more has ended.
    pub(crate) fn ended(&mut self) {
        self.ended += 1;
        self.last = Instant::now();
        let elapsed = self.since.elapsed();
        if elapsed >= WINDOW {
            let now = f64::from(self.ended) / elapsed.as_secs_f64();
            // What was measured before fades by three tenths in each window, however many this one lasted.
            let before = 0.7_f64.powf(elapsed.as_secs_f64() / WINDOW.as_secs_f64());
            self.per_second = now.max(self.per_second.mul_add(before, now * (1.0 - before)));
            (self.since, self.ended) = (Instant::now(), 0);
        }
    }

    /// A claim took so long.
    pub(crate) fn claimed_within(&mut self, took: Duration) {
        self.claim_took = took;
    }

    /// How many to hold besides those that run, at most `most`: enough for a while, and for as long as a claim takes. With
    /// fewer, a slow database would let handlers run dry, which would look like a slow pace and bring fewer still.
    pub(crate) fn ahead(&self, most: usize) -> usize {
        let silent = self.last.elapsed();
        let per_second =
            if silent < SILENCE { self.per_second } else { self.per_second.min(1.0 / silent.as_secs_f64()) };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to a small positive range"
        )]
        let ahead = (per_second * self.while_claiming().as_secs_f64()).clamp(0.0, most as f64) as usize;
        ahead
    }

    /// A task claimed longer ago than this, and not begun, was claimed in vain.
    pub(crate) fn lingering(&self) -> Duration {
        SILENCE + self.while_claiming()
    }

    fn while_claiming(&self) -> Duration {
        AHEAD.max(self.claim_took * 3)
    }
}
