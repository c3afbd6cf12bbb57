//! The worker as a module gives it to the runtime: it joins its queues, works until it is told to stop, and gives back what
//! it holds. What it does meanwhile is in `shift.rs`.

use crate::Tasks;
use crate::holder::{Reins, beat};
use crate::shift::Shift;
use crate::standstill::Standstill;
use kernel::{Clock, Ids, TaskQueue};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How a worker works.
#[derive(Debug, Clone)]
pub struct WorkerOptions {
    /// Tasks running at the same time.
    pub concurrency: usize,
    /// After how long without a heartbeat a process's tasks are given to others.
    pub lease: Duration,
    /// The longest time between two looks for new tasks where nobody says that there are any.
    pub poll: Duration,
    /// How long running tasks may take to end when the process stops; what has not ended then goes back to its queue.
    pub drain: Duration,
}

impl WorkerOptions {
    /// What the configuration says. Half of the grace that a stopping process has is left for giving back.
    pub fn of(settings: &settings::Settings) -> Self {
        let (tasks, grace_ms) = (&settings.tasks, settings.shutdown.grace_ms);
        Self {
            concurrency: tasks.concurrency,
            lease: Duration::from_millis(tasks.lease_ms),
            poll: Duration::from_millis(tasks.poll_ms),
            drain: Duration::from_millis(tasks.drain_ms.min(grace_ms / 2)),
        }
    }
}

impl Default for WorkerOptions {
    fn default() -> Self {
        Self {
            concurrency: 16,
            lease: Duration::from_secs(15),
            poll: Duration::from_secs(1),
            drain: Duration::from_secs(5),
        }
    }
}

/// Does a module's tasks.
pub struct Worker<M> {
    pub(crate) module: &'static str,
    pub(crate) queue: Arc<dyn TaskQueue>,
    pub(crate) tasks: Arc<Tasks<M>>,
    pub(crate) clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    pub(crate) options: WorkerOptions,
}

impl<M> Clone for Worker<M> {
    fn clone(&self) -> Self {
        Self {
            module: self.module,
            queue: Arc::clone(&self.queue),
            tasks: Arc::clone(&self.tasks),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            options: self.options.clone(),
        }
    }
}

impl<M: Send + Sync + 'static> Worker<M> {
    /// A worker for `module`'s tasks in `queue`.
    pub fn new(
        module: &'static str,
        queue: Arc<dyn TaskQueue>,
        tasks: Arc<Tasks<M>>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        options: WorkerOptions,
    ) -> Self {
        Self { module, queue, tasks, clock, ids, options }
    }

    /// Works until `stop`, then gives back what it holds.
    pub async fn run(self, stop: CancellationToken) {
        let mut standstill = Standstill::default();
        while !stop.is_cancelled() {
            let holder = self.ids.next();
            let name = format!("{}:{}", self.module, std::process::id());
            if let Err(fault) = self.queue.join(holder, &name, &self.tasks.queues()).await {
                standstill.failed(self.module, &fault);
                tokio::select! { () = standstill.wait() => continue, () = stop.cancelled() => return }
            }
            standstill.over();
            let reins = Reins::default();
            let mut shift = Shift::new(&self, holder, reins.clone());
            tokio::select! {
                () = shift.work(&stop) => {}
                // Whoever is taken for dead drops everything: its commits would be refused anyway.
                () = beat(Arc::clone(&self.queue), holder, self.options.lease, &reins) => continue,
            }
            drop(shift);
            if let Err(fault) = self.queue.leave(holder).await {
                tracing::warn!(%fault, "tasks could not be given back; others take them over after the lease");
            }
        }
    }
}
