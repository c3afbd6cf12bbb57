//! Sagas as rows: how one begins, moves and hears, each in one transaction with whatever else happens.
//!
//! A saga's `revision` grows with every write, and every write names the revision it was decided on. A signal raises it
//! too, so that no decision is made without the signals committed before it.
//!
//! What may not enter: what a saga does next.

use super::saga_rows::{SAGA, STEP, micros_or_none, saga_row, saga_values, signal_row, step_row};
pub use super::saga_rows::{SagaRow, SignalRow, StepRow};
use super::{enqueue, micros};
use crate::sql::{insert_ignoring_duplicates, insert_or_update, placeholders, statement, storable};
use crate::{Change, ChangeError, Changed, Store};
use kernel::{Fault, FaultCode, Lease, NewTask, Reason, TenantId, Time};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, QueryResult, Value};
use serde_json::Value as Json;
use uuid::Uuid;

/// The signal found nobody who still waits for it.
pub const TOO_LATE: Reason =
    Reason::new(FaultCode::Conflict, "saga.too_late", "It comes too late: what it was meant for has been decided.");

/// The beginning of a saga, with the steps begun at once. Where there is one of that kind and correlation, nothing.
#[derive(Debug, Clone)]
pub struct BeginSaga {
    /// The saga, at revision 1.
    pub saga: SagaRow,
    /// Its first steps.
    pub steps: Vec<StepRow>,
}

#[async_trait::async_trait]
impl Change for BeginSaga {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let backend = tx.get_database_backend();
        let insert = format!("INSERT INTO sagas ({SAGA}) VALUES {}", placeholders(1, 21));
        let insert = insert_ignoring_duplicates(backend, &insert, "id");
        tx.execute_raw(statement(backend, insert, saga_values(&self.saga)?)).await?;
        // The count of rows does not tell on every engine whether it was there before.
        let mine = statement(backend, "SELECT 1 AS one FROM sagas WHERE id = $1", [self.saga.id.into()]);
        if tx.query_one_raw(mine).await?.is_some() {
            write_steps(tx, self.saga.id, &self.steps).await?;
        }
        Ok(Vec::new())
    }
}

/// A saga's next revision.
#[derive(Debug, Clone)]
pub struct MoveSaga {
    /// The saga as it is from now on, with the revision it was decided on.
    pub saga: SagaRow,
    /// The steps that changed.
    pub steps: Vec<StepRow>,
    /// The signals taken, each with the wait that took it.
    pub taken: Vec<(SignalRow, String)>,
}

#[async_trait::async_trait]
impl Change for MoveSaga {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let (backend, saga) = (tx.get_database_backend(), &self.saga);
        let update = "UPDATE sagas SET revision = revision + 1, data_version = $3, phase = $4, state = $5, \
                      position = $6, data = $7, why = $8, step = $9, attempts = $10, next_us = $11, error = $12, \
                      updated_us = $13, kept = $14 WHERE id = $1 AND revision = $2";
        let values: [Value; 14] = [
            saga.id.into(),
            saga.revision.into(),
            saga.data_version.into(),
            saga.phase.as_str().into(),
            saga.state.as_str().into(),
            saga.position.into(),
            saga.data.to_string().into(),
            saga.why.as_deref().map(storable).into(),
            saga.step.as_deref().unwrap_or_default().into(),
            saga.attempts.into(),
            micros_or_none(saga.next_at).into(),
            saga.error.as_deref().map(storable).into(),
            micros(saga.updated_at).into(),
            saga.kept.into(),
        ];
        if tx.execute_raw(statement(backend, update, values)).await?.rows_affected() == 0 {
            return Err(ChangeError::Stale);
        }
        write_steps(tx, saga.id, &self.steps).await?;
        for (signal, wait) in &self.taken {
            let take = "UPDATE saga_signals SET taken_by = $6 WHERE tenant = $1 AND kind = $2 AND correlation = $3 \
                        AND name = $4 AND signal_key = $5";
            let values: [Value; 6] = [
                saga.tenant.0.into(),
                saga.kind.as_str().into(),
                saga.correlation.as_str().into(),
                signal.name.as_str().into(),
                signal.key.as_str().into(),
                wait.as_str().into(),
            ];
            tx.execute_raw(statement(backend, take, values)).await?;
        }
        Ok(Vec::new())
    }
}

/// Something a saga may be waiting for, now or later.
#[derive(Debug, Clone)]
pub struct SignalSaga {
    /// The community the saga runs in.
    pub tenant: TenantId,
    /// The saga's kind.
    pub kind: &'static str,
    /// The saga's correlation id.
    pub correlation: String,
    /// The signal.
    pub signal: SignalRow,
    /// When it was sent.
    pub at: Time,
    /// Whether it is kept when there is no such saga yet.
    pub early: bool,
    /// The wait that must not be over. Otherwise the whole commit is refused.
    pub in_time_for: Option<&'static str>,
}

#[async_trait::async_trait]
impl Change for SignalSaga {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let backend = tx.get_database_backend();
        let place = || -> [Value; 3] { [self.tenant.0.into(), self.kind.into(), self.correlation.as_str().into()] };
        let touch = "UPDATE sagas SET revision = revision + 1 WHERE tenant = $1 AND kind = $2 AND correlation = $3";
        let found = tx.execute_raw(statement(backend, touch, place())).await?.rows_affected() > 0;
        if let Some(wait) = self.in_time_for.filter(|_| found) {
            let find = "SELECT sagas.phase AS phase, saga_steps.state AS state FROM sagas LEFT JOIN saga_steps \
                        ON saga_steps.saga_id = sagas.id AND saga_steps.name = $4 \
                        WHERE tenant = $1 AND kind = $2 AND correlation = $3";
            let values = place().into_iter().chain([wait.into()]);
            let row = tx.query_one_raw(statement(backend, find, values)).await?;
            if !row.as_ref().map(is_ahead).transpose()?.unwrap_or(false) {
                return Err(TOO_LATE.fault().into());
            }
        }
        if !found && !self.early {
            return if self.in_time_for.is_some() { Err(TOO_LATE.fault().into()) } else { Ok(Vec::new()) };
        }
        let insert = "INSERT INTO saga_signals (tenant, kind, correlation, name, signal_key, payload, received_us, \
                      taken_by) VALUES ($1, $2, $3, $4, $5, $6, $7, '')";
        let insert = insert_ignoring_duplicates(backend, insert, "name");
        let rest: [Value; 4] = [
            self.signal.name.as_str().into(),
            self.signal.key.as_str().into(),
            self.signal.payload.to_string().into(),
            micros(self.at).into(),
        ];
        tx.execute_raw(statement(backend, insert, place().into_iter().chain(rest))).await?;
        Ok(Vec::new())
    }
}

/// Whether a wait is still to come or under way.
fn is_ahead(row: &QueryResult) -> Result<bool, DbErr> {
    let (phase, state): (String, Option<String>) = (row.try_get("", "phase")?, row.try_get("", "state")?);
    Ok(phase == "forward" && state.is_none_or(|state| state == "pending" || state == "waiting"))
}

impl Store {
    /// Writes a saga's next revision and ends the task that brought it there, in one transaction, together with the
    /// tasks that follow. The lease stands for the permit: the saga was permitted when it was started.
    ///
    /// # Errors
    /// `Stale` when the saga has moved; `task.lease_lost` when the task was given to somebody else; `Unavailable`.
    pub async fn advance_saga(&self, lease: &Lease, step: &MoveSaga, tasks: Vec<NewTask>) -> Result<(), Fault> {
        let (now, ids) = (self.clock().now(), self.ids());
        let enqueues = !tasks.is_empty() || lease.lane.is_some();
        self.in_transaction(async |tx| {
            step.apply(tx).await?;
            if !tasks.is_empty() {
                enqueue(tx, &step.saga.origin, &tasks, || ids.next(), now).await?;
            }
            super::end_with_commit(tx, lease, now).await
        })
        .await?;
        lease.settle();
        if enqueues {
            self.enqueued();
        }
        Ok(())
    }

    /// Shows a saga in this state, at this step and with this error, without moving it: whoever has decided on the
    /// revision it is at writes over what is shown. False when it is at another revision. The lease stands for the
    /// permit, and is not ended.
    ///
    /// # Errors
    /// `task.lease_lost` when the task was given to somebody else; `Unavailable`.
    pub async fn show_saga(&self, lease: &Lease, saga: &SagaRow) -> Result<bool, Fault> {
        let show = "UPDATE sagas SET state = $3, step = $4, attempts = $5, next_us = $6, error = $7, updated_us = $8 \
                    WHERE id = $1 AND revision = $2";
        let values: [Value; 8] = [
            saga.id.into(),
            saga.revision.into(),
            saga.state.as_str().into(),
            saga.step.as_deref().unwrap_or_default().into(),
            saga.attempts.into(),
            micros_or_none(saga.next_at).into(),
            saga.error.clone().into(),
            micros(saga.updated_at).into(),
        ];
        self.in_transaction(async |tx| {
            let shown = tx.execute_raw(statement(self.backend(), show, values)).await?.rows_affected();
            super::hold(tx, lease).await?;
            Ok(shown > 0)
        })
        .await
    }

    /// A saga, with the steps it has begun.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn saga(&self, id: Uuid) -> Result<Option<(SagaRow, Vec<StepRow>)>, Fault> {
        let find = format!("SELECT {SAGA} FROM sagas WHERE id = $1");
        let find = statement(self.backend(), find, [id.into()]);
        let Some(row) = self.read(self.primary().query_one_raw(find)).await? else { return Ok(None) };
        let saga = saga_row(&row).map_err(Fault::internal)?;
        let list = format!("SELECT {STEP} FROM saga_steps WHERE saga_id = $1");
        let rows = self.read(self.primary().query_all_raw(statement(self.backend(), list, [id.into()]))).await?;
        let steps = rows.iter().map(step_row).collect::<Result<_, _>>().map_err(Fault::internal)?;
        Ok(Some((saga, steps)))
    }

    /// The saga of this kind with this correlation id.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn saga_of(&self, tenant: TenantId, kind: &str, correlation: &str) -> Result<Option<Uuid>, Fault> {
        let find = "SELECT id FROM sagas WHERE tenant = $1 AND kind = $2 AND correlation = $3";
        let find = statement(self.backend(), find, [tenant.0.into(), kind.into(), correlation.into()]);
        let row = self.read(self.primary().query_one_raw(find)).await?;
        row.map(|row| row.try_get("", "id")).transpose().map_err(Fault::internal)
    }

    /// The signals for this saga that nobody has taken, the oldest first.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn saga_signals(&self, saga: &SagaRow) -> Result<Vec<SignalRow>, Fault> {
        let list = "SELECT name, signal_key, payload FROM saga_signals WHERE tenant = $1 AND kind = $2 \
                    AND correlation = $3 AND taken_by = '' ORDER BY received_us, name, signal_key";
        let values: [Value; 3] = [saga.tenant.0.into(), saga.kind.as_str().into(), saga.correlation.as_str().into()];
        let rows = self.read(self.primary().query_all_raw(statement(self.backend(), list, values))).await?;
        rows.iter().map(signal_row).collect::<Result<_, _>>().map_err(Fault::internal)
    }
}

async fn write_steps(tx: &DatabaseTransaction, saga: Uuid, steps: &[StepRow]) -> Result<(), DbErr> {
    if steps.is_empty() {
        return Ok(());
    }
    let backend = tx.get_database_backend();
    let insert = format!("INSERT INTO saga_steps ({STEP}) VALUES {}", placeholders(steps.len(), 10));
    let changing = ["state", "stuck", "epoch", "attempts", "next_us", "output", "error", "updated_us"];
    let upsert = insert_or_update(backend, &insert, "saga_id, name", &changing);
    let values = steps.iter().flat_map(|step| -> [Value; 10] {
        [
            saga.into(),
            step.name.as_str().into(),
            step.state.as_str().into(),
            i16::from(step.stuck).into(),
            step.epoch.into(),
            step.attempts.into(),
            micros_or_none(step.next_at).into(),
            step.output.as_ref().map(Json::to_string).into(),
            step.error.as_deref().map(storable).into(),
            micros(step.updated_at).into(),
        ]
    });
    tx.execute_raw(statement(backend, upsert, values)).await.map(drop)
}
