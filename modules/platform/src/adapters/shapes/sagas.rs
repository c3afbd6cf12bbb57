//! Sagas in JSON.

use super::{SilentBody, silent};
use crate::usecases::{FoundSaga, Gathered};
use chrono::{DateTime, Utc};
use kernel::{SagaLife, SagaStep, SagaSummary};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// Some consecutive sagas.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::adapters) struct SagasBody {
    /// The newest first.
    items: Vec<SagaBody>,
    /// Where to go on from; null on the last page.
    next: Option<String>,
    /// Modules that do not answer.
    silent: Vec<SilentBody>,
}

impl From<Gathered<FoundSaga>> for SagasBody {
    fn from(gathered: Gathered<FoundSaga>) -> Self {
        let items = gathered.page.items.into_iter().map(|found| SagaBody::of(found.module, found.saga)).collect();
        Self { items, next: gathered.page.next.map(|cursor| cursor.0), silent: silent(gathered.silent) }
    }
}

/// A saga in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::adapters) struct SagaBody {
    /// The module whose saga it is.
    #[schema(example = "forum")]
    module: String,
    /// The saga.
    id: Uuid,
    /// Its kind.
    #[schema(example = "forum.award_bounty")]
    kind: String,
    /// What ties it to the business.
    correlation: String,
    /// `running`, `waiting`, `stuck`, `compensating`, `done` or `undone`.
    #[schema(example = "stuck")]
    state: String,
    /// The step it is at.
    step: Option<String>,
    /// How often that step was tried.
    attempts: i32,
    /// When it is tried again or stops waiting.
    next_at: Option<DateTime<Utc>>,
    /// The last error's first line.
    error: Option<String>,
    /// When it began.
    started_at: DateTime<Utc>,
    /// When it last moved.
    updated_at: DateTime<Utc>,
}

impl SagaBody {
    pub(in crate::adapters) fn of(module: String, saga: SagaSummary) -> Self {
        let SagaSummary { id, kind, correlation, state, step, attempts, next_at, error, started_at, updated_at } = saga;
        Self { module, id, kind, correlation, state, step, attempts, next_at, error, started_at, updated_at }
    }
}

/// One step of a saga.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::adapters) struct StepBody {
    /// Its name.
    name: String,
    /// `pending`, `running`, `waiting`, `done`, `failed`, `skipped`, `compensating` or `undone`.
    state: String,
    /// How often it was tried.
    attempts: i32,
    /// What came out of it.
    output: Option<Value>,
    /// The last error with its causes.
    error: Option<String>,
    /// When it last moved.
    updated_at: Option<DateTime<Utc>>,
}

impl From<SagaStep> for StepBody {
    fn from(step: SagaStep) -> Self {
        let SagaStep { name, state, attempts, output, error, updated_at } = step;
        Self { name, state, attempts, output, error, updated_at }
    }
}

/// One saga's life.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::adapters) struct SagaLifeBody {
    /// What the lists show.
    #[serde(flatten)]
    saga: SagaBody,
    /// What it was started with, with secrets masked.
    input: Value,
    /// Its steps in order.
    steps: Vec<StepBody>,
}

impl SagaLifeBody {
    pub(in crate::adapters) fn of(module: String, life: SagaLife) -> Self {
        let steps = life.steps.into_iter().map(StepBody::from).collect();
        Self { saga: SagaBody::of(module, life.summary), input: life.input, steps }
    }
}
