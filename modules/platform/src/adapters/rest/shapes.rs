//! What tasks and sagas look like in JSON, where the kernel's own form is not what clients are promised.

use crate::desks::{Silent, Survey};
use chrono::{DateTime, Utc};
use kernel::{Run, SagaLife, SagaStep, SagaSummary, TaskLife, TaskSummary};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// A module whose part of the answer is missing, because it does not answer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SilentBody {
    /// The module.
    #[schema(example = "forum")]
    module: String,
    /// Why, for people.
    detail: String,
}

impl From<Silent> for SilentBody {
    fn from(silent: Silent) -> Self {
        Self { module: silent.module, detail: silent.detail }
    }
}

pub(super) fn silent(silent: Vec<Silent>) -> Vec<SilentBody> {
    silent.into_iter().map(SilentBody::from).collect()
}

/// How many things an order touched.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TouchedBody {
    /// How many.
    #[schema(example = 1)]
    pub(super) touched: u64,
}

/// A number for each module.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CountedBody {
    /// All of them together.
    count: u64,
    /// Each module that answered.
    items: Vec<ModuleCount>,
    /// Modules that do not answer.
    silent: Vec<SilentBody>,
}

/// One module's number.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ModuleCount {
    /// The module.
    #[schema(example = "forum")]
    module: String,
    /// How many.
    count: u64,
}

impl From<Survey<u64>> for CountedBody {
    fn from(survey: Survey<u64>) -> Self {
        let count = survey.heard.iter().map(|(_, count)| count).sum();
        let items = survey.heard.into_iter().map(|(module, count)| ModuleCount { module, count }).collect();
        Self { count, items, silent: silent(survey.silent) }
    }
}

/// A task in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TaskBody {
    /// The module whose task it is.
    #[schema(example = "forum")]
    module: String,
    /// The task.
    id: Uuid,
    /// Its kind.
    #[schema(example = "forum.sweep_drafts")]
    kind: String,
    /// Its queue.
    #[schema(example = "default")]
    queue: String,
    /// Its unique key.
    key: Option<String>,
    /// `urgent`, `high`, `normal` or `low`.
    priority: &'static str,
    /// The community it is done for.
    tenant_id: Uuid,
    /// `ready`, `scheduled`, `waiting`, `running`, `done`, `dead`, `cancelled`, `expired` or `replaced`.
    state: &'static str,
    /// How often it was tried.
    attempts: i32,
    /// When it was enqueued.
    enqueued_at: DateTime<Utc>,
    /// When it is or was due.
    due_at: Option<DateTime<Utc>>,
    /// When it ended.
    ended_at: Option<DateTime<Utc>>,
    /// The last error's first line.
    error: Option<String>,
}

impl TaskBody {
    pub(super) fn of(module: String, task: TaskSummary) -> Self {
        Self {
            module,
            id: task.id,
            kind: task.kind,
            queue: task.queue,
            key: task.key,
            priority: task.priority.name(),
            tenant_id: task.tenant.0,
            state: task.state.name(),
            attempts: task.attempts,
            enqueued_at: task.enqueued_at,
            due_at: task.due_at,
            ended_at: task.ended_at,
            error: task.error,
        }
    }
}

/// One time that somebody had the task in hands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RunBody {
    /// The fencing token.
    token: i32,
    /// Which attempt it was.
    attempt: i32,
    /// `done`, `failed`, `dead`, `snoozed`, `lost`, `returned`, `cancelled`, `expired`, `replaced` or `redriven`.
    outcome: String,
    /// When it began.
    started_at: DateTime<Utc>,
    /// When it ended.
    ended_at: DateTime<Utc>,
    /// The error with its causes.
    error: Option<String>,
    /// The process that did it.
    worker: Option<String>,
}

impl From<Run> for RunBody {
    fn from(run: Run) -> Self {
        let Run { token, attempt, outcome, started_at, ended_at, error, worker } = run;
        Self { token, attempt, outcome, started_at, ended_at, error, worker }
    }
}

/// Where a task comes from.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OriginBody {
    /// Whoever asked for it: `user:<UUID>`, `service:<name>` or `guest`.
    actor: String,
    /// Their name at the time.
    actor_name: String,
    /// The operation that enqueued it, or the schedule or saga.
    #[schema(example = "forum.post_reply")]
    operation: String,
    /// The request it was enqueued in.
    request_id: String,
    /// The W3C `traceparent` it was enqueued under.
    trace: Option<String>,
    /// The task or saga that caused it.
    caused_by: Option<Uuid>,
}

/// How far a task has come.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProgressBody {
    /// From 0 to 100, when that can be said.
    percent: Option<u8>,
    /// A few words for people.
    note: String,
    /// What a later attempt needs to go on from here.
    checkpoint: Option<Value>,
}

/// One task's life.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TaskLifeBody {
    /// What the lists show.
    #[serde(flatten)]
    task: TaskBody,
    /// The version of its payload's shape.
    version: i32,
    /// What to do, with secrets masked.
    payload: Value,
    /// Where it comes from.
    origin: OriginBody,
    /// Its lane's key.
    lane: Option<String>,
    /// Every time somebody had it in hands, the first one first.
    runs: Vec<RunBody>,
    /// How far it has come.
    progress: Option<ProgressBody>,
    /// What came out of it.
    result: Option<Value>,
}

impl TaskLifeBody {
    pub(super) fn of(module: String, life: TaskLife) -> Self {
        let origin = OriginBody {
            actor: life.origin.actor.principal.to_string(),
            actor_name: life.origin.actor.display_name,
            operation: life.origin.operation,
            request_id: life.origin.request_id,
            trace: life.origin.trace,
            caused_by: life.origin.caused_by,
        };
        let progress = life.progress.map(|progress| ProgressBody {
            percent: progress.percent,
            note: progress.note,
            checkpoint: progress.checkpoint,
        });
        Self {
            task: TaskBody::of(module, life.summary),
            version: life.version,
            payload: life.payload,
            origin,
            lane: life.lane,
            runs: life.runs.into_iter().map(RunBody::from).collect(),
            progress,
            result: life.result,
        }
    }
}

/// A saga in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SagaBody {
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
    pub(super) fn of(module: String, saga: SagaSummary) -> Self {
        let SagaSummary { id, kind, correlation, state, step, attempts, next_at, error, started_at, updated_at } = saga;
        Self { module, id, kind, correlation, state, step, attempts, next_at, error, started_at, updated_at }
    }
}

/// One step of a saga.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StepBody {
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
pub(super) struct SagaLifeBody {
    /// What the lists show.
    #[serde(flatten)]
    saga: SagaBody,
    /// What it was started with, with secrets masked.
    input: Value,
    /// Its steps in order.
    steps: Vec<StepBody>,
}

impl SagaLifeBody {
    pub(super) fn of(module: String, life: SagaLife) -> Self {
        let steps = life.steps.into_iter().map(StepBody::from).collect();
        Self { saga: SagaBody::of(module, life.summary), input: life.input, steps }
    }
}
