//! Claims from each queue in turn, in batches. Where a queue is full two are under way at the same time, and their answers
//! are taken in the order in which they began: that is the order their tasks are due in.

use crate::ends::BATCH;
use futures::FutureExt;
use kernel::{Claim, Claimed, Fault, TaskQueue, Time};
use std::collections::{BTreeMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;
use uuid::Uuid;

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
    early: BTreeMap<u64, (Instant, Answer)>,
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

    /// The next answer in the order in which claims began, if it is there.
    fn next_in_order(&mut self) -> Option<(Answer, usize)> {
        let (number, asked) = self.asked.front().copied()?;
        let (_, answer) = self.early.remove(&number)?;
        self.asked.pop_front();
        Some((answer, asked))
    }

    /// An answer that has waited for long enough for those before it.
    fn next_early(&mut self) -> Option<(Answer, usize)> {
        let number = *self.early.first_entry().filter(|entry| entry.get().0.elapsed() >= EARLY)?.key();
        let at = self.asked.iter().position(|(other, _)| *other == number)?;
        let (_, asked) = self.asked.remove(at)?;
        self.early.remove(&number).map(|(_, answer)| (answer, asked))
    }

    /// Learns from the answer to a claim of so many when to claim again, and how many.
    fn taken(&mut self, answer: Answer, asked: usize, clock: Time) -> Answer {
        let (now, woken) = (Instant::now(), self.woken);
        // Another claim that is under way may have looked before it was woken, too.
        self.woken &= !self.asked.is_empty();
        if let Ok(claim) = &answer.came {
            self.held += claim.tasks.len();
            self.per_process = claim.per_process.and_then(|most| usize::try_from(most).ok());
            self.floods = claim.more && claim.tasks.len() >= asked && self.per_process.is_none();
            let due = claim.next_due.map(|due| now + (due - clock).to_std().unwrap_or_default());
            self.next = if claim.more || woken { Some(now) } else { due };
        }
        answer
    }
}

/// What a claim brought, and when it began.
pub(crate) struct Answer {
    pub(crate) began: Instant,
    pub(crate) came: Result<Claim, Fault>,
}

/// A claim that is over, of the queue of this number.
pub(crate) struct Over {
    nth: usize,
    number: u64,
    answer: Answer,
}

/// The claims of one holder.
pub(crate) struct Claims {
    queue: Arc<dyn TaskQueue>,
    holder: Uuid,
    queues: Vec<Appetite>,
    turn: usize,
    /// Tasks of their own: they go on while endings keep the shift busy.
    under_way: JoinSet<Over>,
    begun: u64,
}

impl Claims {
    pub(crate) fn new(queues: Vec<&'static str>, queue: Arc<dyn TaskQueue>, holder: Uuid) -> Self {
        let queues = queues.into_iter().map(Appetite::of).collect();
        Self { queue, holder, queues, turn: 0, under_way: JoinSet::new(), begun: 0 }
    }

    /// The name of a queue that is claimed from.
    pub(crate) fn known(&self, name: &str) -> Option<&'static str> {
        self.queues.iter().map(|queue| queue.name).find(|known| *known == name)
    }

    /// How many tasks were asked for whose claims' answers have not been taken.
    pub(crate) fn asked(&self) -> usize {
        self.queues.iter().flat_map(|queue| &queue.asked).map(|(_, asked)| asked).sum()
    }

    /// Whether no claim is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.under_way.is_empty()
    }

    /// Claims at most `room` tasks of the next queue that may have something.
    pub(crate) fn start(&mut self, room: usize) {
        let now = Instant::now();
        for step in 0..self.queues.len() {
            let nth = (self.turn + step) % self.queues.len();
            let appetite = &mut self.queues[nth];
            let allowed = appetite.allows(room, now);
            if allowed == 0 {
                continue;
            }
            self.turn = nth + 1;
            self.begun += 1;
            let number = self.begun;
            appetite.asked.push_back((number, allowed));
            let (queue, holder, name) = (Arc::clone(&self.queue), self.holder, appetite.name);
            self.under_way.spawn(async move {
                let came = AssertUnwindSafe(queue.claim(holder, name, allowed)).catch_unwind().await;
                let came = came.unwrap_or_else(|_| Err(Fault::internal("the claim panicked")));
                Over { nth, number, answer: Answer { began: now, came } }
            });
            return;
        }
    }

    /// Waits for the next claim to be over; nothing is lost when the wait is let go.
    pub(crate) async fn next(&mut self) -> Option<Result<Over, JoinError>> {
        self.under_way.join_next().await
    }

    /// The answers that may be taken now that this claim is over.
    pub(crate) fn over(&mut self, over: Result<Over, JoinError>, clock: Time) -> Vec<Answer> {
        let Over { nth, number, answer } = match over {
            Ok(over) => over,
            Err(death) => {
                // Panics are caught where they happen; only what drains aborts a claim.
                tracing::error!(%death, "the task that claims died");
                return Vec::new();
            }
        };
        self.queues[nth].early.insert(number, (Instant::now(), answer));
        let mut answers = Vec::new();
        while let Some((answer, asked)) = self.queues[nth].next_in_order() {
            answers.push(self.queues[nth].taken(answer, asked, clock));
        }
        answers
    }

    /// The answers that have waited for long enough for a claim that began before theirs.
    pub(crate) fn early(&mut self, clock: Time) -> Vec<Answer> {
        let next = |queue: &mut Appetite| queue.next_early().map(|(answer, asked)| queue.taken(answer, asked, clock));
        self.queues.iter_mut().filter_map(next).collect()
    }

    /// A task of this queue has ended.
    pub(crate) fn free(&mut self, name: &str) {
        let Some(queue) = self.queues.iter_mut().find(|queue| queue.name == name) else { return };
        if queue.per_process.is_some_and(|most| queue.held >= most) {
            // There may be more behind the limit; nobody else says so.
            queue.next = Some(Instant::now());
        }
        queue.held = queue.held.saturating_sub(1);
    }

    /// Any queue may have something new.
    pub(crate) fn wake(&mut self) {
        let now = Instant::now();
        for queue in &mut self.queues {
            (queue.next, queue.woken) = (Some(now), !queue.asked.is_empty());
        }
    }

    /// When a queue is to be claimed from next.
    pub(crate) fn due(&self) -> impl Iterator<Item = Instant> {
        self.queues.iter().filter_map(|queue| queue.next)
    }

    /// When an answer will have waited for long enough for those before it.
    pub(crate) fn early_until(&self) -> impl Iterator<Item = Instant> {
        let early = self.queues.iter().filter_map(|queue| queue.early.first_key_value());
        early.map(|(_, (since, _))| *since + EARLY)
    }

    /// Lets go of what is under way; what has been answered is returned.
    pub(crate) fn abandon(&mut self) -> Vec<Claimed> {
        self.under_way.abort_all();
        let early = self.queues.iter_mut().flat_map(|queue| std::mem::take(&mut queue.early));
        early.filter_map(|(_, (_, answer))| answer.came.ok()).flat_map(|claim| claim.tasks).collect()
    }
}
