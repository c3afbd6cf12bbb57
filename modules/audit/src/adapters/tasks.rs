//! What audit does besides answering: its tasks and schedules in one list.

use crate::Audit;
use runtime::{Role, Worker};
use std::sync::Arc;
use taskmill::{Mill, Tasks};

/// Every task, with its schedule: none so far.
pub(crate) fn tasks(audit: &Arc<Audit>) -> Tasks<Audit> {
    Tasks::of(Arc::clone(audit))
}

/// The workers of the mill.
pub(crate) fn workers(mill: &Mill<Audit>) -> Vec<Worker> {
    vec![
        Worker::new("audit.tasks", Role::TaskmillWorker, mill.worker()),
        Worker::new("audit.housekeeping", Role::TaskmillWorker, mill.housekeeping()),
        Worker::new("audit.schedules", Role::TaskmillScheduler, mill.scheduler()),
        Worker::new("audit.wake", Role::All, mill.wake()),
    ]
}
