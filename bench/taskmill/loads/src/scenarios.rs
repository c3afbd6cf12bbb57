//! The loads themselves. Each warms the queue up with a tenth of its tasks before the clock runs.

use crate::database::{Hold, settle};
use crate::load::{Load, Scenario};
use crate::queue::{Queue, Running, Task};
use crate::report::{Minute, Report, quantile_ms};
use crate::soak::soak;
use crate::tally::Tally;
use anyhow::{Result, bail};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

/// Between two looks at whether everything is acknowledged.
const LOOK: Duration = Duration::from_millis(5);

/// Without a single task done in this time a measurement is given up.
const STUCK: Duration = Duration::from_secs(60);

/// A warm-up has at most this many tasks.
const WARM_UP: u32 = 2_000;

/// The churn goes through the queue in rounds of this many.
const ROUND: u32 = 10_000;

/// How long something took, and what was seen meanwhile.
#[derive(Default)]
pub(crate) struct Measured {
    pub(crate) seconds: f64,
    pub(crate) drain_seconds: Option<f64>,
    pub(crate) waits: Vec<Duration>,
    pub(crate) minutes: Vec<Minute>,
    pub(crate) doubled: u32,
}

/// Puts `queue` under `load`. `url` is the database the queue is in.
///
/// # Errors
/// When the queue or the database refuses, or when no task is done for a minute.
pub async fn run<Q: Queue>(queue: &Q, url: &str, load: &Load) -> Result<Report> {
    let measured = match load.scenario {
        Scenario::EnqueueOne => enqueue(queue, url, load, enqueue_one).await?,
        Scenario::EnqueueBatch => enqueue(queue, url, load, enqueue_batches).await?,
        Scenario::Drain => {
            warm_up(queue, load).await?;
            drain(queue, url, load).await?
        }
        Scenario::FullContract => full_contract(queue, url, load).await?,
        Scenario::Latency => latency(queue, load).await?,
        Scenario::FreeHorizon => {
            churn(queue, load).await?;
            drain(queue, url, load).await?
        }
        Scenario::HeldHorizon => {
            let _hold = Hold::take(url).await?;
            churn(queue, load).await?;
            drain(queue, url, load).await?
        }
        Scenario::Soak => soak(queue, url, load).await?,
    };
    Ok(report(queue, load, measured))
}

fn report<Q: Queue>(queue: &Q, load: &Load, mut measured: Measured) -> Report {
    let full = load.scenario == Scenario::FullContract;
    let no_worker = matches!(load.scenario, Scenario::EnqueueOne | Scenario::EnqueueBatch);
    Report {
        library: queue.library().to_owned(),
        version: queue.version(),
        scenario: load.scenario,
        tasks: load.tasks,
        workers: if no_worker { load.clients } else { load.workers },
        seconds: measured.seconds,
        per_second: f64::from(load.tasks) / measured.seconds,
        p50_ms: quantile_ms(&mut measured.waits, 0.5),
        p99_ms: quantile_ms(&mut measured.waits, 0.99),
        drain_seconds: measured.drain_seconds,
        minutes: measured.minutes,
        doubled: measured.doubled,
        lacks: if full { queue.lacks().to_owned() } else { String::new() },
    }
}

fn tasks(count: u32, full: bool) -> Vec<Task> {
    (0..count).map(|number| Task { number, full }).collect()
}

async fn enqueue<Q: Queue>(
    queue: &Q,
    url: &str,
    load: &Load,
    put: impl AsyncFn(&Q, Vec<Task>, &Load) -> Result<()>,
) -> Result<Measured> {
    put(queue, tasks(warm_up_size(load), false), load).await?;
    settle(url).await?;
    let all = tasks(load.tasks, false);
    let started = Instant::now();
    put(queue, all, load).await?;
    Ok(Measured { seconds: started.elapsed().as_secs_f64(), ..Measured::default() })
}

async fn enqueue_one<Q: Queue>(queue: &Q, tasks: Vec<Task>, load: &Load) -> Result<()> {
    let share = tasks.len().div_ceil(load.clients.max(1)).max(1);
    let mut clients = JoinSet::new();
    for share in tasks.chunks(share) {
        let (queue, share) = (queue.clone(), share.to_vec());
        clients.spawn(async move {
            for task in share {
                queue.enqueue(task).await?;
            }
            Ok(())
        });
    }
    all_well(clients).await
}

async fn enqueue_batches<Q: Queue>(queue: &Q, tasks: Vec<Task>, load: &Load) -> Result<()> {
    let batches: Vec<_> = tasks.chunks(load.batch.max(1)).map(<[Task]>::to_vec).collect();
    let share = batches.len().div_ceil(load.clients.max(1)).max(1);
    let mut clients = JoinSet::new();
    for share in batches.chunks(share) {
        let (queue, share) = (queue.clone(), share.to_vec());
        clients.spawn(async move {
            for batch in share {
                queue.enqueue_batch(batch).await?;
            }
            Ok(())
        });
    }
    all_well(clients).await
}

async fn all_well(mut clients: JoinSet<Result<()>>) -> Result<()> {
    while let Some(client) = clients.join_next().await {
        client??;
    }
    Ok(())
}

fn warm_up_size(load: &Load) -> u32 {
    (load.tasks / 10).clamp(1, WARM_UP)
}

/// Takes some tasks through the queue with a worker that is stopped afterwards.
pub(crate) async fn warm_up<Q: Queue>(queue: &Q, load: &Load) -> Result<()> {
    let count = warm_up_size(load);
    let tally = Arc::new(Tally::new(count, 0));
    let worker = queue.start(load.workers, Arc::clone(&tally)).await?;
    enqueue_batches(queue, tasks(count, false), load).await?;
    finish(queue, &tally).await?;
    worker.stop().await
}

/// Fills the queue, lets the server settle, and measures from the worker's start to the last acknowledgement.
async fn drain<Q: Queue>(queue: &Q, url: &str, load: &Load) -> Result<Measured> {
    enqueue_batches(queue, tasks(load.tasks, false), load).await?;
    settle(url).await?;
    let tally = Arc::new(Tally::new(load.tasks, 0));
    let started = Instant::now();
    let worker = queue.start(load.workers, Arc::clone(&tally)).await?;
    let seconds = (finish(queue, &tally).await? - started).as_secs_f64();
    worker.stop().await?;
    Ok(Measured { seconds, doubled: tally.doubled(), ..Measured::default() })
}

/// The tasks that fail are the first per cent, so that waiting for their next attempt falls into the time the others take.
/// Where it does not, because a queue's shortest delay is longer than that, the idle wait is taken off.
async fn full_contract<Q: Queue>(queue: &Q, url: &str, load: &Load) -> Result<Measured> {
    warm_up(queue, load).await?;
    settle(url).await?;
    let all = tasks(load.tasks, true);
    let tally = Arc::new(Tally::new(load.tasks, load.tasks / 100));
    let started = Instant::now();
    enqueue_batches(queue, all, load).await?;
    let enqueued = started.elapsed().as_secs_f64();
    settle(url).await?;
    let started = Instant::now();
    let worker = queue.start(load.workers, Arc::clone(&tally)).await?;
    let drained = (finish(queue, &tally).await? - started).saturating_sub(tally.waited()).as_secs_f64();
    worker.stop().await?;
    Ok(Measured {
        seconds: enqueued + drained,
        drain_seconds: Some(drained),
        doubled: tally.doubled(),
        ..Measured::default()
    })
}

async fn latency<Q: Queue>(queue: &Q, load: &Load) -> Result<Measured> {
    warm_up(queue, load).await?;
    let tally = Arc::new(Tally::new(load.tasks, 0));
    let worker = queue.start(load.workers, Arc::clone(&tally)).await?;
    let mut pace = tokio::time::interval(Duration::from_secs(1) / load.pace.max(1));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // A second for the worker to find that nothing waits.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let started = Instant::now();
    let mut committed = Vec::with_capacity(load.tasks as usize);
    for task in tasks(load.tasks, false) {
        pace.tick().await;
        queue.enqueue(task).await?;
        committed.push(Instant::now());
    }
    let seconds = (finish(queue, &tally).await? - started).as_secs_f64();
    worker.stop().await?;
    // A worker may be quicker than the enqueuer is to hear of its own commit.
    let waits = (0..).zip(committed).filter_map(|(n, at)| Some(tally.start_of(n)?.saturating_duration_since(at)));
    Ok(Measured { seconds, waits: waits.collect(), doubled: tally.doubled(), ..Measured::default() })
}

/// Takes many tasks through the queue, a round at a time, as hours of ordinary work would.
async fn churn<Q: Queue>(queue: &Q, load: &Load) -> Result<()> {
    let mut left = load.churn;
    while left > 0 {
        let round = left.min(ROUND);
        let tally = Arc::new(Tally::new(round, 0));
        let worker = queue.start(load.workers, Arc::clone(&tally)).await?;
        enqueue_batches(queue, tasks(round, false), load).await?;
        finish(queue, &tally).await?;
        worker.stop().await?;
        left -= round;
    }
    Ok(())
}

/// Waits until every handler is done and the database says so too. When it was asked what it said so to: it may take long
/// to look through what is dead and was not removed.
pub(crate) async fn finish<Q: Queue>(queue: &Q, tally: &Tally) -> Result<Instant> {
    let mut done = 0;
    while tokio::time::timeout(STUCK, tally.wait()).await.is_err() {
        if tally.done() == done {
            bail!("no task was done in {STUCK:?}; {done} were before");
        }
        done = tally.done();
    }
    let waiting = Instant::now();
    loop {
        let asked = Instant::now();
        if !queue.unfinished().await? {
            return Ok(asked);
        }
        if waiting.elapsed() > STUCK {
            bail!("all tasks are done, but after {STUCK:?} the database does not know it");
        }
        tokio::time::sleep(LOOK).await;
    }
}
