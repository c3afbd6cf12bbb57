//! Following a log live: what is new reaches every open page, without a gap and without a double.
//!
//! One reader tails the log and tells everybody. Positions are dense, so each follower sees for itself whether it
//! missed something (it was slow, or reconnects with the last position it saw) and reads just that from the log.

use futures::Stream;
use kernel::{EventLog, Fault, Late, Position, Sequenced};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio_util::sync::CancellationToken;

/// Events kept for followers that are a moment late.
const BUFFER: usize = 1_024;
/// How far back a follower may begin.
const BACKLOG: i64 = 5_000;
/// Events read at once when catching up.
const STEP: usize = 256;

/// The live end of one module's log.
#[derive(Clone)]
pub struct Live {
    log: Late<dyn EventLog>,
    news: broadcast::Sender<Arc<Sequenced>>,
    told: Arc<AtomicI64>,
    stop: CancellationToken,
}

/// No position: the tail has not begun.
const NOWHERE: i64 = -1;

impl Live {
    /// Follows `log` once [`Live::run`] runs.
    pub fn new(log: Late<dyn EventLog>) -> Self {
        Self {
            log,
            news: broadcast::Sender::new(BUFFER),
            told: Arc::new(AtomicI64::new(NOWHERE)),
            stop: CancellationToken::new(),
        }
    }

    /// The last position told to followers. A page rendered now shows at least everything up to it.
    pub fn position(&self) -> Option<Position> {
        Some(Position(self.told.load(Ordering::Acquire))).filter(|position| position.0 != NOWHERE)
    }

    /// Tails the log until `stop`; then every follower's stream ends, so that no open page holds up a shutdown.
    pub async fn run(self, stop: CancellationToken) {
        let mut at = None;
        while !stop.is_cancelled() {
            let step = tokio::select! {
                step = self.step(at) => step,
                () = stop.cancelled() => break,
            };
            match step {
                Ok(seen) => {
                    self.told.store(seen.0, Ordering::Release);
                    at = Some(seen);
                }
                Err(fault) => {
                    tracing::warn!(%fault, cause = fault.chain(), "the live tail stands still");
                    tokio::select! { () = tokio::time::sleep(Duration::from_secs(1)) => {}, () = stop.cancelled() => {} }
                }
            }
        }
        self.stop.cancel();
    }

    async fn step(&self, at: Option<Position>) -> Result<Position, Fault> {
        let Some(at) = at else {
            let head = self.log.get().read(Position(i64::MAX), 1, Duration::ZERO).await?.head;
            // The last event is told again: whoever followed before this life of the tail began sees what it missed.
            return Ok(Position((head.0 - 1).max(0)));
        };
        let batch = self.log.get().read(at, STEP, Duration::from_secs(20)).await?;
        let seen = batch.events.last().map_or(at, |last| last.position);
        for event in batch.events {
            // Nobody listening is not an error.
            let _listeners = self.news.send(Arc::new(event));
        }
        Ok(seen)
    }

    /// Everything after `after`, or everything from now on.
    ///
    /// # Errors
    /// `Unavailable` when the log cannot be reached.
    pub async fn follow(&self, after: Option<Position>) -> Result<Follow, Fault> {
        let news = self.news.subscribe();
        let head = self.log.get().read(Position(i64::MAX), 1, Duration::ZERO).await?.head;
        // A position from another database's life would wait for ever, and one from long ago would have the whole log read.
        let near = |after: &Position| *after <= head && head.0 - after.0 <= BACKLOG;
        let last = after.filter(near).unwrap_or(head);
        let missed = after.is_some_and(|after| after != last);
        Ok(Follow { live: self.clone(), news, last, ready: VecDeque::new(), behind: last < head, missed })
    }
}

/// One follower's place in the log.
pub struct Follow {
    live: Live,
    news: broadcast::Receiver<Arc<Sequenced>>,
    last: Position,
    ready: VecDeque<Arc<Sequenced>>,
    behind: bool,
    missed: bool,
}

impl Follow {
    /// Whether the place asked for was too far back: the follower begins at the head, and should look anew.
    pub fn missed(&self) -> bool {
        self.missed
    }

    /// The last position handed out, or where the follower began.
    pub fn position(&self) -> Position {
        self.last
    }

    /// The next event; nothing when the process goes away.
    ///
    /// # Errors
    /// `Unavailable` when what was missed cannot be read from the log.
    pub async fn next(&mut self) -> Result<Option<Arc<Sequenced>>, Fault> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                self.last = event.position;
                return Ok(Some(event));
            }
            if self.behind {
                self.catch_up().await?;
                continue;
            }
            tokio::select! {
                news = self.news.recv() => match news {
                    Ok(event) if event.position.0 == self.last.0 + 1 => self.ready.push_back(event),
                    Ok(event) if event.position <= self.last => {}
                    Ok(_) | Err(RecvError::Lagged(_)) => self.behind = true,
                    Err(RecvError::Closed) => return Ok(None),
                },
                () = self.live.stop.cancelled() => return Ok(None),
            }
        }
    }

    async fn catch_up(&mut self) -> Result<(), Fault> {
        let batch = self.live.log.get().read(self.last, STEP, Duration::ZERO).await?;
        let reached = batch.events.last().map_or(self.last, |event| event.position);
        self.behind = reached < batch.head;
        self.ready.extend(batch.events.into_iter().map(Arc::new));
        Ok(())
    }

    /// The same as a stream that ends at the first fault.
    pub fn into_stream(self) -> impl Stream<Item = Arc<Sequenced>> + Send {
        futures::stream::unfold(self, |mut follow| async move {
            match follow.next().await {
                Ok(Some(event)) => Some((event, follow)),
                Ok(None) => None,
                Err(fault) => {
                    tracing::warn!(%fault, "a live page loses its tail");
                    None
                }
            }
        })
    }
}
