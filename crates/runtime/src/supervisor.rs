//! The only place that spawns: every task has a name, an end, and somebody who notices when it dies.
#![expect(clippy::disallowed_methods, reason = "this is where the others' tasks are watched")]

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

/// Before a task is started again for the first time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// What the pause grows to, and how long a task must have lived for it to be short again.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What a supervised task runs: made anew after every death.
pub type Work = Box<dyn Fn(CancellationToken) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// Keeps a process's background work alive until it is told to stop.
#[derive(Default)]
pub struct Supervisor {
    tasks: JoinSet<()>,
    stop: CancellationToken,
}

impl Supervisor {
    /// A supervisor whose tasks end when `stop` is cancelled.
    pub fn new(stop: CancellationToken) -> Self {
        Self { tasks: JoinSet::new(), stop }
    }

    /// Runs `work` until it returns after a stop; starts it again when it panics or returns early.
    pub fn keep(&mut self, name: String, work: Work) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            let mut pause = FIRST_PAUSE;
            while !stop.is_cancelled() {
                let began = Instant::now();
                // Cut off together with the task that watches it: by then the databases are being closed.
                let run = AbortOnDropHandle::new(tokio::spawn(work(stop.clone())));
                match run.await {
                    Err(death) => tracing::error!(task = name, %death, "a background task died; it is started again"),
                    Ok(()) if !stop.is_cancelled() => {
                        tracing::warn!(task = name, "a background task ended by itself; it is started again");
                    }
                    Ok(()) => {}
                }
                if began.elapsed() >= LONGEST_PAUSE {
                    pause = FIRST_PAUSE;
                }
                if !stop.is_cancelled() {
                    tokio::select! { () = tokio::time::sleep(pause) => {}, () = stop.cancelled() => {} }
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        });
    }

    /// Runs a server's future, which ends by itself after a stop. One that ends before has nobody to start it again, so it
    /// stops the others.
    pub fn serve(&mut self, name: &'static str, server: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            let end = AbortOnDropHandle::new(tokio::spawn(server)).await;
            if !stop.is_cancelled() {
                let death = end.err().map(|death| death.to_string()).unwrap_or_default();
                tracing::error!(server = name, death, "a server ended by itself");
                stop.cancel();
            }
        });
    }

    /// Waits for every task, at most `grace`; what is still running then is cut off. True if all ended by themselves.
    pub async fn drain(mut self, grace: Duration) -> bool {
        self.stop.cancel();
        let all = async { while self.tasks.join_next().await.is_some() {} };
        let in_time = tokio::time::timeout(grace, all).await.is_ok();
        self.tasks.abort_all();
        in_time
    }
}

/// Runs something that computes for long, such as a password hash, beside the async threads.
///
/// # Errors
/// `Internal` when it panics.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, kernel::Fault> {
    tokio::task::spawn_blocking(work).await.map_err(kernel::Fault::internal)
}
