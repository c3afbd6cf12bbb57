//! What admin does besides answering: its tasks and schedules in one list.

use crate::Admin;
use runtime::{Role, Worker};
use std::sync::Arc;
use taskmill::{Mill, Tasks};

/// Every task, with its schedule: none so far.
pub(crate) fn tasks(admin: &Arc<Admin>) -> Tasks<Admin> {
    Tasks::of(Arc::clone(admin))
}

/// The workers of the mill.
pub(crate) fn workers(mill: &Mill<Admin>) -> Vec<Worker> {
    vec![
        Worker::new("admin.tasks", Role::TaskmillWorker, mill.worker()),
        Worker::new("admin.housekeeping", Role::TaskmillWorker, mill.housekeeping()),
        Worker::new("admin.schedules", Role::TaskmillScheduler, mill.scheduler()),
        Worker::new("admin.wake", Role::All, mill.wake()),
    ]
}
