//! What is asked for on the command line.

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

/// How a queue is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scenario {
    /// Concurrent clients commit one task each time; no worker.
    EnqueueOne,
    /// The same clients hand over whole batches.
    EnqueueBatch,
    /// Tasks wait; a worker starts and works until all are done and acknowledged.
    Drain,
    /// Unique key on every task, one retry for the first per cent, result kept: enqueued in batches, then drained.
    FullContract,
    /// An idle worker; tasks come singly at an even pace; from commit to the handler's first line.
    Latency,
    /// Churn, then a drain.
    FreeHorizon,
    /// The same while another connection holds a snapshot open, so that nothing can be vacuumed.
    HeldHorizon,
    /// Eight clients keep an even pace while a snapshot is held; the waits are given for each minute.
    Soak,
}

/// One measurement.
#[derive(Debug, Clone, Args)]
pub struct Load {
    /// What to do.
    #[arg(long)]
    pub scenario: Scenario,
    /// How many tasks are measured.
    #[arg(long, default_value_t = 20_000)]
    pub tasks: u32,
    /// How many handlers may run at once.
    #[arg(long, default_value_t = 1)]
    pub workers: usize,
    /// How many tasks pass through the queue before the measured ones (both horizon scenarios).
    #[arg(long, default_value_t = 200_000)]
    pub churn: u32,
    /// How many clients enqueue at once.
    #[arg(long, default_value_t = 8)]
    pub clients: usize,
    /// Tasks in one batch.
    #[arg(long, default_value_t = 1_000)]
    pub batch: usize,
    /// Tasks a second (latency and soak).
    #[arg(long, default_value_t = 100)]
    pub pace: u32,
}
