//! The desk over a module's store: what operators ask of its tasks, schedules and sagas, and what they order.
//!
//! What may not enter: SQL, and who may ask: that is the gate's.

mod chart;
pub(crate) mod mask;

use crate::saga::{SagaOrder, Sagas};
use crate::{Schedule, TermsOf};
use chart::Chart;
use kernel::{
    Caller, DeskAnswer, DeskOrder, DeskQuestion, Fault, FaultCode, Gate, ORDER_TASKS, Operation, Permit, READ_TASKS,
    Reason, Replay, Replays, Resource, SagaLife, TaskDesk, TaskLife, TaskOrigin, TenantId, reasons,
};
use serde_json::Value;
use store::schedules::{FIRED_BEFORE, FireNow, NO_SCHEDULE, PauseSchedule};
use store::{Effects, HAS_ENDED, KEY_TAKEN, NO_SUCH_QUEUE, NO_SUCH_TASK, NOT_DEAD, Store, TaskOrder};
use uuid::Uuid;

/// How often an order is given again when another one was in its way.
const ATTEMPTS: usize = 4;

/// Every reason a desk has to refuse an order, besides those of sagas, for the published list.
pub const DESK_REASONS: &[Reason] =
    &[NO_SUCH_TASK, NO_SUCH_QUEUE, NOT_DEAD, KEY_TAKEN, HAS_ENDED, NO_SCHEDULE, FIRED_BEFORE];

/// A module's desk, over its store.
pub struct Desk {
    store: Store,
    gate: Gate,
    terms: TermsOf,
    schedules: Vec<Schedule>,
    sagas: Sagas,
    chart: Chart,
}

impl Desk {
    /// The desk over `store`, asking `gate` who may. `terms` say what is secret in which payload; what is of a kind they
    /// do not know is not shown at all.
    pub fn new(store: &Store, gate: Gate, terms: TermsOf) -> Self {
        let sagas = Sagas::in_store(store);
        Self { store: store.clone(), gate, terms, schedules: Vec::new(), sagas, chart: Chart::default() }
    }

    /// The same desk with the module's schedules, so that they can be fired by hand.
    #[must_use]
    pub fn with_schedules(mut self, schedules: Vec<Schedule>) -> Self {
        self.schedules = schedules;
        self
    }

    /// The same desk with the module's sagas, so that they can be put right.
    #[must_use]
    pub fn with_sagas(mut self, sagas: Sagas) -> Self {
        self.sagas = sagas;
        self
    }

    fn permit(&self, caller: &Caller, operation: &'static Operation) -> Result<Permit, Fault> {
        // The machinery is the first community's, whatever community a task is done for.
        let desk = Resource::new("Desk", self.store.module(), TenantId::FIRST);
        self.gate.permit(caller, operation, &desk)
    }

    async fn life(&self, id: Uuid) -> Result<Option<Box<TaskLife>>, Fault> {
        let life = self.store.task_life(id).await?;
        Ok(life.map(|mut life| {
            let terms = self.terms.get(life.summary.kind.as_str());
            mask::life(&mut life, terms);
            Box::new(life)
        }))
    }

    async fn saga(&self, id: Uuid) -> Result<Option<Box<SagaLife>>, Fault> {
        Ok(self.sagas.life(id).await?.map(Box::new))
    }

    async fn carry_out(&self, permit: Permit, order: DeskOrder) -> Result<u64, Fault> {
        let order = match order {
            DeskOrder::Redrive(task) => TaskOrder::Redrive(task),
            DeskOrder::RedriveAll(filter) => TaskOrder::RedriveAll(filter),
            DeskOrder::Cancel(task) => TaskOrder::Cancel(task),
            DeskOrder::Pause(queue) => TaskOrder::Pause(queue),
            DeskOrder::Resume(queue) => TaskOrder::Resume(queue),
            DeskOrder::Limit(queue, limits) => TaskOrder::Limit(queue, limits),
            DeskOrder::RunNow(schedule) => return self.run_now(permit, &schedule).await,
            DeskOrder::PauseSchedule(name) => return self.pause_schedule(permit, name, true).await,
            DeskOrder::ResumeSchedule(name) => return self.pause_schedule(permit, name, false).await,
            DeskOrder::RetrySaga(saga) => return self.sagas.order(permit, saga, SagaOrder::Retry).await,
            DeskOrder::SkipStep(saga) => return self.sagas.order(permit, saga, SagaOrder::Skip).await,
            DeskOrder::CompensateSaga(saga) => return self.sagas.order(permit, saga, SagaOrder::Compensate).await,
        };
        self.store.order_tasks(permit, order).await
    }

    async fn run_now(&self, permit: Permit, name: &str) -> Result<u64, Fault> {
        let schedule = self.schedules.iter().find(|schedule| schedule.name() == name);
        let schedule = schedule.ok_or_else(|| NO_SCHEDULE.fault())?;
        let fire = FireNow::new(&self.store, name, &permit.caller().request_id);
        let task = schedule.task_now(self.store.clock().now())?;
        // It is done for the community that the ticks are for, and goes back to the request that ordered it.
        let request_id = permit.caller().request_id.clone();
        let trace = telemetry::current_traceparent().or_else(|| permit.caller().trace.clone());
        let origin = TaskOrigin { request_id, trace, ..TaskOrigin::service(TenantId::FIRST, name) };
        self.store.commit(permit, fire, Effects::tasks_from(origin, vec![task]), 1).await
    }

    async fn pause_schedule(&self, permit: Permit, name: String, paused: bool) -> Result<u64, Fault> {
        self.store.commit(permit, PauseSchedule { name, paused }, Vec::new(), 1).await
    }
}

#[async_trait::async_trait]
impl TaskDesk for Desk {
    async fn ask(&self, caller: &Caller, question: DeskQuestion) -> Result<DeskAnswer, Fault> {
        self.permit(caller, &READ_TASKS)?;
        Ok(match question {
            DeskQuestion::Queues => DeskAnswer::Queues(self.store.queue_states().await?),
            DeskQuestion::Tasks(filter, page) => DeskAnswer::Tasks(self.store.find_tasks(&filter, &page).await?),
            DeskQuestion::Count(filter) => DeskAnswer::Count(self.store.count_tasks(&filter).await?),
            DeskQuestion::Task(id) => DeskAnswer::Task(self.life(id).await?),
            DeskQuestion::Throughput { minutes } => {
                DeskAnswer::Throughput(self.chart.last(&self.store, minutes).await?)
            }
            DeskQuestion::Schedules => {
                let kept = self.store.schedules().await?;
                DeskAnswer::Schedules(kept.into_iter().map(|kept| kept.state).collect())
            }
            DeskQuestion::Sagas(filter, page) => DeskAnswer::Sagas(self.sagas.list(&filter, &page).await?),
            DeskQuestion::Saga(id) => DeskAnswer::Saga(self.saga(id).await?),
        })
    }

    async fn order(&self, caller: &Caller, order: DeskOrder) -> Result<u64, Fault> {
        let permit = self.permit(caller, &ORDER_TASKS)?;
        let claim = claim(caller, &order)?;
        let mut attempt = 1;
        loop {
            if let Some(answer) = self.remembered(claim.as_ref()).await? {
                return Ok(answer);
            }
            match self.carry_out(permit.clone().with_replay(claim.clone()), order.clone()).await {
                Err(fault) if fault.is(&reasons::STALE) && attempt < ATTEMPTS => attempt += 1,
                // What stands against it may be the same order, given at the same time.
                Err(fault) if fault.code == FaultCode::Conflict => {
                    return self.remembered(claim.as_ref()).await?.ok_or(fault);
                }
                done => return done,
            }
        }
    }
}

impl Desk {
    /// What the same order was answered with before.
    async fn remembered(&self, claim: Option<&Replay>) -> Result<Option<u64>, Fault> {
        let Some(claim) = claim else { return Ok(None) };
        match self.store.recall(&claim.scope).await? {
            Some(kept) if kept.fingerprint != claim.fingerprint => Err(reasons::KEY_REUSED.fault()),
            Some(kept) => Ok(kept.answer.as_u64()),
            None => Ok(None),
        }
    }
}

/// What the caller's idempotency key stands for. Orders come from another module, whose pipeline keeps no answer in this
/// module's database.
fn claim(caller: &Caller, order: &DeskOrder) -> Result<Option<Replay>, Fault> {
    let Some(key) = &caller.idempotency_key else { return Ok(None) };
    if matches!(order, DeskOrder::RedriveAll(_)) {
        // Given again it finds only what has died since, and how many there were is known too late to be kept.
        return Ok(None);
    }
    let order = serde_json::to_vec(order).map_err(Fault::internal)?;
    let digest = ring::digest::digest(&ring::digest::SHA256, &order);
    let fingerprint = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let scope = format!("desk|{}|{}", caller.actor.principal, key.as_str());
    Ok(Some(Replay { scope, fingerprint, answer: Value::Null }))
}
