//! Tasks in JSON.

use super::{SilentBody, silent};
use crate::usecases::{FoundTask, Gathered};
use chrono::{DateTime, Utc};
use kernel::{Run, TaskLife, TaskSummary};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// Some consecutive tasks.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::adapters) struct TasksBody {
    /// The newest first.
    items: Vec<TaskBody>,
    /// Where to go on from; null on the last page.
    next: Option<String>,
    /// Modules that do not answer.
    silent: Vec<SilentBody>,
}

impl From<Gathered<FoundTask>> for TasksBody {
    fn from(gathered: Gathered<FoundTask>) -> Self {
        let items = gathered.page.items.into_iter().map(|found| TaskBody::of(found.module, found.task)).collect();
        Self { items, next: gathered.page.next.map(|cursor| cursor.0), silent: silent(gathered.silent) }
    }
}

/// A task in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::adapters) struct TaskBody {
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
    pub(in crate::adapters) fn of(module: String, task: TaskSummary) -> Self {
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
pub(in crate::adapters) struct RunBody {
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
pub(in crate::adapters) struct OriginBody {
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
pub(in crate::adapters) struct ProgressBody {
    /// From 0 to 100, when that can be said.
    percent: Option<u8>,
    /// A few words for people.
    note: String,
    /// What a later attempt needs to go on from here.
    checkpoint: Option<Value>,
}

/// One task's life.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::adapters) struct TaskLifeBody {
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
    pub(in crate::adapters) fn of(module: String, life: TaskLife) -> Self {
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
