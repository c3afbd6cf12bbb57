//! One holder's time at work: claims in batches, runs many at a time, writes endings down in batches.
//!
//! Three things go on at the same time, and none waits for another: handlers run, claims are under way, endings are being
//! written. Under load each batch is as large as what gathered during the last one.

use crate::claims::{Answer, Claims};
use crate::ends::{BATCH, Ends, Written};
use crate::flight::{Flown, fly};
use crate::holder::Reins;
use crate::pace::Pace;
use crate::standstill::Standstill;
use crate::{TaskContext, Worker};
use kernel::{Claimed, Ending, Settlement, TaskQueue};
use std::collections::VecDeque;
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

type Landed = (Uuid, &'static str, Flown);

/// One holder's time at work.
pub(crate) struct Shift<M> {
    worker: Worker<M>,
    holder: Uuid,
    reins: Reins,
    claims: Claims,
    /// Claimed and not begun, each since when.
    waiting: VecDeque<(Instant, Claimed)>,
    flights: JoinSet<Landed>,
    ends: Ends,
    pace: Pace,
    look: Duration,
    look_at: Instant,
    standstill: Standstill,
    unsure: bool,
}

impl<M: Send + Sync + 'static> Shift<M> {
    pub(crate) fn new(worker: &Worker<M>, holder: Uuid, reins: Reins) -> Self {
        Self {
            claims: Claims::new(worker.tasks.queues(), Arc::clone(&worker.queue), holder),
            ends: Ends::new(worker.module, Arc::clone(&worker.queue), holder),
            worker: worker.clone(),
            holder,
            reins,
            waiting: VecDeque::new(),
            flights: JoinSet::new(),
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
            if self.unsure && self.claims.is_idle() && self.standstill.until().is_none() {
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
                Some(over) = self.claims.next() => {
                    let answers = self.claims.over(over, self.worker.clock.now());
                    self.take_in(answers);
                }
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
            let Some(name) = self.claims.known(&task.queue) else {
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
            None => self.claims.free(queue),
        }
    }

    fn settled(&mut self, written: Written) {
        for end in self.ends.over(written, &mut self.standstill) {
            self.claims.free(&end.task.queue);
        }
    }

    /// Claims for the next queue that may have something, if there is room for more than a few.
    fn start_claiming(&mut self) {
        if self.unsure {
            return;
        }
        let target = self.worker.options.concurrency + self.pace.ahead(MOST_AHEAD);
        let under_way = self.waiting.len() + self.flights.len() + self.claims.asked();
        let room = target.saturating_sub(under_way);
        // What cannot be written down must not pile up.
        let room = room.min((2 * BATCH).saturating_sub(self.ends.waiting()));
        let enough = room >= BATCH.min(target / 2) || self.waiting.is_empty() && self.claims.is_idle();
        if room > 0 && enough {
            self.claims.start(room);
        }
    }

    /// Takes what claims brought out of their order, when there is nothing else to do.
    fn take_early(&mut self) {
        if self.waiting.is_empty() {
            let answers = self.claims.early(self.worker.clock.now());
            self.take_in(answers);
        }
    }

    fn take_in(&mut self, answers: Vec<Answer>) {
        for Answer { began, came } in answers {
            self.pace.claimed_within(began.elapsed());
            match came {
                Ok(claim) => {
                    self.standstill.over();
                    if !claim.tasks.is_empty() {
                        self.look = FIRST_LOOK;
                    }
                    let now = Instant::now();
                    self.waiting.extend(claim.tasks.into_iter().map(|task| (now, task)));
                }
                Err(fault) => {
                    self.unsure = true;
                    self.standstill.failed(self.worker.module, &fault);
                }
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
        let lingers = self.waiting.front().map(|(since, _)| *since + self.pace.lingering());
        let early = self.claims.early_until().filter(|_| self.waiting.is_empty());
        let sooner = self
            .claims
            .due()
            .chain(lingers)
            .chain(early)
            .chain(self.standstill.until())
            .filter(|next| *next > now)
            .min();
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
        self.claims.wake();
    }

    /// Gives back what has not started, lets what runs end, writes everything down.
    async fn drain(&mut self) {
        let given_back = self.waiting.drain(..).map(|(_, task)| task).chain(self.claims.abandon());
        for task in given_back {
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
