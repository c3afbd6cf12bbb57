//! A market whose sales are sagas over cashier and courier, in one process or split, and what must be true of each sale
//! when it has ended.

use crate::toys::{
    self, Done, Entry, HOLD, InProcess, NOTIFY, PACK, PAY, RELEASE, Server, Toy, Trouble, UNPACK, ask, entries, far,
    permit,
};
use kernel::{
    Actor, Caller, Clock, Fault, FaultCode, Ids, PageRequest, SagaFilter, SagaLife, SagaSummary, SystemClock,
    SystemIds, TaskQueue, TenantId, Time, Transport,
};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;
use store::{SqlTaskQueue, Store, statement};
use taskmill::saga::{Advance, Local, Plan, Saga, SagaHome, Sagas, Signal, Step, Tries, Turn, Verdict, Wait, start};
use taskmill::{Retry, Tasks, Worker, WorkerOptions};
use testkit::{Engine, TestDatabase, eventually};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The module the sagas live in.
pub(crate) struct Market {
    pub(crate) store: Store,
    pub(crate) cashier: Arc<dyn Transport>,
    pub(crate) courier: Arc<dyn Transport>,
    pub(crate) life: Life,
}

/// How long this process lives, for those whose work is counted.
pub(crate) struct Life {
    pub(crate) polls_left: AtomicUsize,
    pub(crate) died: Notify,
    pub(crate) die: Box<dyn Fn() + Send + Sync>,
}

impl Life {
    /// It ends after so many polls, by this.
    pub(crate) fn ending_with(polls: usize, die: impl Fn() + Send + Sync + 'static) -> Self {
        Self { polls_left: AtomicUsize::new(polls), died: Notify::new(), die: Box::new(die) }
    }
}

impl SagaHome for Market {
    fn store(&self) -> &Store {
        &self.store
    }
}

/// A sale: money is held while the parcel is packed; whoever disputes in time gets everything undone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Sale {
    pub(crate) whose: String,
    pub(crate) window_ends: Time,
    pub(crate) hold: Option<Uuid>,
    pub(crate) parcel: Option<Uuid>,
}

impl Saga for Sale {
    type Home = Market;
    const KIND: &'static str = "market.sale";
    const SECRETS: &'static [&'static str] = &["window_ends"];

    fn plan(_: i32) -> Option<Plan<Self>> {
        let plan = Plan::new()
            .then(
                Step::call("hold", hold)
                    .keeping(|sale: &mut Sale, id: Uuid| sale.hold = Some(id))
                    .undone_by(release)
                    .trying(quick())
                    .within(Duration::from_millis(1_500)),
            )
            .then_together(
                Step::call("pack", pack)
                    .keeping(|sale: &mut Sale, id: Uuid| sale.parcel = Some(id))
                    .undone_by(unpack)
                    .trying(quick())
                    .and(Step::local("mark", mark).undone_locally_by(unmark).trying(quick())),
            )
            .wait(
                Wait::named("dispute window")
                    .on("disputed", Verdict::Undo)
                    .on("frozen", Verdict::StopTheClock)
                    .on("cleared", Verdict::GoOn)
                    .until(|sale: &Sale| sale.window_ends, Verdict::GoOn),
            )
            .then(Step::call("pay", pay).trying(quick()).point_of_no_return())
            .then(Step::call("notify", notify).trying(quick()));
        Some(plan)
    }
}

fn quick() -> Tries {
    let pauses = Retry { first: Duration::from_millis(2), longest: Duration::from_millis(20) };
    Tries::times(4).pausing(pauses).then_every(Duration::from_hours(1))
}

async fn hold(market: &Market, turn: Turn<Sale>) -> Result<Uuid, Fault> {
    ask(&market.cashier, &HOLD, &turn.caller, json!({ "whose": turn.data.whose })).await
}

async fn release(market: &Market, turn: Turn<Sale>) -> Result<(), Fault> {
    let request = json!({ "whose": turn.data.whose, "of": turn.data.hold });
    ask(&market.cashier, &RELEASE, &turn.caller, request).await.map(drop)
}

async fn pack(market: &Market, turn: Turn<Sale>) -> Result<Uuid, Fault> {
    assert!(turn.data.hold.is_some(), "what was held is known to later steps");
    ask(&market.courier, &PACK, &turn.caller, json!({ "whose": turn.data.whose })).await
}

async fn unpack(market: &Market, turn: Turn<Sale>) -> Result<(), Fault> {
    let request = json!({ "whose": turn.data.whose, "of": turn.data.parcel });
    ask(&market.courier, &UNPACK, &turn.caller, request).await.map(drop)
}

async fn mark(_: &Market, turn: Turn<Sale>) -> Result<Local, Fault> {
    Ok(Local::new(permit(&turn.caller), entry("mark", &turn.data.whose)))
}

async fn unmark(_: &Market, turn: Turn<Sale>) -> Result<Local, Fault> {
    Ok(Local::new(permit(&turn.caller), entry("unmark", &turn.data.whose)))
}

async fn pay(market: &Market, turn: Turn<Sale>) -> Result<Uuid, Fault> {
    ask(&market.cashier, &PAY, &turn.caller, json!({ "whose": turn.data.whose })).await
}

async fn notify(market: &Market, turn: Turn<Sale>) -> Result<(), Fault> {
    ask(&market.courier, &NOTIFY, &turn.caller, json!({ "whose": turn.data.whose })).await.map(drop)
}

pub(crate) fn entry(what: &str, whose: &str) -> Entry {
    Entry { id: SystemIds.next(), what: what.to_owned(), whose: whose.to_owned() }
}

/// Where cashier and courier are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Topology {
    OneProcess,
    Split,
}

/// All three modules, each with its own database.
pub(crate) struct House {
    pub(crate) market: Arc<Market>,
    pub(crate) trouble: Arc<Trouble>,
    pub(crate) toys: [Store; 2],
    pub(crate) databases: [TestDatabase; 3],
    pub(crate) cashier: Option<Server>,
}

impl House {
    /// None when the engine is not installed.
    pub(crate) async fn on(engine: Engine, topology: Topology) -> Option<Self> {
        let databases =
            [TestDatabase::new(engine).await?, TestDatabase::new(engine).await?, TestDatabase::new(engine).await?];
        let market = toys::open("market", &databases[0].url).await;
        let toys = [toys::open("cashier", &databases[1].url).await, toys::open("courier", &databases[2].url).await];
        for store in [&market, &toys[0], &toys[1]] {
            store::migrate::<toys::Migrator>(store).await.unwrap();
        }
        let trouble = Arc::new(Trouble::default());
        let near = |store: &Store| -> Arc<dyn Transport> {
            Arc::new(InProcess(Arc::new(Toy { store: store.clone(), trouble: trouble.clone() })))
        };
        let (courier, mut cashier, mut server) = (near(&toys[1]), near(&toys[0]), None);
        if topology == Topology::Split {
            let started = cashier_server(&databases[1].url, &trouble);
            cashier = far(started.address);
            server = Some(started);
        }
        let market = Arc::new(Market { store: market, cashier, courier, life: Life::ending_with(usize::MAX, || ()) });
        Some(Self { market, trouble, toys, databases, cashier: server })
    }

    /// Starts a sale with this correlation id, in which a dispute is possible for so long.
    pub(crate) async fn sells(&self, whose: &str, window: Duration) -> Uuid {
        let window_ends = SystemClock.now() + window;
        let sale = Sale { whose: whose.to_owned(), window_ends, hold: None, parcel: None };
        let started = start(&self.market.store, &buyer(), whose, &sale).unwrap();
        let effects = (Vec::new(), started.tasks);
        self.market.store.commit(permit(&buyer()), started.change, effects, started.id).await.unwrap()
    }

    pub(crate) fn signal(&self, whose: &str, name: &str) -> Signal {
        Signal::to::<Sale>(&self.market.store, TenantId::FIRST, whose, name)
    }

    pub(crate) async fn tell(&self, signal: Signal) -> Result<(), Fault> {
        let (change, tasks) = signal.sent()?;
        self.market.store.commit(permit(&buyer()), change, (Vec::new(), tasks), ()).await
    }

    pub(crate) fn sagas(&self) -> Sagas {
        Sagas::in_store(&self.market.store).saga::<Sale>()
    }

    pub(crate) async fn sale(&self, id: Uuid) -> SagaLife {
        self.sagas().life(id).await.unwrap().unwrap()
    }

    /// Every saga in this state, page by page.
    pub(crate) async fn listed(&self, state: &str) -> Vec<SagaSummary> {
        self.all(&SagaFilter { state: Some(state.to_owned()), ..SagaFilter::default() }).await
    }

    async fn all(&self, filter: &SagaFilter) -> Vec<SagaSummary> {
        let (mut all, mut cursor) = (Vec::new(), None);
        loop {
            let wanted = PageRequest { limit: Some(50), cursor: cursor.clone() };
            let page = match self.sagas().list(filter, &wanted).await {
                // Where many servers start at the same time, one may not answer at once.
                Err(fault) if fault.code == FaultCode::Unavailable => continue,
                page => page.unwrap(),
            };
            all.extend(page.items);
            cursor = page.next;
            if cursor.is_none() {
                return all;
            }
        }
    }

    /// Waits until the sale is in this state.
    pub(crate) async fn comes_to(&self, id: Uuid, state: &str) {
        eventually(&format!("{id} is {state}"), async || self.sale(id).await.summary.state == state).await;
    }

    pub(crate) async fn has_ended(&self, id: Uuid) -> bool {
        ["done", "undone"].contains(&self.sale(id).await.summary.state.as_str())
    }

    pub(crate) async fn ends(&self, id: Uuid) {
        eventually("the sale ends", async || self.has_ended(id).await).await;
    }

    /// Holds one ended sale against what was truly done.
    pub(crate) async fn is_whole(&self, id: Uuid) {
        whole(&self.done().await, &self.sale(id).await.summary);
    }

    /// Waits until every sale has ended, and holds each against what was truly done.
    pub(crate) async fn all_end_whole(&self) -> Vec<SagaSummary> {
        let ended = |sale: &SagaSummary| ["done", "undone"].contains(&sale.state.as_str());
        eventually("every sale has ended", async || self.all(&SagaFilter::default()).await.iter().all(ended)).await;
        let (done, sales) = (self.done().await, self.all(&SagaFilter::default()).await);
        for sale in &sales {
            whole(&done, sale);
        }
        sales
    }

    /// What was done in all three modules.
    pub(crate) async fn done(&self) -> Done {
        let mut done = Done::new();
        for store in [&self.market.store, &self.toys[0], &self.toys[1]] {
            entries(store, &mut done).await;
        }
        done
    }

    /// How many rows of this table match.
    pub(crate) async fn count(&self, table: &str, matching: &str) -> i64 {
        let store = &self.market.store;
        let count = format!("SELECT COUNT(*) AS n FROM {table} WHERE {matching}");
        let row = store.primary().query_one_raw(statement(store.backend(), count, [])).await.unwrap().unwrap();
        row.try_get("", "n").unwrap()
    }

    /// Waits until nobody works and nothing is due.
    pub(crate) async fn rests(&self) {
        eventually("nothing is left to do now", async || {
            // In one statement: between two, a task may go from one table to the other.
            let busy = format!(
                "(SELECT task_id FROM task_running UNION ALL SELECT task_id FROM task_ready WHERE due_us <= {}) AS busy",
                SystemClock.now().timestamp_micros()
            );
            self.count(&busy, "1 = 1").await == 0
        })
        .await;
    }

    /// Lets whatever waits for its time start now.
    pub(crate) async fn hurry(&self) {
        let store = &self.market.store;
        store.note(statement(store.backend(), "UPDATE task_ready SET due_us = 0", [])).await.unwrap();
    }

    /// A worker for the market's tasks, until it is dropped.
    pub(crate) fn worker(&self) -> AtWork {
        AtWork::with(self.market.store.clone(), Tasks::of(self.market.clone()).task::<Advance<Sale>>())
    }
}

/// All done or all undone, each effect once.
pub(crate) fn whole(done: &Done, sale: &SagaSummary) {
    let times = |what: &str| done.get(&(sale.correlation.clone(), what.to_owned())).copied().unwrap_or(0);
    let counts = ["hold", "release", "pack", "unpack", "mark", "unmark", "pay", "notify"].map(times);
    match sale.state.as_str() {
        "done" => assert_eq!(counts, [1, 0, 1, 0, 1, 0, 1, 1], "{} is done", sale.correlation),
        "undone" => {
            let [hold, release, pack, unpack, mark, unmark, pay, notify] = counts;
            assert!(hold <= 1 && pack <= 1 && mark <= 1, "{}: {counts:?}", sale.correlation);
            assert_eq!((hold, pack, mark), (release, unpack, unmark), "{} is undone", sale.correlation);
            assert_eq!((pay, notify), (0, 0), "{} is undone", sale.correlation);
        }
        other => panic!("{} is {other}: {sale:?}", sale.correlation),
    }
}

pub(crate) fn cashier_server(url: &str, trouble: &Arc<Trouble>) -> Server {
    let (url, trouble) = (url.to_owned(), trouble.clone());
    Server::start(move || Box::pin(async move { Toy { store: toys::open("cashier", &url).await, trouble } }))
}

pub(crate) fn buyer() -> Caller {
    Caller::new(Actor::service(TenantId::FIRST, "tests"), "request")
}

/// Gives the tasks of everybody who holds any back to the queue, as others do when a process is not heard of any more.
pub(crate) async fn rescue(store: &Store) {
    let (queue, me) = (SqlTaskQueue::of(store), SystemIds.next());
    queue.join(me, "rescuer", &[]).await.unwrap();
    for (holder, beats) in queue.beat(me).await.unwrap().others {
        queue.rescue(holder, beats).await.unwrap();
    }
    queue.leave(me).await.unwrap();
}

pub(crate) fn worker_options() -> WorkerOptions {
    WorkerOptions { lease: Duration::from_millis(600), poll: Duration::from_millis(50), ..WorkerOptions::default() }
}

pub(crate) fn worker<M: Send + Sync + 'static>(store: &Store, tasks: Tasks<M>) -> Worker<M> {
    let queue = Arc::new(SqlTaskQueue::of(store));
    Worker::new("market", queue, Arc::new(tasks), Arc::new(SystemClock), Arc::new(SystemIds), worker_options())
}

/// A worker at work. Dropped, it is gone as if its process had been killed.
pub(crate) struct AtWork(tokio::task::JoinHandle<()>);

impl AtWork {
    #[expect(clippy::disallowed_methods, reason = "the test is the supervisor")]
    pub(crate) fn with<M: Send + Sync + 'static>(store: Store, tasks: Tasks<M>) -> Self {
        let worker = worker(&store, tasks);
        Self(tokio::spawn(worker.run(CancellationToken::new())))
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.abort();
    }
}
