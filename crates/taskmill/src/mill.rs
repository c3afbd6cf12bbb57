//! A module's mill: its tasks and schedules over its store, as the few futures that its processes keep running.
//!
//! What may not enter: which process plays which role. That is the runtime's to say.

use crate::{Desk, Tasks, Worker, WorkerOptions, keep_house, run_scheduler};
use futures::future::BoxFuture;
use kernel::Gate;
use settings::Settings;
use std::sync::Arc;
use store::{SqlTaskQueue, Store};
use tokio_util::sync::CancellationToken;

/// Runs until it is told to stop. Called again, it goes on from what the database says.
pub type Run = Box<dyn Fn(CancellationToken) -> BoxFuture<'static, ()> + Send + Sync>;

/// A module's tasks at work on its own database.
pub struct Mill<M> {
    store: Store,
    tasks: Arc<Tasks<M>>,
    options: WorkerOptions,
}

impl<M: Send + Sync + 'static> Mill<M> {
    /// The mill that does `tasks` in `store`.
    pub fn new(store: &Store, tasks: Tasks<M>, settings: &Settings) -> Self {
        Self { store: store.clone(), tasks: Arc::new(tasks), options: WorkerOptions::of(settings) }
    }

    /// The desk where operators ask and order. `gate` says who may.
    pub fn desk(&self, gate: Gate) -> Desk {
        Desk::new(&self.store, gate, self.tasks.terms()).with_schedules(self.tasks.schedules().to_vec())
    }

    /// Does tasks. Any number of processes may.
    pub fn worker(&self) -> Run {
        let queue = Arc::new(SqlTaskQueue::of(&self.store));
        let (clock, ids) = (Arc::clone(self.store.clock()), Arc::clone(self.store.ids()));
        let (module, tasks) = (self.store.module(), Arc::clone(&self.tasks));
        let worker = Worker::new(module, queue, tasks, clock, ids, self.options.clone());
        Box::new(move |stop| Box::pin(worker.clone().run(stop)))
    }

    /// Fires schedules. Any number of processes may.
    pub fn scheduler(&self) -> Run {
        let (store, tasks) = (self.store.clone(), Arc::clone(&self.tasks));
        Box::new(move |stop| Box::pin(run_scheduler(store.clone(), tasks.schedules().to_vec(), stop)))
    }

    /// Keeps the database in order. Every process that does tasks should.
    pub fn housekeeping(&self) -> Run {
        let (store, terms) = (self.store.clone(), self.tasks.terms());
        Box::new(move |stop| Box::pin(keep_house(store.clone(), terms.clone(), stop)))
    }

    /// Passes signals between processes. Every process that has the database open should: those that commit tell, and
    /// those that wait hear.
    pub fn wake(&self) -> Run {
        let store = self.store.clone();
        Box::new(move |stop| Box::pin(store.clone().run_wake(stop)))
    }
}
