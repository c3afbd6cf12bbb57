//! The line a measurement ends with.

use crate::load::Scenario;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One line of JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// The queue.
    pub library: String,
    /// Its version.
    pub version: String,
    /// The load.
    pub scenario: Scenario,
    /// How many tasks were measured.
    pub tasks: u32,
    /// How many handlers could run at once; clients where no worker runs.
    pub workers: usize,
    /// How long all of them took.
    pub seconds: f64,
    /// Tasks a second.
    pub per_second: f64,
    /// Half waited no longer than this (latency and soak), in milliseconds.
    pub p50_ms: Option<f64>,
    /// All but one in a hundred waited no longer than this (latency and soak), in milliseconds.
    pub p99_ms: Option<f64>,
    /// How much of `seconds` was draining (full contract only).
    pub drain_seconds: Option<f64>,
    /// One after the other (soak only).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub minutes: Vec<Minute>,
    /// Runs of tasks that had been done before.
    pub doubled: u32,
    /// What of the full contract was left out because the queue cannot do it.
    pub lacks: String,
}

/// One minute of a soak.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Minute {
    /// How many tasks were committed in it.
    pub tasks: usize,
    /// Half of them waited no longer than this, in milliseconds.
    pub p50_ms: f64,
    /// All but one in a hundred waited no longer than this, in milliseconds.
    pub p99_ms: f64,
}

/// The `share` (0 to 1) quantile of `waits` in milliseconds, by nearest rank.
pub(crate) fn quantile_ms(waits: &mut [Duration], share: f64) -> Option<f64> {
    waits.sort_unstable();
    let rank = (share * waits.len() as f64).ceil() as usize;
    let wait = waits.get(rank.max(1) - 1)?;
    Some(wait.as_secs_f64() * 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantile_is_the_nearest_rank() {
        let mut waits: Vec<_> = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(quantile_ms(&mut waits, 0.5), Some(100.0));
        assert_eq!(quantile_ms(&mut waits, 0.99), Some(198.0));
        assert_eq!(quantile_ms(&mut [], 0.5), None);
    }
}
