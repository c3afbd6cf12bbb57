//! The feed port: a module's committed events as a log that anybody can read from any place.

use crate::{Event, Fault};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// A place in a module's log: dense, gap-free, starting at 1. Zero stands before the first event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(pub i64);

impl Position {
    /// Before the first event.
    pub const START: Self = Self(0);
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An event with its place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sequenced {
    /// Where it stands.
    pub position: Position,
    /// What happened.
    pub event: Event,
}

/// Some consecutive events.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// In order of position, without gaps.
    pub events: Vec<Sequenced>,
    /// The last position assigned when the batch was read.
    pub head: Position,
}

/// A module's log, near or far.
#[async_trait::async_trait]
pub trait EventLog: Send + Sync {
    /// The events after `after`, at most `limit`; waits up to `wait` for the first one when there is none yet.
    ///
    /// # Errors
    /// `Unavailable` when the log cannot be reached.
    async fn read(&self, after: Position, limit: usize, wait: Duration) -> Result<Batch, Fault>;
}
