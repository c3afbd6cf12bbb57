//! One holder's time at work: claims in batches, runs many at a time, writes endings down in batches.
//!
//! Three things go on at the same time, and none waits for another: handlers run, claims are under way, endings are being
//! written. Under load each batch is as large as what gathered during the last one.

use crate::ends::{BATCH, Ends, Written};
use crate::flight::{Flown, fly};
use crate::holder::Reins;
use crate::pace::Pace;
use crate::standstill::Standstill;
use crate::{TaskContext, Worker};
use futures::FutureExt;
use kernel::{Claim, Claimed, Ending, Fault, Settlement, TaskQueue};
use std::collections::{BTreeMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use telemetry::TaskOutcome;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The first look for what another process enqueued; each further pause doubles.
const FIRST_LOOK: Duration = Duration::from_millis(20);

/// The most tasks that are claimed ahead.
const MOST_AHEAD: usize = 3 * BATCH;

/// Claims of one queue under way at the same time: a second one only where the last brought all it was asked for.
const CLAIMS: usize = 2;

/// How long an answer waits for that of a claim which began before it.
const EARLY: Duration = Duration::from_millis(200);

/// What is known of one queue.
struct Appetite {
    name: &'static str,
    /// When to claim next; now or earlier is at once, none is when woken.
    next: Option<Instant>,
    /// How many tasks each claim asked for whose answer has not been taken, the first to begin first.
    asked: VecDeque<(u64, usize)>,
    /// Answers that came before that of a claim which began earlier, and whose tasks are due after its.
    early: BTreeMap<u64, (Instant, Claiming)>,
    /// Woken while a claim was under way, which may have looked before.
    woken: bool,
    /// Whether the last claim brought all it was asked for, from a queue without a limit.
    floods: bool,
    /// Claimed, and not yet ended in the table.
    held: usize,
    per_process: Option<usize>,
}

impl Appetite {
    fn of(name: &'static str) -> Self {
        let next = Some(Instant::now());
        let (asked, early) = (VecDeque::new(), BTreeMap::new());
        Self { name, next, asked, early, woken: false, floods: false, held: 0, per_process: None }
    }

    /// How many of so many places a claim that begins now may ask for.
    fn allows(&self, room: usize, now: Instant) -> usize {
        let at_once = if self.floods { CLAIMS } else { 1 };
        if self.asked.len() >= at_once || self.next.is_none_or(|next| next > now) {
            return 0;
        }
        self.per_process.map_or(room, |most| most.saturating_sub(self.held)).min(room).min(BATCH)
    }
}

/// A claim that is over: of which queue, since when, and what came.
struct Claiming {
    nth: usize,
    number: u64,
    began: Instant,
    came: Result<Claim, Fault>,
}

type Landed = (Uuid, &'static str, Flown);

/// One holder's time at work.
pub(crate) struct Shift<M> {
    worker: Worker<M>,
    holder: Uuid,
    reins: Reins,
    queues: Vec<Appetite>,
    turn: usize,
    /// Claimed and not begun, each since when.
    waiting: VecDeque<(Instant, Claimed)>,
    flights: JoinSet<Landed>,
    ends: Ends,
    /// Tasks of their own: they go on while endings keep this one busy.
    claiming: JoinSet<Claiming>,
    claims: u64,
    pace: Pace,
    look: Duration,
    look_at: Instant,
    standstill: Standstill,
    unsure: bool,
}

impl<M: Send + Sync + 'static> Shift<M> {
    pub(crate) fn new(worker: &Worker<M>, holder: Uuid, reins: Reins) -> Self {
        Self {
            queues: worker.tasks.queues().into_iter().map(Appetite::of).collect(),
            ends: Ends::new(worker.module, Arc::clone(&worker.queue), holder),
            worker: worker.clone(),
            holder,
            reins,
            turn: 0,
            waiting: VecDeque::new(),
            flights: JoinSet::new(),
            claiming: JoinSet::new(),
            claims: 0,
            pace: Pace::new(),
            look: FIRST_LOOK,
            look_at: Instant::now() + FIRST_LOOK,
            standstill: Standstill::default(),
            unsure: false,
        }
    }

    pub(crate) async fn work(&mut self, stop: &CancellationToken) {
        let queue = Arc::clone(&self.worker.queue);
        while !stop.is_cancelled() {
            // Under load something else always comes first.
            self.wake(false);
            if self.unsure && self.claiming.is_empty() && self.standstill.until().is_none() {
                tokio::select! { () = self.make_sure() => {}, () = stop.cancelled() => break }
            }
            self.take_early();
            self.take_off();
            self.give_back_what_lingers();
            if self.standstill.until().is_none() {
                self.ends.start();
                self.start_claiming();
            }
            let patience = self.patience();
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                Some(landed) = self.flights.join_next(), if !self.flights.is_empty() => self.land_all(landed),
                Some(written) = self.ends.next() => self.settled(written),
                Some(claimed) = self.claiming.join_next() => self.claimed(claimed),
                came = heard(queue.as_ref(), patience) => self.wake(came),
            }
        }
        self.drain().await;
    }

    /// Lets waiting tasks run while there is room.
    fn take_off(&mut self) {
        while self.flights.len() < self.worker.options.concurrency {
            let Some((_, task)) = self.waiting.pop_front() else { return };
            if self.reins.is_cancelled(task.id) {
                self.ends.push(Settlement { task, ending: Ending::Cancelled });
                continue;
            }
            let Some(name) = self.queues.iter().map(|queue| queue.name).find(|name| *name == task.queue) else {
                // Only tasks of these queues are claimed; any other would be somebody else's to do.
                self.ends.push(Settlement { task, ending: Ending::Untouched });
                continue;
            };
            let (id, stop) = (task.id, self.reins.take(task.id, task.token));
            let queue = Arc::clone(&self.worker.queue);
            let context = TaskContext::new(self.worker.module, self.holder, task, queue, stop);
            let flight = fly(Arc::clone(&self.worker.tasks), context, Arc::clone(&self.worker.clock));
            self.flights.spawn(async move { (id, name, flight.await) });
        }
    }

    /// What was claimed ahead and turned out to wait for long goes back, so that others may do it, and something more
    /// urgent may come before it.
    fn give_back_what_lingers(&mut self) {
        let Some((since, _)) = self.waiting.front() else { return };
        if since.elapsed() < self.pace.lingering() {
            return;
        }
        for (_, task) in self.waiting.drain(self.pace.ahead(MOST_AHEAD).min(self.waiting.len())..) {
            self.ends.push(Settlement { task, ending: Ending::Untouched });
        }
    }

    fn land_all(&mut self, first: Result<Landed, JoinError>) {
        let mut next = Some(first);
        while let Some(landed) = next {
            match landed {
                Ok((id, queue, flown)) => self.land(id, queue, flown),
                // Panics are caught where they happen; this is one of our own, and the lease ends it.
                Err(death) => tracing::error!(%death, "a task's own task died"),
            }
            next = self.flights.try_join_next();
        }
    }

    fn land(&mut self, id: Uuid, queue: &'static str, flown: Flown) {
        self.pace.ended();
        let was_cancelled = self.reins.let_go(id);
        let ending = match flown.ending {
            // It stopped because the process does.
            Some(Ending::Cancelled) if !was_cancelled => Some(Ending::Returned),
            ending => ending,
        };
        let kind = self.worker.tasks.kind(&flown.task.kind).map_or("unknown", |kind| kind.name);
        telemetry::meters().task_ran(kind, outcome(ending.as_ref()), flown.waited, flown.took);
        match ending {
            Some(ending) => self.ends.push(Settlement { task: flown.task, ending }),
            None => self.free(queue),
        }
    }

    fn free(&mut self, name: &str) {
        let Some(queue) = self.queues.iter_mut().find(|queue| queue.name == name) else { return };
        if queue.per_process.is_some_and(|most| queue.held >= most) {
            // There may be more behind the limit; nobody else says so.
            queue.next = Some(Instant::now());
        }
        queue.held = queue.held.saturating_sub(1);
    }

    fn settled(&mut self, written: Written) {
        for end in self.ends.over(written, &mut self.standstill) {
            self.free(&end.task.queue);
        }
    }

    /// Claims for the next queue that may have something, if there is room for more than a few.
    fn start_claiming(&mut self) {
        if self.unsure {
            return;
        }
        let target = self.worker.options.concurrency + self.pace.ahead(MOST_AHEAD);
        let asked: usize = self.queues.iter().flat_map(|queue| &queue.asked).map(|(_, asked)| asked).sum();
        let room = target.saturating_sub(self.waiting.len() + self.flights.len() + asked);
        // What cannot be written down must not pile up.
        let room = room.min((2 * BATCH).saturating_sub(self.ends.waiting()));
        if room == 0 || room < BATCH.min(target / 2) && !(self.waiting.is_empty() && self.claiming.is_empty()) {
            return;
        }
        let now = Instant::now();
        for step in 0..self.queues.len() {
            let nth = (self.turn + step) % self.queues.len();
            let appetite = &mut self.queues[nth];
            let allowed = appetite.allows(room, now);
            if allowed == 0 {
                continue;
            }
            self.turn = nth + 1;
            self.claims += 1;
            let number = self.claims;
            appetite.asked.push_back((number, allowed));
            let (queue, holder, name) = (Arc::clone(&self.worker.queue), self.holder, appetite.name);
            self.claiming.spawn(async move {
                let came = AssertUnwindSafe(queue.claim(holder, name, allowed)).catch_unwind().await;
                let came = came.unwrap_or_else(|_| Err(Fault::internal("the claim panicked")));
                Claiming { nth, number, began: now, came }
            });
            return;
        }
    }

    /// Takes the answers of claims in the order in which they began: that is the order their tasks are due in.
    fn claimed(&mut self, claiming: Result<Claiming, JoinError>) {
        let claiming = match claiming {
            Ok(claiming) => claiming,
            // Panics are caught where they happen; only what drains aborts a claim.
            Err(death) => return tracing::error!(%death, "the task that claims died"),
        };
        let nth = claiming.nth;
        self.queues[nth].early.insert(claiming.number, (Instant::now(), claiming));
        while let Some((number, asked)) = self.queues[nth].asked.front().copied() {
            let Some((_, next)) = self.queues[nth].early.remove(&number) else { return };
            self.queues[nth].asked.pop_front();
            self.take_in(next, asked);
        }
    }

    /// Takes answers out of their order, when a claim that began before them hangs and there is nothing else to do.
    fn take_early(&mut self) {
        for nth in 0..self.queues.len() {
            let queue = &mut self.queues[nth];
            let waited = queue.early.first_key_value().is_some_and(|(_, (since, _))| since.elapsed() >= EARLY);
            if !waited || !self.waiting.is_empty() {
                continue;
            }
            let Some((number, (_, claiming))) = queue.early.pop_first() else { continue };
            let Some(at) = queue.asked.iter().position(|(other, _)| *other == number) else { continue };
            let asked = queue.asked.remove(at).map_or(usize::MAX, |(_, asked)| asked);
            self.take_in(claiming, asked);
        }
    }

    fn take_in(&mut self, Claiming { nth, began, came, .. }: Claiming, asked: usize) {
        self.pace.claimed_within(began.elapsed());
        let (now, clock) = (Instant::now(), self.worker.clock.now());
        let appetite = &mut self.queues[nth];
        let woken = appetite.woken;
        // Another claim that is under way may have looked before it was woken, too.
        appetite.woken &= !appetite.asked.is_empty();
        match came {
            Ok(claim) => {
                self.standstill.over();
                appetite.held += claim.tasks.len();
                appetite.per_process = claim.per_process.and_then(|most| usize::try_from(most).ok());
                appetite.floods = claim.more && claim.tasks.len() >= asked && appetite.per_process.is_none();
                let due = claim.next_due.map(|due| now + (due - clock).to_std().unwrap_or_default());
                appetite.next = if claim.more || woken { Some(now) } else { due };
                if !claim.tasks.is_empty() {
                    self.look = FIRST_LOOK;
                }
                self.waiting.extend(claim.tasks.into_iter().map(|task| (now, task)));
            }
            Err(fault) => {
                self.unsure = true;
                self.standstill.failed(self.worker.module, &fault);
            }
        }
    }

    /// After a claim of which nobody knows whether it came to pass: what this process does not know of goes back.
    async fn make_sure(&mut self) {
        let waiting = self.waiting.iter().map(|(_, task)| (task.id, task.token));
        let known: Vec<_> = self.reins.held().into_iter().chain(waiting).chain(self.ends.claims()).collect();
        match self.worker.queue.keep_only(self.holder, &known).await {
            Ok(tasks) => {
                self.unsure = false;
                if tasks > 0 {
                    tracing::info!(tasks, "tasks were claimed and nobody heard of it; they went back");
                }
            }
            Err(fault) => self.standstill.failed(self.worker.module, &fault),
        }
    }

    /// How long nothing need be done unless something happens.
    fn patience(&self) -> Duration {
        let now = Instant::now();
        let due = self.queues.iter().filter_map(|queue| queue.next);
        let lingers = self.waiting.front().map(|(since, _)| *since + self.pace.lingering());
        let early = self.queues.iter().filter_map(|queue| queue.early.first_key_value());
        let early = early.map(|(_, (since, _))| *since + EARLY).filter(|_| self.waiting.is_empty());
        let sooner = due.chain(lingers).chain(early).chain(self.standstill.until()).filter(|next| *next > now).min();
        sooner.map_or(self.look_at, |sooner| sooner.min(self.look_at)).saturating_duration_since(now)
    }

    /// Somebody may have enqueued something, or a task has fallen due, or it is time to look.
    fn wake(&mut self, came: bool) {
        let now = Instant::now();
        if !came && now < self.look_at {
            return;
        }
        self.look = if came { FIRST_LOOK } else { (self.look * 2).min(self.worker.options.poll) };
        self.look_at = now + self.look;
        for queue in &mut self.queues {
            (queue.next, queue.woken) = (Some(now), !queue.asked.is_empty());
        }
    }

    /// Gives back what has not started, lets what runs end, writes everything down.
    async fn drain(&mut self) {
        self.claiming.abort_all();
        for (_, (since, claiming)) in self.queues.iter_mut().flat_map(|queue| std::mem::take(&mut queue.early)) {
            let claimed = claiming.came.map(|claim| claim.tasks).unwrap_or_default();
            self.waiting.extend(claimed.into_iter().map(|task| (since, task)));
        }
        for (_, task) in self.waiting.drain(..) {
            self.ends.push(Settlement { task, ending: Ending::Untouched });
        }
        self.reins.stop_all();
        self.standstill.over();
        let until = Instant::now() + self.worker.options.drain;
        while !self.flights.is_empty() || !self.ends.is_done() {
            if self.standstill.until().is_none() {
                self.ends.start();
            }
            let again = self.standstill.until().map_or(until, |again| again.min(until));
            tokio::select! {
                Some(landed) = self.flights.join_next(), if !self.flights.is_empty() => self.land_all(landed),
                Some(written) = self.ends.next() => self.settled(written),
                () = tokio::time::sleep_until(again) => if Instant::now() >= until { return },
            }
        }
    }
}

/// How an attempt ended, as it is counted. One that its handler's own commit ended is done.
fn outcome(ending: Option<&Ending>) -> TaskOutcome {
    match ending {
        None | Some(Ending::Done { .. }) => TaskOutcome::Done,
        Some(Ending::Retry { .. }) => TaskOutcome::Failed,
        Some(Ending::Dead { .. }) => TaskOutcome::Dead,
        Some(Ending::Snoozed { .. }) => TaskOutcome::Snoozed,
        Some(Ending::Cancelled) => TaskOutcome::Cancelled,
        Some(Ending::Returned | Ending::Untouched) => TaskOutcome::Returned,
    }
}

/// True when something may have been enqueued before patience ended.
async fn heard(queue: &dyn TaskQueue, patience: Duration) -> bool {
    let began = Instant::now();
    queue.changed(patience).await;
    began.elapsed() < patience
}
