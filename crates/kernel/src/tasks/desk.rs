//! The task desk: what operators ask of a module's tasks and sagas, and what they order. A desk may be in another
//! process, so questions and answers are plain data.

use crate::{
    Caller, Fault, FaultCode, Operation, Page, PageRequest, Priority, Progress, QueueLimits, QueueSettings, Reason,
    TaskOrigin,
};
use crate::{TenantId, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// What it takes to ask a desk. The resource is a `Desk` whose id is the module's name.
pub static READ_TASKS: Operation = Operation::query("platform.read_tasks", "Desk");
/// What it takes to give a desk an order. The resource is a `Desk` whose id is the module's name. Whoever passes the order
/// on keeps no answer: the desk does, under the same key, in the database that the order is carried out in.
pub static ORDER_TASKS: Operation = Operation::command("platform.order_tasks", "Desk").unreplayed().sensitive();

/// There is no module of that name, or it keeps no tasks.
pub const NO_SUCH_DESK: Reason =
    Reason::new(FaultCode::NotFound, "platform.no_such_desk", "No module of this name keeps tasks.");

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// It may start as soon as somebody is free.
    Ready,
    /// It is not due yet: enqueued with a delay, snoozed, or waiting for its next attempt.
    Scheduled,
    /// It waits for others of its lane.
    Waiting,
    /// Somebody is at it.
    Running,
    /// Done.
    Done,
    /// A dead letter.
    Dead,
    /// Stopped by somebody.
    Cancelled,
    /// It was not started in time.
    Expired,
    /// Another one took its place.
    Replaced,
}

impl TaskState {
    /// Every state.
    pub const ALL: [Self; 9] = [
        Self::Ready,
        Self::Scheduled,
        Self::Waiting,
        Self::Running,
        Self::Done,
        Self::Dead,
        Self::Cancelled,
        Self::Expired,
        Self::Replaced,
    ];

    /// Its name in answers and filters.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Scheduled => "scheduled",
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Replaced => "replaced",
        }
    }

    /// The state of that name, if there is one.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// A queue as it is now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueueState {
    /// As operators have set it.
    pub settings: QueueSettings,
    /// Tasks that may start now.
    pub ready: u64,
    /// Tasks not due yet.
    pub scheduled: u64,
    /// Tasks waiting for others of their lane.
    pub waiting: u64,
    /// Tasks somebody is at.
    pub running: u64,
    /// Dead letters.
    pub dead: u64,
    /// Since when the oldest ready task has been due.
    pub oldest_due: Option<Time>,
}

/// Which tasks are asked for. Nothing said means all.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskFilter {
    /// In this queue.
    pub queue: Option<String>,
    /// Of this kind.
    pub kind: Option<String>,
    /// With this unique key.
    pub key: Option<String>,
    /// For this community.
    pub tenant: Option<TenantId>,
    /// In this state.
    pub state: Option<TaskState>,
}

/// A task in a list, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskSummary {
    /// The task.
    pub id: Uuid,
    /// Its kind.
    pub kind: String,
    /// Its queue.
    pub queue: String,
    /// Its unique key.
    pub key: Option<String>,
    /// Its priority.
    pub priority: Priority,
    /// The community it is done for.
    pub tenant: TenantId,
    /// Where it stands.
    pub state: TaskState,
    /// How often it was tried.
    pub attempts: i32,
    /// When it was enqueued.
    pub enqueued_at: Time,
    /// When it is or was due.
    pub due_at: Option<Time>,
    /// When it ended.
    pub ended_at: Option<Time>,
    /// The last error's first line.
    pub error: Option<String>,
}

/// One time that somebody had the task in hands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The fencing token.
    pub token: i32,
    /// Which attempt it was.
    pub attempt: i32,
    /// How it ended: `done`, `failed`, `dead`, `snoozed`, `lost`, `returned`, `cancelled`, `expired`, `replaced` or
    /// `redriven`.
    pub outcome: String,
    /// When it began.
    pub started_at: Time,
    /// When it ended.
    pub ended_at: Time,
    /// The error with its causes.
    pub error: Option<String>,
    /// The process that did it.
    pub worker: Option<String>,
}

/// One task's life.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskLife {
    /// What the lists show.
    pub summary: TaskSummary,
    /// The version of its payload's shape.
    pub version: i32,
    /// What to do, with secrets masked.
    pub payload: Value,
    /// Where it comes from.
    pub origin: TaskOrigin,
    /// Its lane's key.
    pub lane: Option<String>,
    /// Every time somebody had it in hands, the first one first.
    pub runs: Vec<Run>,
    /// How far it has come.
    pub progress: Option<Progress>,
    /// What came out of it.
    pub result: Option<Value>,
}

/// What happened in one minute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ThroughputMinute {
    /// Its beginning.
    pub minute: Time,
    /// Tasks done.
    pub done: u64,
    /// Attempts that failed and will be repeated.
    pub failed: u64,
    /// Tasks that became dead letters.
    pub dead: u64,
}

/// A schedule as it is now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScheduleState {
    /// Its stable name.
    pub name: String,
    /// The kind of task it enqueues.
    pub kind: String,
    /// When, as a cron expression.
    pub cron: String,
    /// In which time zone.
    pub zone: String,
    /// Whether it is paused.
    pub paused: bool,
    /// The last tick it fired for.
    pub last_tick: Option<Time>,
    /// The next tick.
    pub next_tick: Option<Time>,
}

/// Which sagas are asked for. Nothing said means all.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SagaFilter {
    /// Of this kind.
    pub kind: Option<String>,
    /// With this correlation id.
    pub correlation: Option<String>,
    /// In this state: `running`, `waiting`, `stuck`, `compensating`, `done` or `undone`.
    pub state: Option<String>,
}

/// A saga in a list, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SagaSummary {
    /// The saga.
    pub id: Uuid,
    /// Its kind.
    pub kind: String,
    /// What ties it to the business: a bounty's or payout's id.
    pub correlation: String,
    /// `running`, `waiting`, `stuck`, `compensating`, `done` or `undone`.
    pub state: String,
    /// The step it is at.
    pub step: Option<String>,
    /// How often that step was tried.
    pub attempts: i32,
    /// When it is tried again or stops waiting.
    pub next_at: Option<Time>,
    /// The last error's first line.
    pub error: Option<String>,
    /// When it began.
    pub started_at: Time,
    /// When it last moved.
    pub updated_at: Time,
}

/// One step of a saga.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SagaStep {
    /// Its name.
    pub name: String,
    /// `pending`, `running`, `waiting`, `done`, `failed`, `skipped`, `compensating` or `undone`.
    pub state: String,
    /// How often it was tried.
    pub attempts: i32,
    /// What came out of it.
    pub output: Option<Value>,
    /// The last error with its causes.
    pub error: Option<String>,
    /// When it last moved.
    pub updated_at: Option<Time>,
}

/// One saga's life.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SagaLife {
    /// What the lists show.
    pub summary: SagaSummary,
    /// What it was started with, with secrets masked.
    pub input: Value,
    /// Its steps in order.
    pub steps: Vec<SagaStep>,
}

/// What operators ask.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ask", content = "of", rename_all = "snake_case")]
pub enum DeskQuestion {
    /// Every queue.
    Queues,
    /// Tasks, newest first: by descending id. The cursor is `Cursor::of` the last id, the same for every module, so that
    /// several modules' tasks can be shown as one list.
    Tasks(TaskFilter, PageRequest),
    /// How many tasks the filter matches.
    Count(TaskFilter),
    /// One task's life.
    Task(Uuid),
    /// What happened in each of the last minutes, as far back as ended tasks are kept.
    Throughput {
        /// How many.
        minutes: u32,
    },
    /// Every schedule.
    Schedules,
    /// Sagas, newest first: by descending id. The cursor is `Cursor::of` the last id, as for tasks.
    Sagas(SagaFilter, PageRequest),
    /// One saga's life.
    Saga(Uuid),
}

/// What operators order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "order", content = "of", rename_all = "snake_case")]
pub enum DeskOrder {
    /// Give one dead letter another life.
    Redrive(Uuid),
    /// Give every dead letter the filter matches another life.
    RedriveAll(TaskFilter),
    /// Stop a task: one that waits at once, one that runs as soon as it listens.
    Cancel(Uuid),
    /// Start nothing in this queue any more.
    Pause(String),
    /// Go on starting.
    Resume(String),
    /// Set how much of a queue may run.
    Limit(String, QueueLimits),
    /// Fire a schedule now, besides its ticks.
    RunNow(String),
    /// Stop a schedule from firing.
    PauseSchedule(String),
    /// Let a schedule fire again.
    ResumeSchedule(String),
    /// Try a saga's failed step again now.
    RetrySaga(Uuid),
    /// Take a saga's failed step as done.
    SkipStep(Uuid),
    /// Undo a saga now.
    CompensateSaga(Uuid),
}

/// What the desk answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", content = "with", rename_all = "snake_case")]
pub enum DeskAnswer {
    /// To `Queues`.
    Queues(Vec<QueueState>),
    /// To `Tasks`.
    Tasks(Page<TaskSummary>),
    /// To `Count`.
    Count(u64),
    /// To `Task`.
    Task(Option<Box<TaskLife>>),
    /// To `Throughput`.
    Throughput(Vec<ThroughputMinute>),
    /// To `Schedules`.
    Schedules(Vec<ScheduleState>),
    /// To `Sagas`.
    Sagas(Page<SagaSummary>),
    /// To `Saga`.
    Saga(Option<Box<SagaLife>>),
}

/// A module's desk, near or far. Whoever asks must be allowed `platform.read_tasks`, whoever orders
/// `platform.order_tasks`; orders are audited in the module's own log.
#[async_trait::async_trait]
pub trait TaskDesk: Send + Sync {
    /// Answers a question.
    ///
    /// # Errors
    /// `Forbidden`; `Invalid` for a cursor or limit that is not one; `Unavailable`.
    async fn ask(&self, caller: &Caller, question: DeskQuestion) -> Result<DeskAnswer, Fault>;

    /// Carries out an order. How many tasks, queues or sagas it touched.
    ///
    /// # Errors
    /// `Forbidden`; `Invalid` for limits of 0; `NotFound` when there is no such task, queue, schedule or saga; `Conflict`
    /// when its state stands against it, `Stale` when that changed meanwhile each time it was decided;
    /// `request.idempotency_key_reused` when the caller's key stands for another order; `Unavailable`.
    async fn order(&self, caller: &Caller, order: DeskOrder) -> Result<u64, Fault>;
}
