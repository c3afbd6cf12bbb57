//! One holder's time at work: claims in batches, runs many at a time, writes endings down in batches.
//!
//! Three things go on at the same time, and none waits for another: handlers run, one claim is under way, one batch of
//! endings is being written. Under load each batch is as large as what gathered during the last one.

use crate::flight::{Landed, fly};
use crate::holder::Reins;
use crate::{TaskContext, Worker};
use kernel::{Claim, Claimed, Ending, Fault, Settlement, TaskQueue};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Tasks claimed or ended in one transaction at most.
const BATCH: usize = 2_000;
/// Short tasks are claimed ahead: as many as end within this time.
const AHEAD: Duration = Duration::from_millis(100);
/// The first look for what another process enqueued; each further pause doubles.
pub(crate) const FIRST_LOOK: Duration = Duration::from_millis(20);
/// The longest pause while the database is away.
pub(crate) const LONGEST_STANDSTILL: Duration = Duration::from_secs(5);

/// What is known of one queue.
struct Appetite {
    name: &'static str,
    /// When to claim next; now or earlier is at once, none is when woken.
    next: Option<Instant>,
    held: usize,
    per_process: Option<usize>,
}

type Claiming = (usize, Result<Claim, Fault>);
type Settling = (Vec<Settlement>, Result<Vec<bool>, Fault>);

/// One holder's time at work.
pub(crate) struct Shift<M> {
    worker: Worker<M>,
    holder: Uuid,
    reins: Reins,
    queues: Vec<Appetite>,
    turn: usize,
    waiting: VecDeque<Claimed>,
    flights: JoinSet<(Uuid, &'static str, Landed)>,
    ended: Vec<Settlement>,
    /// At most one of each, as tasks of their own: they go on while endings keep this one busy.
    claiming: JoinSet<Claiming>,
    settling: JoinSet<Settling>,
    pace: Pace,
    look: Duration,
    failures: u32,
    look_at: Instant,
    unsure: bool,
    being_settled: Vec<Uuid>,
}

/// How many tasks end in a second, lately.
struct Pace {
    since: Instant,
    ended: u32,
    per_second: f64,
    claim_began: Instant,
    claim_took: Duration,
}

impl Pace {
    fn ended(&mut self) {
        self.ended += 1;
        let elapsed = self.since.elapsed();
        if elapsed >= Duration::from_millis(50) {
            let now = f64::from(self.ended) / elapsed.as_secs_f64();
            self.per_second = if now > self.per_second { now } else { self.per_second.mul_add(0.7, now * 0.3) };
            (self.since, self.ended) = (Instant::now(), 0);
        }
    }

    /// How many to hold besides those that run: enough for a while, and for as long as a claim takes. With fewer, a slow
    /// database would let handlers run dry, which would look like a slow pace and bring fewer still.
    fn ahead(&self) -> usize {
        let while_claiming = AHEAD.max(self.claim_took * 3);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to a small positive range"
        )]
        let ahead = (self.per_second * while_claiming.as_secs_f64()).clamp(0.0, BATCH as f64) as usize;
        ahead
    }
}

impl<M: Send + Sync + 'static> Shift<M> {
    pub(crate) fn new(worker: &Worker<M>, holder: Uuid, reins: Reins) -> Self {
        let appetite = |name| Appetite { name, next: Some(Instant::now()), held: 0, per_process: None };
        Self {
            queues: worker.tasks.queues().into_iter().map(appetite).collect(),
            worker: worker.clone(),
            holder,
            reins,
            turn: 0,
            waiting: VecDeque::new(),
            flights: JoinSet::new(),
            ended: Vec::new(),
            claiming: JoinSet::new(),
            settling: JoinSet::new(),
            pace: Pace {
                since: Instant::now(),
                ended: 0,
                per_second: 0.0,
                claim_began: Instant::now(),
                claim_took: Duration::ZERO,
            },
            look: FIRST_LOOK,
            failures: 0,
            look_at: Instant::now() + FIRST_LOOK,
            unsure: false,
            being_settled: Vec::new(),
        }
    }

    pub(crate) async fn work(&mut self, stop: &CancellationToken) {
        let queue = Arc::clone(&self.worker.queue);
        while !stop.is_cancelled() {
            if self.unsure && self.claiming.is_empty() {
                self.make_sure().await;
            }
            self.take_off();
            self.start_settling();
            self.start_claiming();
            let patience = self.patience();
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                Some(landed) = self.flights.join_next(), if !self.flights.is_empty() => self.land_all(landed),
                Some(settled) = self.settling.join_next() => self.settled(settled).await,
                Some(claimed) = self.claiming.join_next() => self.claimed(claimed).await,
                came = heard(queue.as_ref(), patience) => self.wake(came),
            }
        }
        self.drain().await;
    }

    /// Lets waiting tasks run while there is room.
    fn take_off(&mut self) {
        while self.flights.len() < self.worker.options.concurrency {
            let Some(task) = self.waiting.pop_front() else { return };
            if self.reins.is_cancelled(task.id) {
                self.end(Settlement { task, ending: Ending::Cancelled });
                continue;
            }
            let Some(name) = self.queues.iter().map(|queue| queue.name).find(|name| *name == task.queue) else {
                // Only tasks of these queues are claimed; any other would be somebody else's to do.
                self.end(Settlement { task, ending: Ending::Returned });
                continue;
            };
            let (id, stop) = (task.id, self.reins.take(task.id));
            let queue = Arc::clone(&self.worker.queue);
            let context = TaskContext::new(self.worker.module, self.holder, task, queue, stop);
            let flight = fly(Arc::clone(&self.worker.tasks), context, Arc::clone(&self.worker.clock));
            self.flights.spawn(async move { (id, name, flight.await) });
        }
    }

    fn land_all(&mut self, first: Result<(Uuid, &'static str, Landed), JoinError>) {
        let mut next = Some(first);
        while let Some(landed) = next {
            match landed {
                Ok((id, queue, landed)) => self.land(id, queue, landed),
                // Handlers' panics are caught where they happen; this is one of our own, and the lease ends it.
                Err(death) => tracing::error!(%death, "a task's own task died"),
            }
            next = self.flights.try_join_next();
        }
    }

    fn land(&mut self, id: Uuid, queue: &'static str, landed: Landed) {
        self.pace.ended();
        let was_cancelled = self.reins.let_go(id);
        match landed {
            Landed::Committed => self.free(queue),
            Landed::Ended(mut settlement) => {
                if settlement.ending == Ending::Cancelled && !was_cancelled {
                    // It stopped because the process does.
                    settlement.ending = Ending::Returned;
                }
                self.end(*settlement);
            }
        }
    }

    fn end(&mut self, settlement: Settlement) {
        let queue = settlement.task.queue.clone();
        self.ended.push(settlement);
        self.free(&queue);
    }

    fn free(&mut self, name: &str) {
        if let Some(queue) = self.queues.iter_mut().find(|queue| queue.name == name) {
            queue.held = queue.held.saturating_sub(1);
        }
    }

    fn start_settling(&mut self) {
        if !self.settling.is_empty() || self.ended.is_empty() {
            return;
        }
        let batch: Vec<Settlement> = self.ended.drain(..self.ended.len().min(BATCH)).collect();
        self.being_settled = batch.iter().map(|end| end.task.id).collect();
        let (queue, holder) = (Arc::clone(&self.worker.queue), self.holder);
        self.settling.spawn(async move {
            let settled = queue.settle(holder, &batch).await;
            (batch, settled)
        });
    }

    async fn settled(&mut self, settling: Result<Settling, JoinError>) {
        self.being_settled.clear();
        let (batch, settled) = match settling {
            Ok(settling) => settling,
            // What was being written is written or goes to others after the lease.
            Err(death) => return tracing::error!(%death, "the task that writes endings died"),
        };
        match settled {
            Ok(held) => {
                self.failures = 0;
                for end in batch.iter().zip(held).filter(|(_, held)| !held).map(|(end, _)| end) {
                    let (kind, task) = (&end.task.kind, end.task.id);
                    tracing::info!(kind, %task, "the task had been given to somebody else; its end was not written");
                }
            }
            Err(fault) => {
                // Nothing is lost: it is written once the database is back, unless the lease ended before.
                self.ended.splice(0..0, batch);
                self.pause(&fault).await;
            }
        }
    }

    /// Claims for the next queue that may have something, if there is room for more than a few.
    fn start_claiming(&mut self) {
        if !self.claiming.is_empty() || self.unsure {
            return;
        }
        let target = self.worker.options.concurrency + self.pace.ahead();
        let room = target.saturating_sub(self.waiting.len() + self.flights.len());
        if room == 0 || room < target / 2 && !self.waiting.is_empty() {
            return;
        }
        let now = Instant::now();
        for step in 0..self.queues.len() {
            let nth = (self.turn + step) % self.queues.len();
            let appetite = &self.queues[nth];
            let allowed = appetite.per_process.map_or(room, |most| most.saturating_sub(appetite.held)).min(room);
            if allowed == 0 || appetite.next.is_none_or(|next| next > now) {
                continue;
            }
            self.turn = nth + 1;
            let (queue, holder, name) = (Arc::clone(&self.worker.queue), self.holder, appetite.name);
            self.pace.claim_began = Instant::now();
            self.claiming.spawn(async move { (nth, queue.claim(holder, name, allowed.min(BATCH)).await) });
            return;
        }
    }

    async fn claimed(&mut self, claiming: Result<Claiming, JoinError>) {
        let (nth, claimed) = match claiming {
            Ok(claiming) => claiming,
            Err(death) => {
                self.unsure = true;
                return tracing::error!(%death, "the task that claims died");
            }
        };
        self.pace.claim_took = self.pace.claim_began.elapsed();
        match claimed {
            Ok(claim) => {
                self.failures = 0;
                let (now, clock) = (Instant::now(), self.worker.clock.now());
                let appetite = &mut self.queues[nth];
                appetite.held += claim.tasks.len();
                appetite.per_process = claim.per_process.and_then(|most| usize::try_from(most).ok());
                let due = claim.next_due.map(|due| now + (due - clock).to_std().unwrap_or_default());
                appetite.next = if claim.more { Some(now) } else { due };
                if !claim.tasks.is_empty() {
                    self.look = FIRST_LOOK;
                }
                self.waiting.extend(claim.tasks);
            }
            Err(fault) => {
                self.unsure = true;
                self.pause(&fault).await;
            }
        }
    }

    /// After a claim of which nobody knows whether it came to pass: what this process does not know of goes back.
    async fn make_sure(&mut self) {
        let held = self.reins.held().into_iter().chain(self.waiting.iter().map(|task| task.id));
        let ended = self.ended.iter().map(|end| end.task.id).chain(self.being_settled.iter().copied());
        let known: Vec<Uuid> = held.chain(ended).collect();
        match self.worker.queue.keep_only(self.holder, &known).await {
            Ok(tasks) => {
                self.unsure = false;
                if tasks > 0 {
                    tracing::info!(tasks, "tasks were claimed and nobody heard of it; they went back");
                }
            }
            Err(fault) => self.pause(&fault).await,
        }
    }

    async fn pause(&mut self, fault: &Fault) {
        self.failures += 1;
        let pause = FIRST_LOOK.saturating_mul(2_u32.saturating_pow(self.failures.min(16))).min(LONGEST_STANDSTILL);
        tracing::debug!(%fault, failures = self.failures, "the task queue does not answer");
        tokio::time::sleep(pause).await;
    }

    /// How long nothing need be done unless something happens.
    fn patience(&self) -> Duration {
        let now = Instant::now();
        let due = self.queues.iter().filter_map(|queue| queue.next).filter(|next| *next > now).min();
        due.map_or(self.look_at, |due| due.min(self.look_at)).saturating_duration_since(now)
    }

    /// Somebody may have enqueued something, or a task has fallen due, or it is time to look.
    fn wake(&mut self, came: bool) {
        let now = Instant::now();
        if !came && now < self.look_at {
            return;
        }
        self.look = if came { FIRST_LOOK } else { (self.look * 2).min(self.worker.options.poll) };
        self.look_at = now + self.look;
        self.queues.iter_mut().for_each(|queue| queue.next = Some(now));
    }

    /// Gives back what has not started, lets what runs end, writes everything down.
    async fn drain(&mut self) {
        self.claiming.abort_all();
        while let Some(task) = self.waiting.pop_front() {
            self.ended.push(Settlement { task, ending: Ending::Returned });
        }
        self.reins.stop_all();
        let until = Instant::now() + self.worker.options.drain;
        loop {
            self.start_settling();
            if self.flights.is_empty() && self.settling.is_empty() {
                return;
            }
            tokio::select! {
                Some(landed) = self.flights.join_next(), if !self.flights.is_empty() => self.land_all(landed),
                Some(settled) = self.settling.join_next() => self.settled(settled).await,
                () = tokio::time::sleep_until(until) => return,
            }
        }
    }
}

/// True when something may have been enqueued before patience ended.
async fn heard(queue: &dyn TaskQueue, patience: Duration) -> bool {
    let began = Instant::now();
    queue.changed(patience).await;
    began.elapsed() < patience
}
