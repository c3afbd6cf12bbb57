//! The long load: an even pace for minutes on end, while a snapshot that stays open keeps every dead row in place.

use crate::database::Hold;
use crate::load::Load;
use crate::queue::{Queue, Running, Task};
use crate::report::{Minute, quantile_ms};
use crate::scenarios::{Measured, finish, warm_up};
use crate::tally::Tally;
use anyhow::Result;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

const MINUTE: Duration = Duration::from_secs(60);

/// Offers `tasks` at `pace`, whether or not the queue keeps up.
pub(crate) async fn soak<Q: Queue>(queue: &Q, url: &str, load: &Load) -> Result<Measured> {
    warm_up(queue, load).await?;
    let hold = Hold::take(url).await?;
    let tally = Arc::new(Tally::new(load.tasks, 0));
    let worker = queue.start(load.workers, Arc::clone(&tally)).await?;
    let started = Instant::now();
    let committed = offer(queue, load).await?;
    let seconds = (finish(queue, &tally).await? - started).as_secs_f64();
    worker.stop().await?;
    drop(hold);
    let mut waits = Vec::with_capacity(committed.len());
    let mut by_minute: Vec<Vec<Duration>> = Vec::new();
    for (number, at) in committed {
        let Some(start) = tally.start_of(number) else { continue };
        let (wait, minute) = (start.saturating_duration_since(at), (at - started).as_secs() / MINUTE.as_secs());
        waits.push(wait);
        let minute = usize::try_from(minute)?;
        if by_minute.len() <= minute {
            by_minute.resize_with(minute + 1, Vec::new);
        }
        by_minute[minute].push(wait);
    }
    let minutes = by_minute.into_iter().map(minute).collect();
    Ok(Measured { seconds, waits, minutes, doubled: tally.doubled(), ..Measured::default() })
}

fn minute(mut waits: Vec<Duration>) -> Minute {
    Minute {
        tasks: waits.len(),
        p50_ms: quantile_ms(&mut waits, 0.5).unwrap_or_default(),
        p99_ms: quantile_ms(&mut waits, 0.99).unwrap_or_default(),
    }
}

/// The clients take turns. Which task each enqueued, and when it heard of its commit.
async fn offer<Q: Queue>(queue: &Q, load: &Load) -> Result<Vec<(u32, Instant)>> {
    let clients = u32::try_from(load.clients.max(1))?;
    let between = Duration::from_secs(1) / load.pace.max(1);
    let mut offering = JoinSet::new();
    for client in 0..clients {
        let (queue, tasks) = (queue.clone(), load.tasks);
        let first = tokio::time::Instant::now() + between * client;
        let mut pace = tokio::time::interval_at(first, between * clients);
        // Whoever is late catches up: the load is what was promised, whatever the queue makes of it.
        pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
        offering.spawn(async move {
            let mut committed = Vec::new();
            for number in (client..tasks).step_by(clients as usize) {
                pace.tick().await;
                queue.enqueue(Task { number, full: false }).await?;
                committed.push((number, Instant::now()));
            }
            anyhow::Ok(committed)
        });
    }
    let mut all = Vec::with_capacity(load.tasks as usize);
    while let Some(committed) = offering.join_next().await {
        all.extend(committed??);
    }
    Ok(all)
}
