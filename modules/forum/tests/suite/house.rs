//! A community with the forum in it and nobody else: auth's log and everybody's credentials are made up. Time stands
//! still and identifiers count.

use crate::requests::{Answer, Ask};
use auth_contract::{ProfileChanged, UserRegistered};
use axum::Router;
use axum::http::StatusCode;
use engine_cedar::{CedarDecisionPoint, PolicyPart};
use kernel::{
    Actor, AuditEntry, Caller, Credential, DecisionPoint, Event, EventLog, EventPayload, Fault, Gate, Identify, Ids,
    NewTask, Position, Role, TaskOrigin, TaskQueue, TaskState, TenantId, UserId, reasons,
};
use runtime::http::{Problem, Web, layered};
use runtime::{Context, Logs, Migrate, Module, ModuleSpec, Portals, Supervisor};
use serde_json::{Value, json};
use settings::{DatabaseUrl, Inputs, Settings};
use std::sync::Arc;
use std::time::Duration;
use store::{SqlTaskQueue, Store, StoreOptions, statement};
use testkit::{Engine, InMemoryLog, ManualClock, Scenario, SequentialIds, Stand, TestDatabase};
use uuid::Uuid;

/// A member.
pub(crate) const ADA: &str = "member 1";
/// Another member.
pub(crate) const BO: &str = "member 2";
/// A moderator.
pub(crate) const MO: &str = "moderator 3";
/// An administrator.
pub(crate) const ROOT: &str = "administrator 4";

/// Where the forum's REST lives.
pub(crate) const API: &str = "/api/v1/forum";

/// The forum, running.
pub(crate) struct House {
    pub(crate) auth: Arc<InMemoryLog>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) decisions: Arc<dyn DecisionPoint>,
    pub(crate) router: Router,
    module: Arc<dyn Module>,
    ids: Arc<dyn Ids>,
    /// The forum's database as another process sees it.
    store: Store,
    _workers: Supervisor,
    _database: TestDatabase,
}

/// A thread and its first post.
pub(crate) struct Started {
    pub(crate) id: String,
    pub(crate) post_id: String,
}

/// Person number `n`.
pub(crate) fn person(n: u32) -> UserId {
    UserId(Uuid::from_u128(0x7000_8000_0000_0000_0000 + u128::from(n)))
}

impl House {
    /// With one category, `help`, on a fresh SQLite file.
    pub(crate) async fn new() -> Self {
        Self::on(Engine::Sqlite).await.unwrap()
    }

    /// With one category, `help`, on a fresh database of that engine; nothing when it is not installed.
    pub(crate) async fn on(engine: Engine) -> Option<Self> {
        let house = Self::bare(engine).await?;
        house.makes_category("help").await;
        Some(house)
    }

    /// Before anybody has made a category.
    pub(crate) async fn bare(engine: Engine) -> Option<Self> {
        let database = TestDatabase::new(engine).await?;
        let settings = settings(&database.url);
        let (clock, ids) = (Arc::new(ManualClock::default()), Arc::new(SequentialIds::default()));
        let decisions: Arc<dyn DecisionPoint> = Arc::new(policies());
        let logs = Logs::default();
        let auth = Arc::new(InMemoryLog::default());
        logs.want("auth").fill(Arc::clone(&auth) as Arc<dyn EventLog>);
        let gate = Gate::new(Arc::clone(&decisions), ids.clone());
        let context = Context {
            settings: Arc::new(settings.clone()),
            clock: clock.clone(),
            ids: ids.clone(),
            gate: gate.clone(),
            decisions: Arc::clone(&decisions),
            portals: Portals::default(),
            logs,
            desks: runtime::Desks::default(),
            mailer: None,
            files: None,
            migrate: Migrate::Run,
        };
        let module = (forum::SPEC.build)(context).await.unwrap();
        let options = StoreOptions::of(&settings, "forum");
        let store = Store::open("forum", &options, &[], clock.clone(), ids.clone()).await.unwrap();
        let web = Web::new(settings.http, gate, Arc::new(Names), clock.clone(), ids.clone(), error_page);
        let router = layered(module.routes(), Arc::new(web));
        let mut workers = Supervisor::default();
        for worker in module.workers() {
            workers.keep(worker.name, worker.work);
        }
        Some(Self { auth, clock, decisions, router, module, ids, store, _workers: workers, _database: database })
    }

    pub(crate) fn ask(&self, method: &str, path: &str) -> Ask<'_> {
        Ask::new(&self.router, method, path)
    }

    pub(crate) fn get(&self, path: &str) -> Ask<'_> {
        self.ask("GET", path)
    }

    pub(crate) fn post(&self, path: &str) -> Ask<'_> {
        self.ask("POST", path)
    }

    /// A page as a browser asks for it.
    pub(crate) async fn page(&self, path: &str, who: Option<&str>) -> Answer {
        self.get(path).by_anybody(who).header("accept", "text/html").send().await
    }

    /// A category whose name is its short name.
    pub(crate) async fn makes_category(&self, slug: &str) -> Value {
        let made = self.post(&format!("{API}/categories")).by(ROOT).json(json!({ "slug": slug, "name": slug })).await;
        made.expect(StatusCode::CREATED).json()
    }

    /// A thread in `help`.
    pub(crate) async fn starts(&self, who: &str, title: &str, body: &str) -> Started {
        let help = self.help().await;
        let input = json!({ "category_id": help, "title": title, "body": body });
        let made = self.post(&format!("{API}/threads")).by(who).json(input).await.expect(StatusCode::CREATED).json();
        Started { id: text(&made["id"]), post_id: text(&made["post_id"]) }
    }

    /// The id of the category `help`.
    pub(crate) async fn help(&self) -> String {
        let categories = self.get(&format!("{API}/categories")).send().await.json();
        let items = categories["items"].as_array().unwrap();
        text(&items.iter().find(|category| category["slug"] == "help").unwrap()["id"])
    }

    /// What a reply comes back with.
    pub(crate) async fn replies(&self, who: &str, thread: &Started, body: &str) -> Answer {
        self.post(&format!("{API}/threads/{}/posts", thread.id)).by(who).json(json!({ "body": body })).await
    }

    /// `count` replies by Bo, each its own text.
    pub(crate) async fn fills(&self, thread: &Started, count: usize) {
        for n in 0..count {
            self.replies(BO, thread, &format!("Reply {n}.")).await.expect(StatusCode::CREATED);
        }
    }

    /// A moderator closes the thread.
    pub(crate) async fn locks(&self, thread: &Started) {
        let path = format!("{API}/threads/{}/lock", thread.id);
        self.ask("PUT", &path).by(MO).send().await.expect(StatusCode::NO_CONTENT);
    }

    pub(crate) async fn thread(&self, thread: &Started) -> Value {
        self.get(&format!("{API}/threads/{}?limit=100", thread.id)).send().await.expect(StatusCode::OK).json()
    }

    pub(crate) async fn read(&self, post_id: &str) -> Value {
        self.get(&format!("{API}/posts/{post_id}")).send().await.expect(StatusCode::OK).json()
    }

    /// A story in which auth's log must be heard to its end, and the forum's own gives signals.
    pub(crate) fn story(&self) -> Scenario {
        let store = self.store.clone();
        let cursors = move || {
            let store = store.clone();
            async move { store.cursors().await }
        };
        let auth = Arc::clone(&self.auth) as Arc<dyn EventLog>;
        Scenario::default().log("auth", auth).signals("forum", self.module.log()).subscribers(cursors)
    }

    /// Where the forum's subscribers stand.
    pub(crate) async fn cursors(&self) -> Vec<Stand> {
        self.store.cursors().await.unwrap()
    }

    /// Auth tells of something.
    pub(crate) fn auth_tells<P: EventPayload>(&self, payload: &P) -> Event {
        let event = Event {
            id: self.ids.next(),
            source: "auth".to_owned(),
            kind: P::KIND.to_owned(),
            key: payload.key(),
            tenant: TenantId::FIRST,
            time: "2030-01-01T00:00:00Z".parse().unwrap(),
            actor: "guest".to_owned(),
            operation: "auth.register".to_owned(),
            request_id: "request".to_owned(),
            trace: None,
            data: serde_json::to_value(payload).unwrap(),
        };
        self.auth.append(event.clone());
        event
    }

    /// Person `n` registers, and the forum has heard of it.
    pub(crate) async fn joins(&self, n: u32, handle: &str, display_name: &str) {
        let mut story = self.story();
        let registers = async {
            self.auth_tells(&UserRegistered {
                user_id: person(n).to_string(),
                handle: handle.to_owned(),
                display_name: display_name.to_owned(),
                registered_at_ms: 1_893_456_000_000,
            })
        };
        story.when("somebody registers", registers).await;
        story.finish().await;
    }

    /// Person `n` goes by another name.
    pub(crate) fn renames(&self, n: u32, handle: &str, display_name: &str) -> Event {
        let (handle, display_name) = (handle.to_owned(), display_name.to_owned());
        self.auth_tells(&ProfileChanged { user_id: person(n).to_string(), handle, display_name })
    }

    /// Somebody meddles with the tables.
    pub(crate) async fn meddles(&self, sql: &str) {
        let touched = self.store.note(statement(self.store.backend(), sql, [])).await.unwrap();
        assert_ne!(touched, 0, "{sql}");
    }

    /// A task of that kind is done; its result.
    pub(crate) async fn does(&self, kind: &'static str) -> Value {
        let (queue, origin) = (SqlTaskQueue::of(&self.store), TaskOrigin::service(TenantId::FIRST, "tests"));
        let enqueued = queue.enqueue(&origin, vec![NewTask::new(kind, 1, json!({}))]).await.unwrap();
        let done = testkit::within(testkit::PATIENCE, async || {
            let life = self.store.task_life(enqueued[0].id()).await.unwrap().unwrap();
            (life.summary.state == TaskState::Done).then_some(life.result)
        });
        done.await.unwrap_or_else(|| panic!("{kind} is not done")).unwrap_or(Value::Null)
    }

    /// Everything in the forum's own log.
    pub(crate) async fn everything_told(&self) -> Vec<Event> {
        let batch = self.module.log().read(Position::START, 10_000, Duration::ZERO).await.unwrap();
        batch.events.into_iter().map(|sequenced| sequenced.event).collect()
    }

    /// The forum's own log, audit entries left out.
    pub(crate) async fn told(&self) -> Vec<Event> {
        self.everything_told().await.into_iter().filter(|event| !AuditEntry::is_kind(&event.kind)).collect()
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}

pub(crate) fn policies() -> CedarDecisionPoint {
    let ModuleSpec { name: module, schema, policies, operations, .. } = &forum::SPEC;
    let part = PolicyPart { module, schema, policies, operations };
    CedarDecisionPoint::build(&[part]).unwrap_or_else(|faults| panic!("{faults}"))
}

fn settings(url: &str) -> Settings {
    let variables = [("ENVIRONMENT".to_owned(), "test".to_owned())].into();
    let mut settings = settings::load(&Inputs { variables, ..Inputs::default() }).unwrap().settings;
    settings.store.url = Some(DatabaseUrl::new(url));
    settings.http.rate_limit.enabled = false;
    settings
}

fn error_page(problem: &Problem, _: Option<&Caller>) -> String {
    format!("error page: {} {}", problem.status, problem.reason)
}

/// Believes whatever a bearer token says: a role and a person's number.
struct Names;

#[async_trait::async_trait]
impl Identify for Names {
    async fn identify(&self, credential: &Credential, tenant: TenantId) -> Result<Actor, Fault> {
        let Credential::Bearer(token) = credential else { return Err(reasons::CREDENTIAL.fault()) };
        let (role, n) = token.split_once(' ').unwrap();
        Ok(Actor::user(tenant, person(n.parse().unwrap()), Role::parse(role).unwrap(), "Somebody"))
    }
}
