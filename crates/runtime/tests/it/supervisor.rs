//! Tasks that die are started again, and nothing outlives the drain.

use runtime::{Role, Supervisor, Work, Worker, blocking};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

fn work<F: Future<Output = ()> + Send + 'static>(run: impl Fn(CancellationToken) -> F + Send + Sync + 'static) -> Work {
    Worker::new("forum.members", Role::Feed, run).work
}

/// When each life of a task began.
#[derive(Clone, Default)]
struct Lives(Arc<Mutex<Vec<Instant>>>);

impl Lives {
    /// Counts one more, and says the how many-th it is.
    fn begin(&self) -> usize {
        let mut lives = self.0.lock().unwrap();
        lives.push(Instant::now());
        lives.len()
    }

    /// The time from each beginning to the next, in milliseconds.
    fn pauses_ms(&self) -> Vec<u128> {
        self.0.lock().unwrap().windows(2).map(|pair| (pair[1] - pair[0]).as_millis()).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn task_that_panics_is_started_again() {
    let (lives, alive) = (Lives::default(), Arc::new(Notify::new()));
    let mut supervisor = Supervisor::new(CancellationToken::new());
    let (counted, told) = (lives.clone(), Arc::clone(&alive));
    supervisor.keep(
        "forum.members".to_owned(),
        work(move |stop| {
            let (life, told) = (counted.begin(), Arc::clone(&told));
            async move {
                assert!(life > 3, "it dies three times");
                told.notify_one();
                stop.cancelled().await;
            }
        }),
    );
    alive.notified().await;
    assert_eq!(lives.pauses_ms(), [100, 200, 400], "each death makes the next pause longer");
    assert!(supervisor.drain(Duration::from_secs(1)).await);
}

#[tokio::test(start_paused = true)]
async fn pause_is_short_again_after_a_long_life() {
    let (lives, done) = (Lives::default(), Arc::new(Notify::new()));
    let mut supervisor = Supervisor::new(CancellationToken::new());
    let (counted, told) = (lives.clone(), Arc::clone(&done));
    supervisor.keep(
        "forum.members".to_owned(),
        work(move |stop| {
            let (life, told) = (counted.begin(), Arc::clone(&told));
            async move {
                match life {
                    3 => sleep(Duration::from_secs(60)).await,
                    4 => {
                        told.notify_one();
                        stop.cancelled().await;
                    }
                    _ => {}
                }
            }
        }),
    );
    done.notified().await;
    assert_eq!(lives.pauses_ms(), [100, 200, 60_100]);
}

#[tokio::test(start_paused = true)]
async fn drain_waits_for_what_ends_by_itself() {
    let done = Arc::new(AtomicBool::new(false));
    let mut supervisor = Supervisor::new(CancellationToken::new());
    let told = Arc::clone(&done);
    supervisor.keep(
        "forum.members".to_owned(),
        work(move |stop| {
            let told = Arc::clone(&told);
            async move {
                stop.cancelled().await;
                sleep(Duration::from_secs(3)).await;
                told.store(true, Ordering::SeqCst);
            }
        }),
    );
    tokio::task::yield_now().await;
    let began = Instant::now();
    assert!(supervisor.drain(Duration::from_secs(5)).await);
    assert!(done.load(Ordering::SeqCst));
    assert_eq!(began.elapsed().as_secs(), 3, "nobody waits longer than needed");
}

/// Counts the tasks that still hold one.
struct Held(Arc<AtomicUsize>);

impl Held {
    fn by(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[tokio::test(start_paused = true)]
async fn drain_cuts_off_what_does_not_end_in_time() {
    let held = Arc::new(AtomicUsize::new(0));
    let mut supervisor = Supervisor::new(CancellationToken::new());
    let count = Arc::clone(&held);
    supervisor.keep(
        "forum.members".to_owned(),
        work(move |_| {
            let mine = Held::by(&count);
            async move {
                let _mine = mine;
                std::future::pending::<()>().await;
            }
        }),
    );
    let mine = Held::by(&held);
    supervisor.serve("http", async move {
        let _mine = mine;
        std::future::pending::<()>().await;
    });
    tokio::task::yield_now().await;
    assert_eq!(held.load(Ordering::SeqCst), 2);
    let began = Instant::now();
    assert!(!supervisor.drain(Duration::from_secs(5)).await);
    assert_eq!(began.elapsed().as_secs(), 5);
    testkit::eventually("nothing of it runs on", async || held.load(Ordering::SeqCst) == 0).await;
}

#[tokio::test(start_paused = true)]
async fn server_that_ends_by_itself_stops_the_others() {
    for panics in [false, true] {
        let stop = CancellationToken::new();
        let mut servers = Supervisor::new(stop.clone());
        let other = stop.clone();
        servers.serve("internal", async move { other.cancelled().await });
        servers.serve("http", async move { assert!(!panics, "out of luck") });
        assert!(tokio::time::timeout(Duration::from_secs(1), stop.cancelled()).await.is_ok(), "panics: {panics}");
        assert!(servers.drain(Duration::from_secs(1)).await);
    }
}

#[tokio::test(start_paused = true)]
async fn stop_cuts_the_pause_before_the_next_life_short() {
    let mut supervisor = Supervisor::new(CancellationToken::new());
    supervisor.keep("forum.members".to_owned(), work(|_| async { panic!("again and again") }));
    sleep(Duration::from_secs(120)).await;
    let began = Instant::now();
    assert!(supervisor.drain(Duration::from_secs(60)).await);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}

#[tokio::test]
async fn panic_in_blocking_work_is_a_fault() {
    assert_eq!(blocking(|| 7).await.unwrap(), 7);
    let fault = blocking::<()>(|| panic!("too much")).await.unwrap_err();
    assert!(fault.is(&kernel::reasons::INTERNAL), "{fault}");
}
