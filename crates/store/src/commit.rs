//! The one way to change anything: change, history, events, audit entry and answer in one transaction.

use crate::sql::Script;
use crate::{ChangeError, Store, digests, history, inbox, outbox, replay, tasks};
use kernel::{
    AuditDetail, AuditEntry, AuditResult, Caller, Delivery, Difference, Event, Fault, Lease, NewEvent, NewTask, Permit,
    Revision, TaskOrigin, Time, reasons,
};
use sea_orm::{DatabaseTransaction, DbErr, SqliteTransactionMode, TransactionOptions, TransactionTrait};
use serde::Serialize;
use std::time::Instant;

/// The aggregates a change left behind, each in its new state.
pub type Changed = Vec<Revision>;

/// Something a module decided to write.
#[async_trait::async_trait]
pub trait Change: Send + Sync {
    /// Writes itself. Updates name the version the decision was made on, and are `Stale` when it is gone.
    ///
    /// # Errors
    /// `Stale`, a refusal only the database could know of, or what the database said.
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError>;
}

/// No change at all, for a commit that only tells, enqueues or ends something.
#[derive(Debug, Clone, Copy)]
pub struct Nothing;

#[async_trait::async_trait]
impl Change for Nothing {
    async fn apply(&self, _: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        Ok(Vec::new())
    }
}

/// What follows from a change: events to be told, tasks to be done. A list of events is one, and so is a pair of events
/// and tasks.
#[derive(Debug, Default)]
pub struct Effects {
    /// To be told to whoever listens.
    pub events: Vec<NewEvent>,
    /// To be done by a worker of this module.
    pub tasks: Vec<NewTask>,
    /// Where the tasks come from, and so for which community they are done; none is from the commit's caller.
    pub origin: Option<TaskOrigin>,
}

impl Effects {
    /// Tasks that come from somewhere else than the commit which enqueues them, as when an operator brings on what is
    /// done for another community.
    pub fn tasks_from(origin: TaskOrigin, tasks: Vec<NewTask>) -> Self {
        Self { events: Vec::new(), tasks, origin: Some(origin) }
    }
}

impl From<Vec<NewEvent>> for Effects {
    fn from(events: Vec<NewEvent>) -> Self {
        Self { events, ..Self::default() }
    }
}

impl From<(Vec<NewEvent>, Vec<NewTask>)> for Effects {
    fn from((events, tasks): (Vec<NewEvent>, Vec<NewTask>)) -> Self {
        Self { events, tasks, origin: None }
    }
}

/// What one commit carries besides the change itself.
struct Luggage<'a> {
    permit: &'a Permit,
    events: Vec<NewEvent>,
    tasks: Vec<NewTask>,
    origin: Option<TaskOrigin>,
    answer: serde_json::Value,
    at: Time,
}

impl Store {
    /// Writes `change`, its history, its events and tasks, its audit entry and the `answer` a retry will get, all or
    /// nothing. A caller that does a task commits only while it holds the task; when its lease ends, so does the task.
    ///
    /// # Errors
    /// `Stale` when somebody else was quicker; the reason a constraint stands for; `task.lease_lost` when the task was
    /// given to somebody else; `request.idempotency_key_reused` when the key was used for another input; `Unavailable`
    /// when the database does not answer, is busy or full.
    pub async fn commit<C: Change, T: Serialize>(
        &self,
        permit: Permit,
        change: C,
        effects: impl Into<Effects>,
        answer: T,
    ) -> Result<T, Fault> {
        let Effects { events, tasks, origin } = effects.into();
        let enqueues = !tasks.is_empty();
        let started = Instant::now();
        let kept = if permit.replay().is_some() {
            serde_json::to_value(&answer).map_err(Fault::internal)?
        } else {
            serde_json::Value::Null
        };
        let luggage = Luggage { permit: &permit, events, tasks, origin, answer: kept, at: self.shared.clock.now() };
        let written = match tokio::time::timeout(self.shared.patience, self.write(&change, luggage)).await {
            Ok(written) => written.map_err(|error| error.or_stale().into_fault(self.shared.constraints)),
            Err(_) => Err(reasons::STORE_DOWN.fault()),
        };
        written?;
        telemetry::meters().store_committed(self.module(), started.elapsed());
        if let Some(delivery) = self.delivery(&permit) {
            delivery.settle();
        }
        let ended = self.lease(&permit).filter(|lease| lease.ends);
        if let Some(lease) = ended {
            lease.settle();
        }
        if enqueues || ended.is_some_and(|lease| self.makes_room(&lease.queue, lease.lane.is_some())) {
            self.enqueued();
        }
        self.signal();
        Ok(answer)
    }

    /// Opens a write transaction. On SQLite it takes the write lock at once, so that it cannot fail half-way.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let immediate = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        self.shared.writer.begin_with_options(immediate).await
    }

    /// The event that a subscriber of this module handles with the permit's caller. One of another module, calling over
    /// a portal, commits its delivery at home.
    fn delivery<'a>(&self, permit: &'a Permit) -> Option<&'a Delivery> {
        let mine = |delivery: &&Delivery| delivery.subscriber.split('.').next() == Some(self.module());
        permit.caller().delivery.as_deref().filter(mine)
    }

    /// The task of this module that the permit's caller does.
    fn lease<'a>(&self, permit: &'a Permit) -> Option<&'a Lease> {
        // A caller that came in over a portal may be at a task of another module.
        permit.caller().lease.as_deref().filter(|lease| lease.module == self.module())
    }

    async fn write<C: Change>(&self, change: &C, luggage: Luggage<'_>) -> Result<(), ChangeError> {
        let tx = self.begin().await?;
        match self.write_in(&tx, change, luggage).await {
            Ok(()) => Ok(tx.commit().await?),
            Err(error) => {
                // The first error is the one to report; a rollback that fails too leaves nothing behind either.
                if let Err(rollback) = tx.rollback().await {
                    tracing::debug!(module = self.module(), %rollback, "rolling back");
                }
                Err(error)
            }
        }
    }

    async fn write_in<C: Change>(
        &self,
        tx: &DatabaseTransaction,
        change: &C,
        luggage: Luggage<'_>,
    ) -> Result<(), ChangeError> {
        let permit = luggage.permit;
        if let Some(delivery) = self.delivery(permit).filter(|delivery| !delivery.is_settled()) {
            inbox::settle(tx, delivery, luggage.at).await?;
        }
        if let Some(replay) = permit.replay() {
            // First, so that a second request with the same key waits here and then finds the answer.
            replay::record(tx, replay, &permit.caller().actor.principal, &luggage.answer, luggage.at).await?;
        }
        let lease = self.lease(permit);
        if let Some(lease) = lease.filter(|lease| !lease.ends) {
            tasks::hold(tx, lease).await?;
        }
        let revisions = change.apply(tx).await?;
        if !luggage.tasks.is_empty() {
            let (origin, ids) = (luggage.origin.unwrap_or_else(|| origin(permit)), &self.shared.ids);
            tasks::enqueue(tx, &origin, &luggage.tasks, || ids.next(), luggage.at).await?;
        }
        let audited = permit.operation().audited;
        let digested = digests::digested(tx, &revisions, self.shared.ids.as_ref(), audited).await?;
        let differences = digested.iter().map(|digested| digested.difference.clone()).collect();
        let events = self.events(permit, luggage.events, differences, luggage.at)?;
        let mut script = Script::default();
        history::record(&mut script, permit, &revisions, &digested, luggage.at);
        outbox::append(&mut script, self.backend(), &events)?;
        script.run(tx).await?;
        match lease.filter(|lease| lease.ends) {
            // Last, because it may take the queue's lock: claims then wait for the end of this transaction only.
            Some(lease) => tasks::end_with_commit(tx, lease, luggage.at).await,
            None => Ok(()),
        }
    }

    fn events(
        &self,
        permit: &Permit,
        news: Vec<NewEvent>,
        differences: Vec<Difference>,
        at: Time,
    ) -> Result<Vec<Event>, Fault> {
        let audit = permit.operation().audited.then(|| self.audit_entry(permit, &news, differences, at));
        let wrap = |kind: String, key: String, data| Event {
            id: self.shared.ids.next(),
            source: self.module().to_owned(),
            kind,
            key,
            tenant: permit.tenant(),
            time: at,
            actor: permit.caller().actor.principal.to_string(),
            operation: permit.operation().id.to_owned(),
            request_id: permit.caller().request_id.clone(),
            trace: permit.caller().trace.clone(),
            data,
        };
        let mut events: Vec<Event> = news.into_iter().map(|new| wrap(new.kind.to_owned(), new.key, new.data)).collect();
        if let Some(entry) = audit {
            let data = serde_json::to_value(&entry).map_err(Fault::internal)?;
            events.push(wrap(AuditEntry::kind_of(self.module()), entry.resource, data));
        }
        Ok(events)
    }

    fn audit_entry(&self, permit: &Permit, news: &[NewEvent], differences: Vec<Difference>, at: Time) -> AuditEntry {
        let caller = permit.caller();
        let changes = differences.iter().map(|difference| difference.of.clone()).collect();
        AuditEntry {
            id: self.shared.ids.next(),
            module: self.module().to_owned(),
            operation: permit.operation().id.to_owned(),
            actor: caller.actor.principal.to_string(),
            actor_name: caller.actor.display_name.clone(),
            tenant: permit.tenant(),
            resource: permit.resource().to_owned(),
            decision_id: permit.decision_id(),
            policies: permit.grounds(),
            changes,
            events: news.iter().map(|new| new.kind.to_owned()).collect(),
            request_id: caller.request_id.clone(),
            address: caller.origin.address.clone(),
            at,
            detail: Some(detail(caller, differences, AuditResult::Done)),
        }
    }
}

/// What an entry says of this call beyond what it always said.
pub(crate) fn detail(caller: &Caller, differences: Vec<Difference>, result: AuditResult) -> AuditDetail {
    let actor = caller.actor.principal.to_string();
    AuditDetail {
        on_behalf_of: caller.on_behalf_of.clone().filter(|other| *other != actor),
        session: caller.actor.session,
        user_agent: caller.origin.user_agent.as_deref().map(told_of_itself),
        differences,
        result,
    }
}

/// The longest that a client's name for itself may be in the record, in characters.
const LONGEST_AGENT: usize = 300;

fn told_of_itself(agent: &str) -> String {
    agent.chars().take(LONGEST_AGENT).collect()
}

/// Where the tasks of this commit come from.
fn origin(permit: &Permit) -> TaskOrigin {
    let caller = permit.caller();
    TaskOrigin {
        actor: caller.actor.clone(),
        operation: permit.operation().id.to_owned(),
        request_id: caller.request_id.clone(),
        trace: telemetry::current_traceparent().or_else(|| caller.trace.clone()),
        caused_by: caller.lease.as_ref().map(|lease| lease.task),
    }
}
