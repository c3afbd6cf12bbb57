//! What admin does besides answering: its tasks and schedules in one list.

use crate::Admin;
use runtime::Worker;
use std::sync::Arc;
use taskmill::{Mill, Tasks};

/// Every task, with its schedule: none so far.
pub(crate) fn tasks(admin: &Arc<Admin>) -> Tasks<Admin> {
    Tasks::of(Arc::clone(admin))
}

/// The workers of the mill.
pub(crate) fn workers(mill: &Mill<Admin>) -> Vec<Worker> {
    Worker::of_mill("admin", mill.worker(), mill.housekeeping(), mill.scheduler(), mill.wake())
}
