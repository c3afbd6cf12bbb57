//! Writes down in batches how attempts ended. Nothing is dropped: what could not be written is tried again, and what can
//! never be, although others can, becomes a dead letter.

use crate::flight::told;
use crate::standstill::Standstill;
use kernel::{Ending, Fault, FaultCode, Settlement, TaskQueue, reasons};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use tokio::task::{Id, JoinError, JoinSet};
use uuid::Uuid;

/// Ends handed over to be written at a time, at most.
pub(crate) const BATCH: usize = 2_000;
/// What they may say in all, in bytes: some engines take no more than 16 MiB at a time.
const BATCH_BYTES: usize = 4 << 20;
/// So often an end alone is refused before it is the end's fault, although no other was written meanwhile.
const REFUSALS: u32 = 8;
/// Batches written at the same time: while one waits for the disk, the other keeps the database busy.
const AT_ONCE: usize = 2;
/// So many ends are worth a second batch beside the one under way; fewer gather until that is written.
const SECOND: usize = BATCH / 4;

/// What came of writing a batch, or of the task that wrote it.
pub(crate) type Written = Result<(Id, Result<Vec<bool>, Fault>), JoinError>;

/// The ends that are not written yet.
pub(crate) struct Ends {
    module: &'static str,
    queue: Arc<dyn TaskQueue>,
    holder: Uuid,
    ended: VecDeque<Settlement>,
    /// Tasks of their own: they go on while more ends keep this one busy.
    writing: JoinSet<Result<Vec<bool>, Fault>>,
    /// What each of them writes.
    under_way: HashMap<Id, Arc<Vec<Settlement>>>,
    /// How many to write next: fewer after each failure.
    batch: usize,
    /// Batches written so far.
    written: u64,
    /// Ends that were refused alone: how often, and how many batches had been written by then.
    suspects: HashMap<Uuid, (u32, u64)>,
}

impl Ends {
    pub(crate) fn new(module: &'static str, queue: Arc<dyn TaskQueue>, holder: Uuid) -> Self {
        Self {
            module,
            queue,
            holder,
            ended: VecDeque::new(),
            writing: JoinSet::new(),
            under_way: HashMap::new(),
            batch: BATCH,
            written: 0,
            suspects: HashMap::new(),
        }
    }

    pub(crate) fn push(&mut self, end: Settlement) {
        self.ended.push_back(end);
    }

    /// How many wait to be written.
    pub(crate) fn waiting(&self) -> usize {
        self.ended.len()
    }

    /// Whether everything is written.
    pub(crate) fn is_done(&self) -> bool {
        self.ended.is_empty() && self.writing.is_empty()
    }

    /// The claims whose ends are not written, each a task and its token.
    pub(crate) fn claims(&self) -> impl Iterator<Item = (Uuid, i32)> {
        let under_way = self.under_way.values().flat_map(|batch| batch.iter());
        self.ended.iter().chain(under_way).map(|end| (end.task.id, end.task.token))
    }

    /// Begins to write, unless as much as may be is under way.
    pub(crate) fn start(&mut self) {
        let worth = if self.writing.is_empty() { 1 } else { SECOND };
        if self.writing.len() >= AT_ONCE || self.ended.len() < worth {
            return;
        }
        let (mut count, mut bytes) = (0, 0);
        for end in self.ended.iter().take(self.batch) {
            bytes += length(&end.ending);
            if count > 0 && bytes > BATCH_BYTES {
                break;
            }
            count += 1;
        }
        let batch: Arc<Vec<Settlement>> = Arc::new(self.ended.drain(..count).collect());
        let (queue, holder, ends) = (Arc::clone(&self.queue), self.holder, Arc::clone(&batch));
        let writer = self.writing.spawn(async move { queue.settle(holder, &ends).await });
        self.under_way.insert(writer.id(), batch);
    }

    /// What came of a batch under way; none when nothing is.
    pub(crate) async fn next(&mut self) -> Option<Written> {
        self.writing.join_next_with_id().await
    }

    /// Takes note of what came of it. The ends that are over: written, or somebody else's by now.
    pub(crate) fn over(&mut self, written: Written, standstill: &mut Standstill) -> Vec<Settlement> {
        // A task that writes may die as well: then nobody knows what it wrote, and what is written is not held any more.
        let (writer, written) = written.unwrap_or_else(|death| (death.id(), Err(Fault::internal(death))));
        let batch = Arc::unwrap_or_clone(self.under_way.remove(&writer).unwrap_or_default());
        match written {
            Ok(held) => {
                standstill.over();
                self.written += 1;
                self.batch = (self.batch * 2).min(BATCH);
                for (end, held) in batch.iter().zip(held) {
                    self.suspects.remove(&end.task.id);
                    let (kind, task) = (&end.task.kind, end.task.id);
                    if !held {
                        tracing::info!(kind, %task, "the task had been given to somebody else; its end was not written");
                    }
                }
                batch
            }
            Err(fault) => {
                self.failed(batch, &fault, standstill);
                Vec::new()
            }
        }
    }

    /// It is written once the database is back, unless the lease ended before. What is refused for another reason is looked
    /// for by halves.
    fn failed(&mut self, mut batch: Vec<Settlement>, fault: &Fault, standstill: &mut Standstill) {
        let refused = fault.code != FaultCode::Unavailable && !fault.is(&reasons::STALE);
        self.batch = (batch.len() / 2).max(1);
        match batch.pop() {
            Some(end) if refused && batch.is_empty() => self.refused(end, fault, standstill),
            end => {
                if !refused {
                    standstill.failed(self.module, fault);
                }
                batch.into_iter().chain(end).rev().for_each(|end| self.ended.push_front(end));
            }
        }
    }

    /// An end that was refused alone. Others are tried first: when they are written, it is this one's own fault.
    fn refused(&mut self, mut end: Settlement, fault: &Fault, standstill: &mut Standstill) {
        let (times, written) = self.suspects.entry(end.task.id).or_insert((0, self.written));
        *times += 1;
        let dead = matches!(end.ending, Ending::Dead { .. });
        if !dead && (*times >= REFUSALS || self.written > *written) {
            let (kind, task) = (&end.task.kind, end.task.id);
            tracing::error!(kind, %task, %fault, cause = fault.chain(), "the end of a task cannot be written");
            self.suspects.remove(&task);
            end.ending = Ending::Dead { error: format!("its end could not be written: {}", told(fault)) };
            return self.ended.push_front(end);
        }
        standstill.failed(self.module, fault);
        self.ended.push_back(end);
    }
}

/// How much there is to say of an end, in bytes.
fn length(ending: &Ending) -> usize {
    match ending {
        Ending::Done { result } if !result.is_null() => result.to_string().len(),
        Ending::Retry { error, .. } | Ending::Dead { error } => error.len(),
        _ => 0,
    }
}
