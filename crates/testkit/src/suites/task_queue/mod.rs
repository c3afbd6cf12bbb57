//! The suite for [`kernel::TaskQueue`].
//!
//! What may not enter: what only a desk can see, such as how ended tasks are remembered, and the speed of an engine.
//! Nothing sleeps: the subject's clock moves when a case moves it. A claim may bring less than there is as long as it
//! says that there is more, so cases take as much as they are offered.

mod cancels;
mod ends;
mod holders;
mod lanes;
mod limits;
mod order;
mod unique;

use crate::ManualClock;
use async_trait::async_trait;
use kernel::{
    Beat, Claim, Claimed, Clock, Ending, Enqueued, NewTask, Progress, QueueSettings, Settlement, TaskOrigin, TaskQueue,
    TenantId, Time,
};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::time::Duration;
use uuid::Uuid;

/// An engine to be tested: one set of tasks, as two processes see it.
#[async_trait]
pub trait TaskQueueSubject: Send + Sync {
    /// The port under test.
    fn queue(&self) -> &dyn TaskQueue;

    /// The same tasks through another handle, as another process has it.
    fn second(&self) -> &dyn TaskQueue;

    /// The clock both go by.
    fn clock(&self) -> &ManualClock;

    /// Sets how much of a queue may run, as an operator does. The queue has been joined before.
    async fn tune(&self, settings: QueueSettings);

    /// Asks a running task to stop, as an operator does. False where the subject has no way to: the case is left out.
    async fn cancel(&self, _task: Uuid) -> bool {
        false
    }
}

/// Runs every case, each on a `fresh` engine without tasks.
///
/// # Panics
/// When the engine breaks a promise.
pub async fn task_queue<S: TaskQueueSubject>(fresh: impl AsyncFn() -> S) {
    order::cases(&fresh).await;
    unique::cases(&fresh).await;
    lanes::cases(&fresh).await;
    limits::cases(&fresh).await;
    ends::cases(&fresh).await;
    holders::cases(&fresh).await;
    cancels::cases(&fresh).await;
}

const KIND: &str = "testkit.task";
const QUEUE: &str = "default";
const OTHER_QUEUE: &str = "other";
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// One holder, with the handle it works through.
struct Hand<'a> {
    queue: &'a dyn TaskQueue,
    clock: &'a ManualClock,
    holder: Uuid,
}

/// Two holders in two processes.
async fn two_hands(subject: &impl TaskQueueSubject) -> (Hand<'_>, Hand<'_>) {
    (hand(subject, subject.queue(), 0xa).await, hand(subject, subject.second(), 0xb).await)
}

/// Another holder, which has joined.
async fn hand<'a>(subject: &'a impl TaskQueueSubject, queue: &'a dyn TaskQueue, number: u128) -> Hand<'a> {
    let hand = Hand { queue, clock: subject.clock(), holder: Uuid::from_u128(number) };
    hand.join().await;
    hand
}

impl Hand<'_> {
    fn now(&self) -> Time {
        self.clock.now()
    }

    async fn join(&self) {
        let joined = self.queue.join(self.holder, "testkit:1", &[QUEUE, OTHER_QUEUE]).await;
        joined.expect("a holder can join");
    }

    async fn put(&self, tasks: Vec<NewTask>) -> Vec<Enqueued> {
        self.put_for(TenantId::FIRST, tasks).await
    }

    async fn put_for(&self, tenant: TenantId, tasks: Vec<NewTask>) -> Vec<Enqueued> {
        let count = tasks.len();
        let outcomes = self.queue.enqueue(&TaskOrigin::service(tenant, "testkit"), tasks).await;
        let outcomes = outcomes.expect("tasks can be enqueued");
        assert_eq!(outcomes.len(), count, "every task's fate is told");
        outcomes
    }

    async fn put_one(&self, task: NewTask) -> Enqueued {
        self.put(vec![task]).await[0]
    }

    async fn claim(&self, want: usize) -> Claim {
        self.claim_from(QUEUE, want).await
    }

    async fn claim_from(&self, queue: &str, want: usize) -> Claim {
        let claim = self.queue.claim(self.holder, queue, want).await.expect("tasks can be claimed");
        assert!(claim.tasks.len() <= want, "a claim brings no more than was wanted");
        claim
    }

    /// Claims up to `want` tasks, asking again as long as that may bring more.
    async fn take(&self, want: usize) -> Vec<Claimed> {
        self.take_all(QUEUE, want).await.0
    }

    /// The same, with the claim that ended it.
    async fn take_all(&self, queue: &str, want: usize) -> (Vec<Claimed>, Claim) {
        let mut taken = Vec::new();
        let mut in_vain = 0;
        loop {
            let mut claim = self.claim_from(queue, want - taken.len()).await;
            in_vain = if claim.tasks.is_empty() { in_vain + 1 } else { 0 };
            assert!(in_vain < 100, "an engine that keeps saying that there is more must bring some of it");
            taken.append(&mut claim.tasks);
            if taken.len() == want || !claim.more {
                return (taken, claim);
            }
        }
    }

    async fn take_one(&self) -> Claimed {
        self.take(1).await.pop().expect("a task may start")
    }

    /// Asserts that nothing may start now.
    async fn finds_nothing(&self, why: &str) {
        let taken = self.take(10).await;
        assert_eq!(numbers(&taken), Vec::<u64>::new(), "{why}");
    }

    async fn end(&self, task: &Claimed, ending: Ending) -> bool {
        let settled = self.settle(vec![(task, ending)]).await;
        settled[0]
    }

    async fn settle(&self, ends: Vec<(&Claimed, Ending)>) -> Vec<bool> {
        let ends: Vec<_> = ends.into_iter().map(|(task, ending)| Settlement { task: task.clone(), ending }).collect();
        let held = self.queue.settle(self.holder, &ends).await.expect("attempts can be settled");
        assert_eq!(held.len(), ends.len(), "of every settlement is told whether it was written");
        held
    }

    async fn done(&self, task: &Claimed) {
        assert!(self.end(task, done()).await, "a task that is held can be done");
    }

    /// Does everything that may start now; in the order it started.
    async fn work_off(&self, per_claim: usize) -> Vec<Claimed> {
        let mut all = Vec::new();
        loop {
            let taken = self.take(per_claim).await;
            if taken.is_empty() {
                return all;
            }
            let held = self.settle(taken.iter().map(|task| (task, done())).collect()).await;
            assert!(held.iter().all(|held| *held), "tasks that are held can be done");
            all.extend(taken);
        }
    }

    async fn beat(&self) -> Beat {
        self.queue.beat(self.holder).await.expect("a holder can beat")
    }

    /// How often `other` has beaten, as this holder sees it.
    async fn beats_of(&self, other: &Hand<'_>) -> Option<i64> {
        self.beat().await.others.iter().find(|(holder, _)| *holder == other.holder).map(|(_, beats)| *beats)
    }

    async fn rescue(&self, holder: Uuid, beats: i64) -> u64 {
        self.queue.rescue(holder, beats).await.expect("a holder can be rescued from")
    }

    async fn leave(&self) -> u64 {
        self.queue.leave(self.holder).await.expect("a holder can leave")
    }

    async fn progress(&self, task: &Claimed, checkpoint: Value) -> bool {
        let progress = Progress { percent: Some(40), note: "40 of 100 ✓".to_owned(), checkpoint: Some(checkpoint) };
        self.queue.progress(self.holder, task, &progress).await.expect("progress can be told")
    }
}

fn task(number: u64) -> NewTask {
    NewTask::new(KIND, 1, json!({ "number": number }))
}

fn tasks(numbers: impl IntoIterator<Item = u64>) -> Vec<NewTask> {
    numbers.into_iter().map(task).collect()
}

fn number(task: &Claimed) -> u64 {
    task.payload["number"].as_u64().expect("the payload is the one that was enqueued")
}

fn numbers(tasks: &[Claimed]) -> Vec<u64> {
    tasks.iter().map(number).collect()
}

fn ids(tasks: &[Claimed]) -> HashSet<Uuid> {
    tasks.iter().map(|task| task.id).collect()
}

fn done() -> Ending {
    Ending::Done { result: Value::Null }
}

fn failed(at: Time) -> Ending {
    Ending::Retry { at, error: "it did not work: too early".to_owned() }
}
