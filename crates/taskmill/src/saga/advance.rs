//! The task that brings a saga forward, or back: one attempt at one step, or one look at signals and the clock. What
//! came of it is written in one commit, which also enqueues what comes next and ends this task.

use super::act::{Acted, Both, Raw, Wish};
use super::decide::{Happening, Outcome, Way, expects};
use super::plan::{Saga, SagaHome};
use super::shape::Node;
use super::story::{Found, KindOf, Next, Story, task, told};
use crate::{Ran, Retry, Task, TaskContext, Terms};
use futures::FutureExt;
use kernel::{Caller, Fault, FaultCode, IdempotencyKey, TenantId, reasons};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::marker::PhantomData;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use store::sagas::{MoveSaga, SagaRow};
use uuid::Uuid;

/// How often one outcome is decided on anew because the saga has moved.
const RELOADS: usize = 50;
/// How long a saga that this program cannot read waits for one that can.
const UNREADABLE_FOR: Duration = Duration::from_mins(10);

/// What is to be done for a saga.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "work", rename_all = "snake_case")]
pub(crate) enum Work {
    Try { saga: Uuid, step: String, way: Way, epoch: i32 },
    Look { tenant: TenantId, correlation: String, timer: bool },
}

impl Work {
    pub(crate) fn look(saga: &SagaRow, timer: bool) -> Self {
        Self::Look { tenant: saga.tenant, correlation: saga.correlation.clone(), timer }
    }
}

/// Brings sagas of the type `S` forward: `Tasks::of(forum).task::<Advance<Award>>()`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent, bound = "")]
pub struct Advance<S> {
    work: Work,
    #[serde(skip)]
    saga: PhantomData<fn() -> S>,
}

#[async_trait::async_trait]
impl<S: Saga> Task for Advance<S> {
    type Module = S::Home;
    const KIND: &'static str = S::KIND;

    fn terms() -> Terms {
        Terms {
            queue: S::QUEUE,
            // A saga counts the attempts at its steps itself. What fails here is the database.
            max_attempts: i32::MAX,
            retry: Retry { first: Duration::from_millis(200), longest: Duration::from_secs(30) },
            time_limit: KindOf::<S::Home>::of::<S>().longest_attempt() + Duration::from_secs(30),
            ..Terms::default()
        }
    }

    async fn run(&self, home: &S::Home, context: &TaskContext) -> Result<Ran, Fault> {
        let kind = KindOf::of::<S>();
        let leg = Leg { kind: &kind, home, context, work: &self.work };
        match &self.work {
            Work::Try { saga, step, way, epoch } => leg.attempt(*saga, step, *way, *epoch).await,
            Work::Look { tenant, correlation, timer } => leg.look(*tenant, correlation, *timer).await,
        }
    }
}

/// What came of trying to write.
enum Written {
    Done,
    /// The saga has moved; decide again.
    Moved,
}

struct Leg<'a, H> {
    kind: &'a KindOf<H>,
    home: &'a H,
    context: &'a TaskContext,
    work: &'a Work,
}

impl<H: SagaHome> Leg<'_, H> {
    async fn attempt(&self, saga: Uuid, step: &str, way: Way, epoch: i32) -> Result<Ran, Fault> {
        // Of a call there is one outcome, however often the saga moves before it is written.
        let mut known: Option<Outcome> = None;
        for _ in 0..RELOADS {
            let story = match Story::load(self.kind, self.home.store(), saga).await? {
                Found::Story(story) => story,
                Found::Unreadable(row, error) => return self.shelve(*row, error).await,
                Found::Newer => return Err(newer()),
                Found::Nothing => return Ok(Ran::DONE),
            };
            let node = story.plan.shape.node_named(step).filter(|node| expects(&story.progress, *node, way, epoch));
            let Some(node) = node else { return Ok(Ran::DONE) };
            if known.is_none() {
                match self.make_attempt(&story, node, way).await? {
                    Attempt::Known(outcome) => known = Some(outcome),
                    Attempt::Wish(wish) => match self.grant(&story, node, way, epoch, *wish).await {
                        Ok(Written::Done) => return Ok(Ran::DONE),
                        Ok(Written::Moved) => continue,
                        Err(fault) if fault.is(&reasons::LEASE_LOST) => return Err(fault),
                        Err(fault) => known = Some(judged(&fault)),
                    },
                }
            }
            let outcome = known.clone().unwrap_or_else(|| Outcome::Unknown("nobody knows".to_owned()));
            let happening = self.tried(node, way, epoch, outcome);
            let next = match story.after(&happening, self.home.store().clock().now()) {
                // What was put out cannot be kept: the same would happen at every attempt, and people must see it.
                Err(fault) if !matches!(known, Some(Outcome::Unknown(_))) => {
                    known = Some(Outcome::Unknown(told(&fault)));
                    continue;
                }
                Err(fault) => return Err(fault),
                Ok(next) => next.ok().flatten(),
            };
            let Some(next) = next else { return Ok(Ran::DONE) };
            if let Written::Done = self.write(next).await? {
                return Ok(Ran::DONE);
            }
        }
        Err(reasons::STALE.fault())
    }

    fn tried(&self, node: usize, way: Way, epoch: i32, outcome: Outcome) -> Happening {
        Happening::Tried { node, way, epoch, tries: self.context.task().attempt.max(1), outcome }
    }

    /// One attempt at a step, unless too many were cut short with their processes.
    async fn make_attempt(&self, story: &Story<'_, H>, node: usize, way: Way) -> Result<Attempt, Fault> {
        let (limb, task) = (&story.plan.limbs[node], self.context.task());
        if let Node::Step { tries, .. } = &story.plan.shape.nodes[node] {
            let allowed = i32::try_from(tries.attempts).unwrap_or(i32::MAX);
            let lost = if tries.repeat() { task.attempt > allowed } else { task.token > 1 && way == Way::Do };
            if lost {
                let error = "the process that tried it was not heard of again".to_owned();
                return Ok(Attempt::Known(Outcome::Unknown(error)));
            }
        }
        let Some(act) = (match way {
            Way::Do => limb.act.as_ref(),
            Way::Undo => limb.undo.as_ref(),
        }) else {
            return Ok(Attempt::Known(Outcome::Done(Value::Null)));
        };
        let caller = self.caller(story, node, way, act, limb.within);
        let turn = story.turn(node, way, task.attempt, caller)?;
        let attempt = AssertUnwindSafe(act.act(self.home, turn)).catch_unwind();
        Ok(match tokio::time::timeout(limb.within, attempt).await {
            Err(_) => {
                let error = format!("there was no answer within {} s", limb.within.as_secs_f32());
                Attempt::Known(Outcome::Unknown(error))
            }
            Ok(Err(_)) => Attempt::Known(Outcome::Unknown("the step panicked".to_owned())),
            Ok(Ok(Ok(Acted::Called(output)))) => Attempt::Known(Outcome::Done(output)),
            Ok(Ok(Ok(Acted::Local(wish)))) => Attempt::Wish(wish),
            Ok(Ok(Err(fault))) if fault.is(&reasons::LEASE_LOST) => return Err(fault),
            Ok(Ok(Err(fault))) => Attempt::Known(judged(&fault)),
        })
    }

    fn caller(&self, story: &Story<'_, H>, node: usize, way: Way, act: &Raw<H>, within: Duration) -> Caller {
        let mut caller = if act.is_local() { self.context.ending(Value::Null) } else { self.context.caller() };
        let key = format!("{}.{}.{}", story.row.id, story.plan.shape.nodes[node].name(), way.name());
        caller.idempotency_key = IdempotencyKey::parse(&key);
        caller.deadline = Some(self.home.store().clock().now() + within);
        caller
    }

    /// Writes what a local step wishes, together with the saga's progress.
    async fn grant(
        &self,
        story: &Story<'_, H>,
        node: usize,
        way: Way,
        epoch: i32,
        wish: Wish,
    ) -> Result<Written, Fault> {
        let store = self.home.store();
        let happening = self.tried(node, way, epoch, Outcome::Done(wish.output));
        let Some(next) = story.after(&happening, store.clock().now())?.ok().flatten() else {
            return Ok(Written::Moved);
        };
        let mut effects = wish.effects;
        effects.tasks.extend(next.tasks);
        let change = Both(wish.change.as_ref(), &next.write);
        match store.commit(wish.permit, change, effects, ()).await {
            Ok(()) => Ok(Written::Done),
            // Whichever of the two was stale, both are decided on anew.
            Err(fault) if fault.is(&reasons::STALE) => Ok(Written::Moved),
            Err(fault) => Err(fault),
        }
    }

    async fn look(&self, tenant: TenantId, correlation: &str, timer: bool) -> Result<Ran, Fault> {
        let store = self.home.store();
        for _ in 0..RELOADS {
            let Some(id) = store.saga_of(tenant, self.kind.name, correlation).await? else { return Ok(Ran::DONE) };
            let story = match Story::load(self.kind, store, id).await? {
                Found::Story(story) => story,
                Found::Unreadable(row, error) => return self.shelve(*row, error).await,
                Found::Newer => return Err(newer()),
                Found::Nothing => return Ok(Ran::DONE),
            };
            let now = store.clock().now();
            let Some(next) = story.after(&Happening::Looked, now)?.ok().flatten() else {
                // This process's clock may be behind that of the one which set the deadline.
                let waits = story.progress.at().and_then(|node| story.progress.steps[node].next_at);
                return Ok(match waits.and_then(|at| (at - now).to_std().ok()).filter(|_| timer) {
                    Some(early) if story.row.state == "waiting" => Ran::Snooze(early),
                    _ => Ran::DONE,
                });
            };
            if let Written::Done = self.write(next).await? {
                return Ok(Ran::DONE);
            }
        }
        Err(reasons::STALE.fault())
    }

    async fn write(&self, next: Next) -> Result<Written, Fault> {
        let ending = self.context.ending(Value::Null);
        let lease = ending.lease.ok_or_else(|| Fault::internal("a task is done without a lease"))?;
        match self.home.store().advance_saga(&lease, &next.write, next.tasks).await {
            Ok(()) => Ok(Written::Done),
            Err(fault) if fault.is(&reasons::STALE) => Ok(Written::Moved),
            Err(fault) => Err(fault),
        }
    }

    /// Shows the saga as stuck, and has somebody look at it again later.
    async fn shelve(&self, mut row: SagaRow, error: String) -> Result<Ran, Fault> {
        tracing::error!(saga = %row.id, kind = self.kind.name, error, "this program cannot read the saga");
        "stuck".clone_into(&mut row.state);
        let now = self.home.store().clock().now();
        (row.error, row.updated_at, row.next_at) = (Some(error), now, Some(now + UNREADABLE_FOR));
        let again = task(self.kind, self.work)?.after(UNREADABLE_FOR);
        let write = MoveSaga { saga: row, steps: Vec::new(), taken: Vec::new() };
        self.write(Next { write, tasks: vec![again] }).await?;
        Ok(Ran::DONE)
    }
}

/// What an attempt came to.
enum Attempt {
    Known(Outcome),
    Wish(Box<Wish>),
}

/// While programs of two versions run, the older one leaves the newer one's sagas to it.
fn newer() -> Fault {
    reasons::DRAINING.fault().detail("The saga is a newer program's. It is left to that one.")
}

/// Whether a fault proves that there was no effect. A refusal for want of permission does not: whoever is called looks
/// for it before the answer kept from an earlier attempt.
fn judged(fault: &Fault) -> Outcome {
    let refused = matches!(fault.code, FaultCode::Invalid | FaultCode::NotFound | FaultCode::Conflict);
    if refused && !fault.is(&reasons::KEY_REUSED) {
        Outcome::Refused(told(fault))
    } else {
        Outcome::Unknown(told(fault))
    }
}
