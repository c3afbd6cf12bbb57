//! The one way to change anything: change, history, events, audit entry and answer in one transaction.

use crate::sql::Script;
use crate::{ChangeError, Store, history, inbox, outbox, replay};
use kernel::{AuditEntry, Event, Fault, NewEvent, Permit, Revision, Time, reasons};
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

/// What one commit carries besides the change itself.
struct Luggage<'a> {
    permit: &'a Permit,
    events: Vec<NewEvent>,
    answer: serde_json::Value,
    at: Time,
}

impl Store {
    /// Writes `change`, its history, its `events`, its audit entry and the `answer` a retry will get, all or nothing.
    ///
    /// # Errors
    /// `Stale` when somebody else was quicker; the reason a constraint stands for; `request.idempotency_key_reused`
    /// when the key was used for another input; `Unavailable` when the database does not answer, is busy or full.
    pub async fn commit<C: Change, T: Serialize>(
        &self,
        permit: Permit,
        change: C,
        events: Vec<NewEvent>,
        answer: T,
    ) -> Result<T, Fault> {
        let started = Instant::now();
        let kept = if permit.replay().is_some() {
            serde_json::to_value(&answer).map_err(Fault::internal)?
        } else {
            serde_json::Value::Null
        };
        let luggage = Luggage { permit: &permit, events, answer: kept, at: self.shared.clock.now() };
        let written = match tokio::time::timeout(self.shared.patience, self.write(&change, luggage)).await {
            Ok(written) => written.map_err(|error| error.into_fault(self.shared.constraints)),
            Err(_) => Err(reasons::STORE_DOWN.fault()),
        };
        written?;
        telemetry::meters().store_committed(self.module(), started.elapsed());
        if let Some(delivery) = &permit.caller().delivery {
            delivery.settle();
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

    /// Wakes whoever waits for this process's next commit.
    pub(crate) fn signal(&self) {
        self.shared.committed.send_modify(|count| *count = count.wrapping_add(1));
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
        if let Some(delivery) = permit.caller().delivery.as_deref().filter(|d| !d.is_settled()) {
            inbox::settle(tx, delivery, luggage.at).await?;
        }
        if let Some(replay) = permit.replay() {
            // First, so that a second request with the same key waits here and then finds the answer.
            replay::record(tx, replay, &luggage.answer, luggage.at).await?;
        }
        let revisions = change.apply(tx).await?;
        let events = self.events(permit, luggage.events, &revisions, luggage.at)?;
        let mut script = Script::default();
        history::record(&mut script, permit, &revisions, luggage.at);
        outbox::append(&mut script, self.backend(), &events)?;
        Ok(script.run(tx).await?)
    }

    fn events(
        &self,
        permit: &Permit,
        news: Vec<NewEvent>,
        revisions: &[Revision],
        at: Time,
    ) -> Result<Vec<Event>, Fault> {
        let audit = permit.operation().audited.then(|| self.audit_entry(permit, &news, revisions, at));
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

    fn audit_entry(&self, permit: &Permit, news: &[NewEvent], revisions: &[Revision], at: Time) -> AuditEntry {
        let caller = permit.caller();
        AuditEntry {
            id: self.shared.ids.next(),
            module: self.module().to_owned(),
            operation: permit.operation().id.to_owned(),
            actor: caller.actor.principal.to_string(),
            actor_name: caller.actor.display_name.clone(),
            tenant: permit.tenant(),
            resource: permit.resource().to_owned(),
            decision_id: permit.decision_id(),
            policies: permit.policies().to_vec(),
            changes: revisions.iter().map(|r| format!("{}/{}@{}", r.kind, r.id, r.version)).collect(),
            events: news.iter().map(|new| new.kind.to_owned()).collect(),
            request_id: caller.request_id.clone(),
            address: caller.origin.address.clone(),
            at,
        }
    }
}
