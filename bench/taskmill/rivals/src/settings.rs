//! What can be set in the rivals, and what was found best for each. Every flag overrides what was found.

use clap::Args;
use std::time::Duration;

/// Both rivals' knobs, under one name where they mean the same.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct Settings {
    /// Tasks fetched at once: graphile's local queue (0: none, each task is fetched singly), apalis's batch.
    #[arg(long)]
    fetch: Option<usize>,
    /// Fetchers: graphile's local queues in one worker; apalis's concurrency within each worker (0: unlimited).
    #[arg(long)]
    lanes: Option<usize>,
    /// How long graphile collects completions before it writes them (0: each is written at once).
    #[arg(long)]
    collect_ms: Option<u64>,
    /// How long an idle worker sleeps when no notification wakes it.
    #[arg(long)]
    poll_ms: Option<u64>,
    /// Whether apalis runs each handler in a task of the runtime's.
    #[arg(long)]
    spawn: Option<bool>,
    /// Whether apalis marks each task as running before its handler runs.
    #[arg(long)]
    lock: Option<bool>,
}

/// graphile_worker's settings for one measurement.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GraphileSettings {
    pub(crate) fetch: usize,
    pub(crate) lanes: usize,
    pub(crate) collect: Duration,
    pub(crate) poll: Duration,
}

/// apalis's settings for one measurement.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ApalisSettings {
    pub(crate) fetch: usize,
    pub(crate) lanes: usize,
    pub(crate) poll: Duration,
    pub(crate) spawn: bool,
    pub(crate) lock: bool,
}

impl Settings {
    pub(crate) fn for_graphile(&self) -> GraphileSettings {
        GraphileSettings {
            fetch: self.fetch.unwrap_or(2_000),
            lanes: self.lanes.unwrap_or(2),
            collect: Duration::from_millis(self.collect_ms.unwrap_or(2)),
            poll: Duration::from_millis(self.poll_ms.unwrap_or(10)),
        }
    }

    pub(crate) fn for_apalis(&self) -> ApalisSettings {
        ApalisSettings {
            fetch: self.fetch.unwrap_or(5_000),
            lanes: self.lanes.unwrap_or(0),
            poll: Duration::from_millis(self.poll_ms.unwrap_or(10)),
            spawn: self.spawn.unwrap_or(true),
            lock: self.lock.unwrap_or(false),
        }
    }
}
