//! A process as a holder of tasks: it says that it lives, hears which of its tasks are to stop, and takes tasks away from
//! holders that are not heard of any more.
//!
//! No two clocks are ever compared. A holder is gone when its count of beats stood still for the length of a lease on
//! the observer's own monotonic clock, over several of the observer's own beats: an observer that was itself
//! suspended sees time pass, but must first look again.

use kernel::{Fault, FaultCode, TaskQueue, reasons};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Looks that must have found the same count before a holder is taken for gone.
const LOOKS: u32 = 3;

/// The tasks of this process that can be told to stop.
#[derive(Clone, Default)]
pub(crate) struct Reins(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    /// Each with the token of its claim.
    tasks: HashMap<Uuid, (i32, CancellationToken)>,
    cancelled: HashSet<Uuid>,
}

impl Reins {
    /// Takes hold of a task under the token of its claim.
    pub(crate) fn take(&self, task: Uuid, token: i32) -> CancellationToken {
        let stop = CancellationToken::new();
        self.lock().tasks.insert(task, (token, stop.clone()));
        stop
    }

    /// Lets go of a task. True when somebody had asked for it to stop.
    pub(crate) fn let_go(&self, task: Uuid) -> bool {
        let mut held = self.lock();
        held.tasks.remove(&task);
        held.cancelled.remove(&task)
    }

    /// Every task taken hold of, with the token of its claim.
    pub(crate) fn held(&self) -> Vec<(Uuid, i32)> {
        self.lock().tasks.iter().map(|(task, (token, _))| (*task, *token)).collect()
    }

    /// Whether somebody asked for the task to stop.
    pub(crate) fn is_cancelled(&self, task: Uuid) -> bool {
        self.lock().cancelled.contains(&task)
    }

    /// Tells every task to stop.
    pub(crate) fn stop_all(&self) {
        self.lock().tasks.values().for_each(|(_, stop)| stop.cancel());
    }

    /// Those that are to stop now, as a beat tells them: under way or still waiting to start.
    fn cancel(&self, tasks: &[Uuid]) {
        let mut held = self.lock();
        held.cancelled = tasks.iter().copied().collect();
        tasks.iter().filter_map(|task| held.tasks.get(task)).for_each(|(_, stop)| stop.cancel());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Another holder as last seen.
struct Seen {
    beats: i64,
    since: Instant,
    looks: u32,
}

/// Beats until this holder is told that it is not known any more.
pub(crate) async fn beat(queue: Arc<dyn TaskQueue>, holder: Uuid, lease: Duration, reins: &Reins) {
    let mut others: HashMap<Uuid, Seen> = HashMap::new();
    // At most one, beside the beats: to take over may take long, and whoever does it must not seem dead meanwhile.
    let mut rescuing: JoinSet<()> = JoinSet::new();
    let pause = lease / 5;
    let mut missed = 0_u32;
    loop {
        tokio::time::sleep(pause).await;
        // After one that hangs there is time for another before the lease is over.
        let beaten = tokio::time::timeout(lease / 2, queue.beat(holder)).await;
        match beaten.unwrap_or_else(|_| Err(reasons::STORE_DOWN.fault())) {
            Ok(beat) if !beat.alive => {
                tracing::warn!(%holder, "this process was taken for dead, and its tasks were given to others");
                return;
            }
            Ok(beat) => {
                missed = 0;
                reins.cancel(&beat.cancelled);
                let gone = gone(&beat.others, lease, &mut others);
                while rescuing.try_join_next().is_some() {}
                if !gone.is_empty() && rescuing.is_empty() {
                    rescuing.spawn(rescue(Arc::clone(&queue), gone));
                }
            }
            // While the database is away for everybody, nobody can be seen to stand still either.
            Err(fault) => {
                missed = missed.saturating_add(1);
                missed_one(missed, &fault);
            }
        }
    }
}

/// One that is missed is made up for by the next. After that others that reach the database may take this process for dead.
fn missed_one(in_a_row: u32, fault: &Fault) {
    if in_a_row > 1 || fault.code != FaultCode::Unavailable {
        tracing::warn!(in_a_row, %fault, cause = fault.chain(), "heartbeats do not get through");
    } else {
        tracing::debug!(%fault, "a heartbeat did not get through");
    }
}

/// Those that stood still for the length of a lease, each with its count.
fn gone(present: &[(Uuid, i64)], lease: Duration, others: &mut HashMap<Uuid, Seen>) -> Vec<(Uuid, i64)> {
    others.retain(|id, _| present.iter().any(|(other, _)| other == id));
    let mut gone = Vec::new();
    for (other, beats) in present {
        let seen = others.entry(*other).or_insert(Seen { beats: *beats, since: Instant::now(), looks: 0 });
        if seen.beats != *beats {
            *seen = Seen { beats: *beats, since: Instant::now(), looks: 0 };
            continue;
        }
        seen.looks += 1;
        if seen.looks >= LOOKS && seen.since.elapsed() >= lease {
            gone.push((*other, *beats));
        }
    }
    gone
}

async fn rescue(queue: Arc<dyn TaskQueue>, gone: Vec<(Uuid, i64)>) {
    for (other, beats) in gone {
        report(other, queue.rescue(other, beats).await);
    }
}

fn report(other: Uuid, rescued: Result<u64, Fault>) {
    match rescued {
        Ok(0) => {}
        Ok(tasks) => tracing::warn!(holder = %other, tasks, "a process is not heard of any more; others do its tasks"),
        Err(fault) => tracing::debug!(%fault, "the tasks of a lost process could not be taken over yet"),
    }
}

#[cfg(test)]
mod tests {
    use super::Reins;
    use uuid::Uuid;

    #[test]
    fn task_that_waits_to_start_is_stopped_as_well() {
        let (reins, running, waiting) = (Reins::default(), Uuid::from_u128(1), Uuid::from_u128(2));
        let stop = reins.take(running, 1);
        reins.cancel(&[running, waiting]);
        assert!(stop.is_cancelled() && reins.is_cancelled(waiting));
        assert!(reins.let_go(running), "it was asked to stop");
    }

    #[test]
    fn nothing_is_remembered_of_tasks_that_are_held_no_longer() {
        let (reins, task) = (Reins::default(), Uuid::from_u128(1));
        reins.cancel(&[task]);
        reins.cancel(&[]);
        assert!(!reins.is_cancelled(task));
    }
}
