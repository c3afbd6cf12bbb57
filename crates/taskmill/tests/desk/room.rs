//! A database with tasks in it, somebody who works on them by hand, and the desk.

use kernel::{
    Actor, Caller, Claimed, Clock, DecisionPoint, DeskAnswer, DeskOrder, DeskQuestion, Ending, Enqueued, EventLog,
    Fault, Gate, NewTask, Operation, PageRequest, Permit, Position, QueueState, Resource, Settlement, TaskDesk,
    TaskFilter, TaskLife, TaskOrigin, TaskQueue, TaskState, TaskSummary, TenantId,
};
use sea_orm::ConnectionTrait;
use sea_orm_migration::{MigrationTrait, MigratorTrait};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use store::{Outbox, SqlTaskQueue, Store, StoreOptions, statement};
use taskmill::{Desk, House, Terms, TermsOf};
use testkit::{AllowAll, Engine, ManualClock, SequentialIds, TestDatabase};
use uuid::Uuid;

pub(crate) const LETTER: &str = "room.letter";
pub(crate) const NOTE: &str = "room.note";
pub(crate) const STRANGE: &str = "elsewhere.strange";
pub(crate) const HOUR: Duration = Duration::from_hours(1);

static USE_ROOM: Operation = Operation::command("room.use_room", "Room");

pub(crate) struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        store::base_migrations()
    }
}

/// Letters are kept for an hour and have a secret; notes are kept for a day; nobody knows anything else.
pub(crate) fn terms() -> TermsOf {
    let letter = Terms { keep: HOUR, secrets: &["seal"], ..Terms::default() };
    TermsOf::from([(LETTER, letter), (NOTE, Terms::default())])
}

pub(crate) struct Room {
    pub(crate) store: Store,
    pub(crate) queue: SqlTaskQueue,
    pub(crate) desk: Desk,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) ids: Arc<SequentialIds>,
    pub(crate) holder: Uuid,
    pub(crate) database: Arc<TestDatabase>,
}

impl Room {
    /// An empty one on `engine`; none when the engine is not installed.
    pub(crate) async fn on(engine: Engine) -> Option<Self> {
        let database = Arc::new(TestDatabase::new(engine).await?);
        let (clock, ids) = (Arc::new(ManualClock::default()), Arc::new(SequentialIds::default()));
        let store = open(&database, &clock, &ids).await;
        store::migrate::<Migrator>(&store).await.unwrap();
        Some(Self::over(store, clock, ids, database).await)
    }

    /// The same room as another process sees it.
    pub(crate) async fn elsewhere(&self) -> Self {
        let store = open(&self.database, &self.clock, &self.ids).await;
        Self::over(store, self.clock.clone(), self.ids.clone(), self.database.clone()).await
    }

    async fn over(store: Store, clock: Arc<ManualClock>, ids: Arc<SequentialIds>, database: Arc<TestDatabase>) -> Self {
        let queue = SqlTaskQueue::of(&store);
        let holder = kernel::Ids::next(ids.as_ref());
        queue.join(holder, "room:1", &["default", "slow"]).await.unwrap();
        let desk = desk_of(&store, AllowAll);
        Self { store, queue, desk, clock, ids, holder, database }
    }

    pub(crate) async fn put(&self, tasks: Vec<NewTask>) -> Vec<Enqueued> {
        self.put_for(TenantId::FIRST, tasks).await
    }

    pub(crate) async fn put_for(&self, tenant: TenantId, tasks: Vec<NewTask>) -> Vec<Enqueued> {
        self.queue.enqueue(&TaskOrigin::service(tenant, "room.tests"), tasks).await.unwrap()
    }

    pub(crate) async fn put_one(&self, task: NewTask) -> Uuid {
        self.put(vec![task]).await[0].id()
    }

    /// Everything that may start now, in this holder's hands.
    pub(crate) async fn claim(&self) -> Vec<Claimed> {
        let mut all = Vec::new();
        loop {
            let mut claim = self.queue.claim(self.holder, "default", 500).await.unwrap();
            all.append(&mut claim.tasks);
            if !claim.more {
                return all;
            }
        }
    }

    pub(crate) async fn end(&self, tasks: &[Claimed], ending: &Ending) {
        for some in tasks.chunks(500) {
            let ends: Vec<Settlement> =
                some.iter().map(|task| Settlement { task: task.clone(), ending: ending.clone() }).collect();
            let held = self.queue.settle(self.holder, &ends).await.unwrap();
            assert!(held.iter().all(|held| *held), "what is held can be ended");
        }
    }

    /// Does whatever may start now, in this way.
    pub(crate) async fn work_off(&self, ending: &Ending) -> Vec<Claimed> {
        let claimed = self.claim().await;
        self.end(&claimed, ending).await;
        claimed
    }

    /// A task that has become a dead letter.
    pub(crate) async fn dead(&self, task: NewTask) -> Uuid {
        let id = self.put_one(task).await;
        let claimed = self.claim().await;
        assert_eq!(claimed.iter().map(|task| task.id).collect::<Vec<_>>(), [id], "nothing else waits");
        self.end(&claimed, &died()).await;
        id
    }

    pub(crate) async fn order(&self, order: DeskOrder) -> Result<u64, Fault> {
        self.desk.order(&operator(), order).await
    }

    /// Why an order was refused.
    pub(crate) async fn refused(&self, order: DeskOrder) -> String {
        self.order(order).await.unwrap_err().reason.into_owned()
    }

    pub(crate) async fn ask(&self, question: DeskQuestion) -> DeskAnswer {
        self.desk.ask(&operator(), question).await.unwrap()
    }

    pub(crate) async fn page(&self, filter: &TaskFilter, page: PageRequest) -> kernel::Page<TaskSummary> {
        match self.ask(DeskQuestion::Tasks(filter.clone(), page)).await {
            DeskAnswer::Tasks(page) => page,
            other => panic!("{other:?} is no list of tasks"),
        }
    }

    pub(crate) async fn list(&self, filter: TaskFilter) -> Vec<Uuid> {
        self.page(&filter, PageRequest::default()).await.items.iter().map(|task| task.id).collect()
    }

    pub(crate) async fn count_matching(&self, filter: TaskFilter) -> u64 {
        match self.ask(DeskQuestion::Count(filter)).await {
            DeskAnswer::Count(count) => count,
            other => panic!("{other:?} is no count"),
        }
    }

    pub(crate) async fn life(&self, task: Uuid) -> TaskLife {
        match self.ask(DeskQuestion::Task(task)).await {
            DeskAnswer::Task(Some(life)) => *life,
            other => panic!("{other:?} is no life"),
        }
    }

    pub(crate) async fn state(&self, task: Uuid) -> TaskState {
        self.life(task).await.summary.state
    }

    pub(crate) async fn outcomes(&self, task: Uuid) -> Vec<String> {
        self.life(task).await.runs.into_iter().map(|run| run.outcome).collect()
    }

    pub(crate) async fn queue_named(&self, name: &str) -> QueueState {
        match self.ask(DeskQuestion::Queues).await {
            DeskAnswer::Queues(queues) => queues.into_iter().find(|queue| queue.settings.name == name).unwrap(),
            other => panic!("{other:?} are no queues"),
        }
    }

    /// What the module's log says of the orders, as the changes the audit names.
    pub(crate) async fn audited(&self) -> Vec<Value> {
        let batch = Outbox::of(&self.store).read(Position::START, 1_000, Duration::ZERO).await.unwrap();
        let entries = batch.events.into_iter().map(|event| event.event);
        entries.filter(|event| event.kind == "room.audit_entry.v1").map(|event| event.data).collect()
    }

    /// Leave for whatever this caller wants to commit.
    pub(crate) fn permit(&self, caller: &Caller) -> Permit {
        let gate = Gate::new(Arc::new(AllowAll), self.ids.clone());
        gate.permit(caller, &USE_ROOM, &Resource::new("Room", "any", TenantId::FIRST)).unwrap()
    }

    pub(crate) fn house(&self) -> House {
        House::new(self.store.clone(), terms())
    }

    pub(crate) async fn count(&self, table: &str) -> i64 {
        let count = statement(self.store.backend(), format!("SELECT COUNT(*) AS n FROM {table}"), []);
        self.store.primary().query_one_raw(count).await.unwrap().unwrap().try_get("", "n").unwrap()
    }

    pub(crate) async fn run(&self, sql: &str, values: Vec<sea_orm::Value>) {
        self.store.note(statement(self.store.backend(), sql, values)).await.unwrap();
    }

    pub(crate) fn now(&self) -> kernel::Time {
        self.clock.now()
    }
}

async fn open(database: &TestDatabase, clock: &Arc<ManualClock>, ids: &Arc<SequentialIds>) -> Store {
    let options = StoreOptions::at(&database.url);
    Store::open("room", &options, &[], clock.clone(), ids.clone()).await.unwrap()
}

pub(crate) fn desk_of(store: &Store, decisions: impl DecisionPoint + 'static) -> Desk {
    Desk::new(store, Gate::new(Arc::new(decisions), Arc::clone(store.ids())), terms())
}

pub(crate) fn operator() -> Caller {
    Caller::new(Actor::service(TenantId::FIRST, "operator"), "request-1")
}

pub(crate) fn letter() -> NewTask {
    NewTask::new(LETTER, 1, json!({ "to": "ada", "seal": "wax" }))
}

pub(crate) fn letters(count: usize) -> Vec<NewTask> {
    std::iter::repeat_with(letter).take(count).collect()
}

pub(crate) fn of_kind(kind: &'static str) -> NewTask {
    NewTask::new(kind, 1, json!({ "text": "hello" }))
}

pub(crate) fn done() -> Ending {
    Ending::Done { result: Value::Null }
}

pub(crate) fn died() -> Ending {
    Ending::Dead { error: "the address is unknown\nbecause: nobody lives there".to_owned() }
}

pub(crate) fn in_state(state: TaskState) -> TaskFilter {
    TaskFilter { state: Some(state), ..TaskFilter::default() }
}
