//! A desk that keeps everything in memory, remembers what it was told, and falls silent when asked to.

use kernel::{
    Actor, Caller, Cursor, DeskAnswer, DeskOrder, DeskQuestion, Fault, Page, Priority, Progress, QueueLimits,
    QueueSettings, QueueState, Role, Run, SagaLife, SagaStep, SagaSummary, ScheduleState, TaskDesk, TaskFilter,
    TaskLife, TaskOrigin, TaskState, TaskSummary, TenantId, ThroughputMinute, Time, UserId, reasons,
};
use serde_json::json;
use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use uuid::Uuid;

/// A desk in memory.
#[derive(Default)]
pub(crate) struct Desk {
    pub(crate) queues: Mutex<Vec<QueueState>>,
    pub(crate) tasks: Mutex<Vec<TaskLife>>,
    pub(crate) schedules: Mutex<Vec<ScheduleState>>,
    pub(crate) sagas: Mutex<Vec<SagaLife>>,
    pub(crate) minutes: Mutex<Vec<ThroughputMinute>>,
    /// Every order, with whoever gave it.
    pub(crate) orders: Mutex<Vec<(Caller, DeskOrder)>>,
    pub(crate) silent: AtomicBool,
    /// What every question and order fails with.
    pub(crate) fails: Mutex<Option<Fault>>,
    /// What every order fails with.
    pub(crate) fails_orders: Mutex<Option<Fault>>,
    /// Whether orders are carried out and their answers lost.
    pub(crate) loses_answers: AtomicBool,
    /// Whether questions are never answered.
    pub(crate) hangs: AtomicBool,
    /// After how many tasks or sagas a look gives up, however few of them matched. Never when 0.
    pub(crate) gives_up_after: AtomicUsize,
}

#[async_trait::async_trait]
impl TaskDesk for Desk {
    async fn ask(&self, _: &Caller, question: DeskQuestion) -> Result<DeskAnswer, Fault> {
        self.is_there()?;
        if self.hangs.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        Ok(match question {
            DeskQuestion::Queues => DeskAnswer::Queues(self.queues.lock().unwrap().clone()),
            DeskQuestion::Tasks(filter, page) => {
                let before = page.cursor.map(|cursor| cursor.key::<Uuid>()).transpose()?;
                let mut all = self.matching(&TaskFilter::default());
                all.retain(|task| before.is_none_or(|before| task.id < before));
                let matching: HashSet<Uuid> = self.matching(&filter).iter().map(|task| task.id).collect();
                let is = |task: &TaskSummary| matching.contains(&task.id);
                DeskAnswer::Tasks(self.look(all, is, page.limit.unwrap(), |task| task.id))
            }
            DeskQuestion::Count(filter) => DeskAnswer::Count(self.matching(&filter).len() as u64),
            DeskQuestion::Task(id) => {
                let tasks = self.tasks.lock().unwrap();
                DeskAnswer::Task(tasks.iter().find(|life| life.summary.id == id).cloned().map(Box::new))
            }
            DeskQuestion::Throughput { minutes } => {
                let all = self.minutes.lock().unwrap();
                DeskAnswer::Throughput(all.iter().rev().take(minutes as usize).rev().cloned().collect())
            }
            DeskQuestion::Schedules => DeskAnswer::Schedules(self.schedules.lock().unwrap().clone()),
            DeskQuestion::Sagas(filter, page) => {
                let before = page.cursor.map(|cursor| cursor.key::<Uuid>()).transpose()?;
                let sagas = self.sagas.lock().unwrap();
                let mut found: Vec<SagaSummary> = sagas.iter().map(|life| life.summary.clone()).collect();
                found.retain(|saga| before.is_none_or(|before| saga.id < before));
                found.sort_by_key(|saga| std::cmp::Reverse(saga.id));
                let is = |saga: &SagaSummary| filter.state.as_ref().is_none_or(|state| saga.state == *state);
                DeskAnswer::Sagas(self.look(found, is, page.limit.unwrap(), |saga| saga.id))
            }
            DeskQuestion::Saga(id) => {
                let sagas = self.sagas.lock().unwrap();
                DeskAnswer::Saga(sagas.iter().find(|life| life.summary.id == id).cloned().map(Box::new))
            }
        })
    }

    async fn order(&self, caller: &Caller, order: DeskOrder) -> Result<u64, Fault> {
        self.is_there()?;
        if let Some(fault) = self.fails_orders.lock().unwrap().clone() {
            return Err(fault);
        }
        let touched = match &order {
            DeskOrder::Redrive(id) if self.state(*id) != Some(TaskState::Dead) => {
                return Err(Fault::received(
                    kernel::FaultCode::Conflict,
                    "task.not_dead",
                    "The task is not a dead letter.".into(),
                ));
            }
            DeskOrder::RedriveAll(filter) => self.matching(filter).len() as u64,
            DeskOrder::Pause(queue) | DeskOrder::Resume(queue) => {
                let mut queues = self.queues.lock().unwrap();
                let Some(found) = queues.iter_mut().find(|state| state.settings.name == *queue) else {
                    return Err(reasons::NO_ROUTE.fault().detail("There is no such queue."));
                };
                found.settings.paused = matches!(order, DeskOrder::Pause(_));
                1
            }
            _ => 1,
        };
        self.orders.lock().unwrap().push((caller.clone(), order));
        if self.loses_answers.load(Ordering::SeqCst) {
            return Err(reasons::DEADLINE.fault());
        }
        Ok(touched)
    }
}

impl Desk {
    fn is_there(&self) -> Result<(), Fault> {
        match self.fails.lock().unwrap().clone() {
            Some(fault) => Err(fault),
            None if self.silent.load(Ordering::SeqCst) => Err(reasons::PORTAL_DOWN.fault()),
            None => Ok(()),
        }
    }

    /// A page of those that match; short or empty, and with a next one, where the look gave up before its end.
    fn look<T>(&self, mut all: Vec<T>, matches: impl Fn(&T) -> bool, size: u32, id: fn(&T) -> Uuid) -> Page<T> {
        let patience = self.gives_up_after.load(Ordering::SeqCst);
        let gave_up = patience > 0 && all.len() > patience;
        if gave_up {
            all.truncate(patience);
        }
        let goes_on = all.last().filter(|_| gave_up).map(|last| Cursor::of(&id(last)));
        let mut page = Page::cut(all.into_iter().filter(matches).collect(), size.into(), id);
        page.next = page.next.or(goes_on);
        page
    }

    fn state(&self, id: Uuid) -> Option<TaskState> {
        self.tasks.lock().unwrap().iter().find(|life| life.summary.id == id).map(|life| life.summary.state)
    }

    fn matching(&self, filter: &TaskFilter) -> Vec<TaskSummary> {
        let tasks = self.tasks.lock().unwrap();
        let is = |wanted: &Option<String>, has: &str| wanted.as_ref().is_none_or(|wanted| wanted == has);
        let mut found: Vec<_> = tasks.iter().map(|life| life.summary.clone()).collect();
        found.retain(|task| {
            is(&filter.queue, &task.queue)
                && is(&filter.kind, &task.kind)
                && filter.key.as_ref().is_none_or(|key| task.key.as_ref() == Some(key))
                && filter.tenant.is_none_or(|tenant| task.tenant == tenant)
                && filter.state.is_none_or(|state| task.state == state)
        });
        found.sort_by_key(|task| std::cmp::Reverse(task.id));
        found
    }

    /// The last order given, with whoever gave it.
    pub(crate) fn last_order(&self) -> (Caller, DeskOrder) {
        self.orders.lock().unwrap().last().cloned().unwrap()
    }

    /// A queue of that name, with `dead` dead letters.
    pub(crate) fn queue(&self, name: &str, ready: u64, dead: u64, oldest_due: Option<Time>) {
        let settings = QueueSettings { name: name.to_owned(), paused: false, limits: QueueLimits::default() };
        let queue = QueueState { settings, ready, scheduled: 4, waiting: 1, running: 2, dead, oldest_due };
        self.queues.lock().unwrap().push(queue);
    }

    /// A task in that state, as somebody enqueued it.
    pub(crate) fn task(&self, number: u128, kind: &str, state: TaskState) -> Uuid {
        let id = Uuid::from_u128(number);
        let at = |second: i64| at(i64::try_from(number).unwrap() * 60 + second);
        let failed = matches!(state, TaskState::Dead | TaskState::Scheduled);
        let error = failed.then(|| "the mail server refused: 451 try again later".to_owned());
        let summary = TaskSummary {
            id,
            kind: kind.to_owned(),
            queue: "default".to_owned(),
            key: number.is_multiple_of(2).then(|| format!("thread-{number}")),
            priority: Priority::Normal,
            tenant: TenantId::FIRST,
            state,
            attempts: if failed { 3 } else { 1 },
            enqueued_at: at(0),
            due_at: Some(at(1)),
            ended_at: (state == TaskState::Dead).then(|| at(40)),
            error: error.clone(),
        };
        let run = |attempt: i32, outcome: &str| Run {
            token: attempt,
            attempt,
            outcome: outcome.to_owned(),
            started_at: at(i64::from(attempt) * 10),
            ended_at: at(i64::from(attempt) * 10 + 2),
            error: error.clone().map(|error| format!("{error}\ncaused by: connection reset by peer")),
            worker: Some("polity-1:4711".to_owned()),
        };
        let runs = if failed { vec![run(1, "failed"), run(2, "failed"), run(3, "dead")] } else { Vec::new() };
        let ada = Actor::user(TenantId::FIRST, UserId(Uuid::from_u128(7)), Role::Member, "Ada");
        let life = TaskLife {
            summary,
            version: 2,
            payload: json!({ "thread_id": Uuid::from_u128(9), "to": "bo@example.org", "token": "***" }),
            origin: TaskOrigin {
                actor: ada,
                operation: "forum.post_reply".to_owned(),
                request_id: "request-1".to_owned(),
                trace: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
                caused_by: None,
            },
            lane: Some("thread-9".to_owned()),
            runs,
            progress: (state == TaskState::Running).then(|| Progress {
                percent: Some(40),
                note: "4 of 10 letters sent".to_owned(),
                checkpoint: None,
            }),
            result: None,
        };
        self.tasks.lock().unwrap().push(life);
        id
    }

    /// A schedule of that name.
    pub(crate) fn schedule(&self, name: &str, kind: &str, paused: bool) {
        self.schedules.lock().unwrap().push(ScheduleState {
            name: name.to_owned(),
            kind: kind.to_owned(),
            cron: "0 3 * * *".to_owned(),
            zone: "Europe/Berlin".to_owned(),
            paused,
            last_tick: Some(at(0)),
            next_tick: Some(at(86_400)),
        });
    }

    /// A saga in that state, at its second step of three.
    pub(crate) fn saga(&self, number: u128, state: &str) -> Uuid {
        let id = Uuid::from_u128(number);
        let stuck = state == "stuck";
        let error = stuck.then(|| "the ledger refused: hold expired".to_owned());
        let step = |name: &str, state: &str| SagaStep {
            name: name.to_owned(),
            state: state.to_owned(),
            attempts: if state == "failed" { 12 } else { i32::from(state != "pending") },
            output: (state == "done").then(|| json!({ "hold_id": Uuid::from_u128(33) })),
            error: error.clone().filter(|_| state == "failed"),
            updated_at: (state != "pending").then(|| at(120)),
        };
        let summary = SagaSummary {
            id,
            kind: "forum.award_bounty".to_owned(),
            correlation: format!("bounty-{number}"),
            state: state.to_owned(),
            step: Some("transfer".to_owned()),
            attempts: 12,
            next_at: stuck.then(|| at(7200)),
            error: error.clone(),
            started_at: at(0),
            updated_at: at(120),
        };
        let second = match state {
            "stuck" => "failed",
            "running" | "compensating" => state,
            _ => "waiting",
        };
        let steps = vec![step("hold", "done"), step("transfer", second), step("notify", "pending")];
        let input = json!({ "bounty_id": Uuid::from_u128(number), "amount_minor": 5000 });
        self.sagas.lock().unwrap().push(SagaLife { summary, input, steps });
        id
    }

    /// A saga that is stuck on its way back: its second step cannot be undone.
    pub(crate) fn saga_stuck_going_back(&self, number: u128) -> Uuid {
        let id = self.saga(number, "stuck");
        let mut sagas = self.sagas.lock().unwrap();
        let life = sagas.iter_mut().find(|life| life.summary.id == id).unwrap();
        "compensating".clone_into(&mut life.steps[1].state);
        id
    }

    /// An hour of work, with some trouble in the middle.
    pub(crate) fn hour(&self, begin: Time) {
        let minute = |n: u32| ThroughputMinute {
            minute: begin + chrono::TimeDelta::minutes(n.into()),
            done: u64::from(20 + n * 7 % 40),
            failed: if (25..33).contains(&n) { u64::from(n % 5) * 2 } else { 0 },
            dead: u64::from(n == 32) * 3,
        };
        *self.minutes.lock().unwrap() = (0..60).map(minute).collect();
    }
}

/// So many seconds into the test's day.
pub(crate) fn at(second: i64) -> Time {
    "2030-01-01T00:00:00Z".parse::<Time>().unwrap() + chrono::TimeDelta::seconds(second)
}
