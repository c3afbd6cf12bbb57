//! Workers at work in the test's own process.

use crate::mill::Shelf;
use kernel::{SystemClock, SystemIds, TaskQueue};
use std::sync::Arc;
use std::time::Duration;
use store::SqlTaskQueue;
use taskmill::{Tasks, Worker, WorkerOptions};
use tokio_util::sync::CancellationToken;

/// A worker at work until it is dropped or stopped.
pub(crate) struct AtWork {
    stop: CancellationToken,
    run: tokio::task::JoinHandle<()>,
}

impl AtWork {
    pub(crate) fn with(shelf: &Arc<Shelf>, tasks: Tasks<Shelf>, options: WorkerOptions) -> Self {
        Self::on(shelf, Arc::new(SqlTaskQueue::of(&shelf.store)), tasks, options)
    }

    /// At work on a queue of its own.
    #[expect(clippy::disallowed_methods, reason = "the test is the supervisor")]
    pub(crate) fn on(
        shelf: &Arc<Shelf>,
        queue: Arc<dyn TaskQueue>,
        tasks: Tasks<Shelf>,
        options: WorkerOptions,
    ) -> Self {
        let worker = Worker::new("shelf", queue, Arc::new(tasks), Arc::new(SystemClock), Arc::new(SystemIds), options);
        let stop = CancellationToken::new();
        let wake = shelf.store.clone().run_wake(stop.clone());
        let run = worker.run(stop.clone());
        let run = tokio::spawn(async move {
            tokio::join!(run, wake);
        });
        Self { stop, run }
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.run.await.unwrap();
    }

    /// As if the process had been killed.
    pub(crate) fn kill(self) {
        self.run.abort();
    }
}

pub(crate) fn quick() -> WorkerOptions {
    WorkerOptions { lease: Duration::from_millis(500), poll: Duration::from_millis(50), ..WorkerOptions::default() }
}
