//! The task that brings a saga forward, or back: one attempt at one step, or one look at signals and the clock. What
//! came of it is written in one commit, which also enqueues what comes next and ends this task.

use super::act::{Acted, Both, Raw, Wish};
use super::decide::{Happening, Outcome, Way, expects};
use super::plan::{Saga, SagaHome};
use super::shape::Node;
use super::story::{Found, KindOf, Next, Story, task};
use crate::{Ran, Retry, Task, TaskContext, Terms};
use futures::FutureExt;
use kernel::{Caller, Fault, FaultCode, IdempotencyKey, TenantId, Time, reasons};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::marker::PhantomData;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use store::sagas::SagaRow;
use uuid::Uuid;

/// How often one outcome is decided on anew because the saga has moved.
const RELOADS: usize = 50;
/// How long a saga that this program cannot read waits for one that can.
const UNREADABLE_FOR: Duration = Duration::from_mins(10);
/// The pauses of a task that the database fails, or that is left to a newer program.
const PAUSES: Retry = Retry { first: Duration::from_millis(200), longest: Duration::from_secs(30) };

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
            retry: PAUSES,
            time_limit: KindOf::<S::Home>::of::<S>().longest_attempt() + Duration::from_secs(30),
            ..Terms::default()
        }
    }

    async fn run(&self, home: &S::Home, context: &TaskContext) -> Result<Ran, Fault> {
        let kind = KindOf::of::<S>();
        let leg = Leg { kind: &kind, home, context, work: &self.work };
        match &self.work {
            Work::Try { saga, step, way, epoch } => leg.attempt(*saga, step, *way, *epoch, Begun::by(context)?).await,
            Work::Look { tenant, correlation, timer } => leg.look(*tenant, correlation, *timer).await,
        }
    }
}

/// How many attempts at its step a task has begun. Each leaves a mark just before it begins, so that neither claims of
/// processes that went before they began count, nor what was left to a newer program.
struct Begun {
    tries: i32,
    now: bool,
}

impl Begun {
    fn by(context: &TaskContext) -> Result<Self, Fault> {
        Ok(Self { tries: context.left()?.unwrap_or(0), now: false })
    }

    /// Whether as many as are allowed were cut short with their processes.
    fn is_too_often(&self, node: &Node, way: Way) -> bool {
        let Node::Step { tries, .. } = node else { return false };
        let allowed = i32::try_from(tries.attempts).unwrap_or(i32::MAX);
        let too_often = if tries.repeat() { self.tries >= allowed } else { self.tries > 0 && way == Way::Do };
        !self.now && too_often
    }

    /// Leaves the mark: once, however often the attempt is made anew because the saga has moved.
    async fn mark(&mut self, context: &TaskContext) -> Result<(), Fault> {
        if !self.now {
            context.checkpoint(None, "", &(self.tries + 1)).await?;
            (self.tries, self.now) = (self.tries + 1, true);
        }
        Ok(())
    }

    fn came_to(&self, node: usize, way: Way, epoch: i32, outcome: Outcome) -> Happening {
        Happening::Tried { node, way, epoch, tries: self.tries.max(1), outcome }
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
    async fn attempt(&self, saga: Uuid, step: &str, way: Way, epoch: i32, mut begun: Begun) -> Result<Ran, Fault> {
        // Of a call there is one outcome, however often the saga moves before it is written.
        let mut known: Option<Outcome> = None;
        for _ in 0..RELOADS {
            let story = match Story::load(self.kind, self.home.store(), saga).await? {
                Found::Story(story) => story,
                Found::Unreadable(row, error) => match self.shelve(*row, error).await? {
                    Written::Done => return Ok(Ran::Snooze(UNREADABLE_FOR)),
                    Written::Moved => continue,
                },
                Found::Newer => return Ok(self.leave_to_newer()),
                Found::Ended | Found::Nothing => return Ok(Ran::DONE),
            };
            let node = story.plan.shape.node_named(step).filter(|node| expects(&story.progress, *node, way, epoch));
            let Some(node) = node else { return Ok(Ran::DONE) };
            if known.is_none() {
                match self.make_attempt(&story, node, way, &mut begun).await? {
                    Attempt::Known(outcome) => known = Some(outcome),
                    Attempt::Wish(mut wish) => {
                        let done = begun.came_to(node, way, epoch, Outcome::Done(wish.output.take()));
                        match self.grant(&story, &done, *wish).await {
                            Ok(Written::Done) => return Ok(Ran::DONE),
                            Ok(Written::Moved) => continue,
                            Err(fault) if fault.is(&reasons::LEASE_LOST) => return Err(fault),
                            Err(fault) => known = Some(judged(&fault)),
                        }
                    }
                }
            }
            let outcome = known.clone().unwrap_or_else(|| Outcome::Unknown("nobody knows".to_owned()));
            let next = match story.after(&begun.came_to(node, way, epoch, outcome), self.home.store().clock().now()) {
                // What was put out cannot be kept: the same would happen at every attempt, and people must see it.
                Err(fault) if !matches!(known, Some(Outcome::Unknown(_))) => {
                    known = Some(Outcome::Unknown(fault.told()));
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

    /// One attempt at a step, unless too many were cut short with their processes.
    async fn make_attempt(
        &self,
        story: &Story<'_, H>,
        node: usize,
        way: Way,
        begun: &mut Begun,
    ) -> Result<Attempt, Fault> {
        let limb = &story.plan.limbs[node];
        if begun.is_too_often(&story.plan.shape.nodes[node], way) {
            let error = "the process that tried it was not heard of again".to_owned();
            return Ok(Attempt::Known(Outcome::Unknown(error)));
        }
        begun.mark(self.context).await?;
        let Some(act) = (match way {
            Way::Do => limb.act.as_ref(),
            Way::Undo => limb.undo.as_ref(),
        }) else {
            return Ok(Attempt::Known(Outcome::Done(Value::Null)));
        };
        let caller = self.caller(story, node, way, act, limb.within);
        let attempt = async { act.act(self.home, story.turn(node, way, begun.tries, caller)?).await };
        let attempt = AssertUnwindSafe(attempt).catch_unwind();
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
    async fn grant(&self, story: &Story<'_, H>, done: &Happening, wish: Wish) -> Result<Written, Fault> {
        let store = self.home.store();
        let Some(next) = story.after(done, store.clock().now())?.ok().flatten() else {
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
                Found::Unreadable(row, error) => match self.shelve(*row, error).await? {
                    Written::Done => return Ok(Ran::Snooze(UNREADABLE_FOR)),
                    Written::Moved => continue,
                },
                Found::Newer => return Ok(self.leave_to_newer()),
                Found::Ended | Found::Nothing => return Ok(Ran::DONE),
            };
            let now = store.clock().now();
            let next = match story.after(&Happening::Looked, now) {
                Ok(next) => next.ok().flatten(),
                // It would fail at every look, and people must see it. Later there may be a program that can.
                Err(fault) => match self.unheard(&story, &fault, now)? {
                    None => return Ok(Ran::Snooze(UNREADABLE_FOR)),
                    next => next,
                },
            };
            let (written, ran) = match (next, story.shown_again(now)) {
                (Some(next), _) => (self.write(next).await?, Ran::DONE),
                (None, Some(row)) => (self.show(&row).await?, early(&story, now, timer)),
                (None, None) => return Ok(early(&story, now, timer)),
            };
            if let Written::Done = written {
                return Ok(ran);
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

    /// Shows the saga as stuck, and changes nothing else of it. Whatever was to be done is left to the same task.
    async fn shelve(&self, mut row: SagaRow, error: String) -> Result<Written, Fault> {
        tracing::error!(saga = %row.id, kind = self.kind.name, error, "this program cannot read the saga");
        "stuck".clone_into(&mut row.state);
        let now = self.home.store().clock().now();
        (row.error, row.updated_at, row.next_at) = (Some(error), now, Some(now + UNREADABLE_FOR));
        self.show(&row).await
    }

    async fn show(&self, row: &SagaRow) -> Result<Written, Fault> {
        let lease = self.context.caller().lease.ok_or_else(|| Fault::internal("a task is done without a lease"))?;
        let shown = self.home.store().show_saga(&lease, row).await?;
        Ok(if shown { Written::Done } else { Written::Moved })
    }

    /// The wait as stuck, with another look later. Nothing when it is stuck with this already.
    fn unheard(&self, story: &Story<'_, H>, fault: &Fault, now: Time) -> Result<Option<Next>, Fault> {
        tracing::error!(saga = %story.row.id, kind = self.kind.name, error = fault.told(), "the wait cannot go on");
        let Some(mut next) = story.after(&Happening::Unheard { error: fault.told() }, now)?.ok().flatten() else {
            return Ok(None);
        };
        next.tasks.push(task(self.kind, self.work)?.after(UNREADABLE_FOR));
        Ok(Some(next))
    }

    /// While programs of two versions run, the older one leaves the newer one's sagas to it. That is no attempt.
    fn leave_to_newer(&self) -> Ran {
        let task = self.context.task();
        Ran::Snooze(PAUSES.pause(task.id, task.token))
    }
}

/// There is nothing to write. A timer whose process's clock is behind that of the one which set the deadline, or that was
/// brought back before the deadline, comes again then.
fn early<H>(story: &Story<'_, H>, now: Time, timer: bool) -> Ran {
    let waits = story.progress.at().and_then(|node| story.progress.steps[node].next_at);
    match waits.and_then(|at| (at - now).to_std().ok()).filter(|_| timer) {
        Some(early) if story.progress.state() == "waiting" => Ran::Snooze(early),
        _ => Ran::DONE,
    }
}

/// What an attempt came to.
enum Attempt {
    Known(Outcome),
    Wish(Box<Wish>),
}

/// Whether a fault proves that there was no effect. A refusal for want of permission does not: whoever is called looks
/// for it before the answer kept from an earlier attempt.
fn judged(fault: &Fault) -> Outcome {
    let refused = matches!(fault.code, FaultCode::Invalid | FaultCode::NotFound | FaultCode::Conflict);
    if refused && !fault.is(&reasons::KEY_REUSED) {
        Outcome::Refused(fault.told())
    } else {
        Outcome::Unknown(fault.told())
    }
}
