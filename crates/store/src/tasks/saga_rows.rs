//! What a saga, its steps and its signals are in the tables, and how they are read and written there.

use super::rows::{json, json_or_none};
use super::{instant, micros};
use crate::sql::storable;
use kernel::{Fault, TaskOrigin, TenantId, Time};
use sea_orm::{DbErr, QueryResult, Value};
use serde_json::Value as Json;
use uuid::Uuid;

pub(super) const SAGA: &str = "id, tenant, kind, correlation, plan_version, data_version, revision, phase, state, position, kept, \
                    input, data, origin, why, step, attempts, next_us, error, started_us, updated_us";
pub(super) const STEP: &str = "saga_id, name, state, stuck, epoch, attempts, next_us, output, error, updated_us";

/// A saga's row.
#[derive(Debug, Clone, PartialEq)]
pub struct SagaRow {
    /// The saga.
    pub id: Uuid,
    /// The community it runs in.
    pub tenant: TenantId,
    /// Its kind.
    pub kind: String,
    /// What ties it to the business.
    pub correlation: String,
    /// The version of the plan it began under.
    pub plan_version: i32,
    /// The version of its data's shape.
    pub data_version: i32,
    /// Counts its writes.
    pub revision: i64,
    /// Which way it goes.
    pub phase: String,
    /// The state people see.
    pub state: String,
    /// The stage it is at.
    pub position: i32,
    /// How many stages' outputs are kept in its data.
    pub kept: i32,
    /// What it was started with.
    pub input: Json,
    /// What it knows now.
    pub data: Json,
    /// Where it comes from.
    pub origin: TaskOrigin,
    /// Why it is undone.
    pub why: Option<String>,
    /// The step people see.
    pub step: Option<String>,
    /// How often that step was tried.
    pub attempts: i32,
    /// When that step is tried again, or stops waiting.
    pub next_at: Option<Time>,
    /// That step's last error.
    pub error: Option<String>,
    /// When it began.
    pub started_at: Time,
    /// When it last moved.
    pub updated_at: Time,
}

/// A step's row. There is none for a step that was not begun.
#[derive(Debug, Clone, PartialEq)]
pub struct StepRow {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub state: String,
    /// Whether its attempts are used up.
    pub stuck: bool,
    /// Counts the orders to try it.
    pub epoch: i32,
    /// How often it was tried.
    pub attempts: i32,
    /// When it is tried again, or stops waiting.
    pub next_at: Option<Time>,
    /// What came out of it.
    pub output: Option<Json>,
    /// The last error with its causes.
    pub error: Option<String>,
    /// When it last moved.
    pub updated_at: Time,
}

/// A signal nobody has taken yet.
#[derive(Debug, Clone, PartialEq)]
pub struct SignalRow {
    /// Its name.
    pub name: String,
    /// What tells it from others of that name.
    pub key: String,
    /// What came with it.
    pub payload: Json,
}

pub(super) fn saga_values(saga: &SagaRow) -> Result<[Value; 21], Fault> {
    Ok([
        saga.id.into(),
        saga.tenant.0.into(),
        saga.kind.as_str().into(),
        saga.correlation.as_str().into(),
        saga.plan_version.into(),
        saga.data_version.into(),
        saga.revision.into(),
        saga.phase.as_str().into(),
        saga.state.as_str().into(),
        saga.position.into(),
        saga.kept.into(),
        saga.input.to_string().into(),
        saga.data.to_string().into(),
        serde_json::to_string(&saga.origin).map_err(Fault::internal)?.into(),
        saga.why.as_deref().map(storable).into(),
        saga.step.as_deref().unwrap_or_default().into(),
        saga.attempts.into(),
        micros_or_none(saga.next_at).into(),
        saga.error.as_deref().map(storable).into(),
        micros(saga.started_at).into(),
        micros(saga.updated_at).into(),
    ])
}

pub(super) fn saga_row(row: &QueryResult) -> Result<SagaRow, DbErr> {
    let step: String = row.try_get("", "step")?;
    Ok(SagaRow {
        id: row.try_get("", "id")?,
        tenant: TenantId(row.try_get("", "tenant")?),
        kind: row.try_get("", "kind")?,
        correlation: row.try_get("", "correlation")?,
        plan_version: row.try_get("", "plan_version")?,
        data_version: row.try_get("", "data_version")?,
        revision: row.try_get("", "revision")?,
        phase: row.try_get("", "phase")?,
        state: row.try_get("", "state")?,
        position: row.try_get("", "position")?,
        kept: row.try_get("", "kept")?,
        input: json_or_none(row, "input")?.unwrap_or_default(),
        data: json_or_none(row, "data")?.unwrap_or_default(),
        origin: json(row, "origin")?,
        why: row.try_get("", "why")?,
        step: (!step.is_empty()).then_some(step),
        attempts: row.try_get("", "attempts")?,
        next_at: instant_or_none(row, "next_us")?,
        error: row.try_get("", "error")?,
        started_at: instant(row.try_get("", "started_us")?),
        updated_at: instant(row.try_get("", "updated_us")?),
    })
}

pub(super) fn step_row(row: &QueryResult) -> Result<StepRow, DbErr> {
    Ok(StepRow {
        name: row.try_get("", "name")?,
        state: row.try_get("", "state")?,
        stuck: row.try_get::<i16>("", "stuck")? != 0,
        epoch: row.try_get("", "epoch")?,
        attempts: row.try_get("", "attempts")?,
        next_at: instant_or_none(row, "next_us")?,
        output: json_or_none(row, "output")?,
        error: row.try_get("", "error")?,
        updated_at: instant(row.try_get("", "updated_us")?),
    })
}

pub(super) fn signal_row(row: &QueryResult) -> Result<SignalRow, DbErr> {
    let payload = json_or_none(row, "payload")?.unwrap_or_default();
    Ok(SignalRow { name: row.try_get("", "name")?, key: row.try_get("", "signal_key")?, payload })
}

/// As it stands in a column where 0 is none: what was over when 1970 began was over a microsecond later, too.
pub(super) fn micros_or_none(instant: Option<Time>) -> i64 {
    instant.map_or(0, |instant| micros(instant).max(1))
}

pub(super) fn instant_or_none(row: &QueryResult, column: &str) -> Result<Option<Time>, DbErr> {
    let micros: i64 = row.try_get("", column)?;
    Ok((micros > 0).then(|| instant(micros)))
}
