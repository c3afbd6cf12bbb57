//! What audit does besides answering: its tasks and schedules in one list.

use crate::Audit;
use runtime::Worker;
use std::sync::Arc;
use taskmill::{Mill, Tasks};

/// Every task, with its schedule: none so far.
pub(crate) fn tasks(audit: &Arc<Audit>) -> Tasks<Audit> {
    Tasks::of(Arc::clone(audit))
}

/// The workers of the mill.
pub(crate) fn workers(mill: &Mill<Audit>) -> Vec<Worker> {
    Worker::of_mill("audit", mill.worker(), mill.housekeeping(), mill.scheduler(), mill.wake())
}
