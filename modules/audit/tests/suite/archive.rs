//! Audit running beside modules that are made up: their logs say whatever a test needs.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use engine_cedar::{CedarDecisionPoint, PolicyPart};
use kernel::{Actor, AuditEntry, Caller, Credential, DecisionPoint, Event, EventLog, Fault, Gate, Identify, Ids};
use kernel::{
    NewTask, Position, Role, SystemIds, TaskLife, TaskOrigin, TaskQueue, TaskState, TenantId, UserId, reasons,
};
use runtime::http::{Problem, Web, layered};
use runtime::{Context, Logs, Migrate, Module, ModuleSpec, Portals, Supervisor};
use serde_json::{Value, json};
use settings::{DatabaseUrl, Inputs, Settings};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use store::{SqlTaskQueue, Store, StoreOptions, statement};
use tempfile::TempDir;
use testkit::{Engine, InMemoryFiles, InMemoryLog, ManualClock, SequentialIds, TestDatabase, eventually};
use tower::ServiceExt;
use uuid::Uuid;

/// Audit, running.
pub(crate) struct Archive {
    pub(crate) logs: BTreeMap<&'static str, Arc<InMemoryLog>>,
    /// Audit's database as another process sees it.
    pub(crate) store: Store,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) files: Arc<InMemoryFiles>,
    module: Arc<dyn Module>,
    router: Router,
    ids: Arc<dyn Ids>,
    _workers: Supervisor,
    _database: TestDatabase,
    _data: TempDir,
}

/// What a request came back with.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    /// The operations of a list, in its order.
    pub(crate) fn operations(&self) -> Vec<String> {
        let answer = self.json();
        let items = answer["items"].as_array().unwrap_or_else(|| panic!("{}", self.text));
        items.iter().map(|entry| entry["operation"].as_str().unwrap().to_owned()).collect()
    }
}

impl Archive {
    /// On a fresh SQLite file.
    pub(crate) async fn new() -> Self {
        Self::on(Engine::Sqlite).await.unwrap()
    }

    /// On a fresh database of that engine; nothing when it is not installed.
    pub(crate) async fn on(engine: Engine) -> Option<Self> {
        let database = TestDatabase::new(engine).await?;
        let data = TempDir::new().unwrap();
        let settings = settings(&database.url, data.path());
        let (clock, ids) = (Arc::new(ManualClock::default()), Arc::new(SequentialIds::default()));
        let files = Arc::<InMemoryFiles>::default();
        let decisions: Arc<dyn DecisionPoint> = Arc::new(policies());
        let wanted = Logs::default();
        let logs: BTreeMap<_, _> = ["auth", "admin", "forum", "platform", "audit"]
            .into_iter()
            .map(|module| (module, Arc::<InMemoryLog>::default()))
            .collect();
        for (module, log) in &logs {
            wanted.want(module).fill(Arc::clone(log) as Arc<dyn EventLog>);
        }
        let gate = Gate::new(Arc::clone(&decisions), ids.clone());
        let context = Context {
            settings: Arc::new(settings.clone()),
            clock: clock.clone(),
            ids: ids.clone(),
            gate: gate.clone(),
            decisions,
            portals: Portals::default(),
            logs: wanted,
            desks: runtime::Desks::default(),
            mailer: None,
            files: Some(files.clone()),
            migrate: Migrate::Run,
        };
        let module = (audit::SPEC.build)(context).await.unwrap();
        let options = StoreOptions::of(&settings, "audit");
        let store = Store::open("audit", &options, &[], clock.clone(), Arc::new(SystemIds)).await.unwrap();
        let web = Web::new(settings.http, gate, Arc::new(Names), clock.clone(), ids.clone(), error_page);
        let router = layered(module.routes(), Arc::new(web));
        let mut workers = Supervisor::default();
        // The clock enqueues nothing: what is sealed when is for the tests to say.
        for worker in module.workers().into_iter().filter(|worker| worker.role != runtime::Role::TaskmillScheduler) {
            workers.keep(worker.name, worker.work);
        }
        Some(Self {
            logs,
            store,
            clock,
            files,
            module,
            router,
            ids,
            _workers: workers,
            _database: database,
            _data: data,
        })
    }

    /// An entry as `operation`'s module would leave it, on the first of January 2030 at `minute` past midnight.
    pub(crate) fn entry(&self, operation: &str, minute: u32) -> AuditEntry {
        let person = UserId(Uuid::from_u128(7));
        AuditEntry {
            id: self.ids.next(),
            module: operation.split('.').next().unwrap().to_owned(),
            operation: operation.to_owned(),
            actor: format!("user:{person}"),
            actor_name: "Ada".to_owned(),
            tenant: TenantId::FIRST,
            resource: format!("Thread/{minute}"),
            decision_id: self.ids.next(),
            policies: vec!["forum/members_write".to_owned()],
            changes: vec![format!("post/{person}@1")],
            events: vec!["forum.reply_posted.v1".to_owned()],
            request_id: "request-1".to_owned(),
            address: Some("192.0.2.1".to_owned()),
            at: format!("2030-01-01T00:{minute:02}:00Z").parse().unwrap(),
            detail: None,
        }
    }

    /// The event that carries an entry.
    pub(crate) fn event(&self, entry: &AuditEntry) -> Event {
        Event {
            id: self.ids.next(),
            source: entry.module.clone(),
            kind: AuditEntry::kind_of(&entry.module),
            key: entry.resource.clone(),
            tenant: entry.tenant,
            time: entry.at,
            actor: entry.actor.clone(),
            operation: entry.operation.clone(),
            request_id: entry.request_id.clone(),
            trace: None,
            data: serde_json::to_value(entry).unwrap(),
        }
    }

    /// A module commits, and audit has recorded it.
    pub(crate) async fn records(&self, entry: &AuditEntry) {
        self.logs[entry.module.as_str()].append(self.event(entry));
        let path = format!("/api/v1/audit/entries/{}", entry.id);
        eventually("the entry is recorded", async || self.get(&path).await.status == StatusCode::OK).await;
    }

    /// What waits is sealed; how many entries that were.
    pub(crate) async fn seals(&self) -> u64 {
        let life = self.seals_until(|life| life.summary.state == TaskState::Done).await;
        life.result.unwrap()["sealed"].as_u64().unwrap()
    }

    /// What is old enough is archived; how many entries that were.
    pub(crate) async fn archives(&self) -> u64 {
        let life = self.does("audit.archive_entries", |life| life.summary.state == TaskState::Done).await;
        life.result.unwrap()["archived"].as_u64().unwrap()
    }

    /// A task that seals, as soon as it has come so far.
    pub(crate) async fn seals_until(&self, so_far: impl Fn(&TaskLife) -> bool) -> TaskLife {
        self.does("audit.seal_entries", so_far).await
    }

    /// A task of that kind, as soon as it has come so far.
    pub(crate) async fn does(&self, kind: &'static str, so_far: impl Fn(&TaskLife) -> bool) -> TaskLife {
        let origin = TaskOrigin::service(TenantId::FIRST, "tests");
        let task = NewTask::new(kind, 1, json!({}));
        let enqueued = SqlTaskQueue::of(&self.store).enqueue(&origin, vec![task]).await.unwrap();
        let come = testkit::within(testkit::PATIENCE, async || {
            let life = self.store.task_life(enqueued[0].id()).await.unwrap().unwrap();
            so_far(&life).then_some(life)
        });
        match come.await {
            Some(life) => life,
            None => panic!("{:?}", self.store.task_life(enqueued[0].id()).await),
        }
    }

    /// Somebody who owns the database does this to it, whatever it refuses.
    pub(crate) async fn tampers(&self, table: &str, sql: &str) {
        let triggers = match self.store.backend() {
            sea_orm::DbBackend::Postgres => ["", "_delete"]
                .map(|which| format!("DROP TRIGGER IF EXISTS {table}_refuses{which} ON {table}"))
                .to_vec(),
            _ => ["update", "delete"].map(|event| format!("DROP TRIGGER {table}_refuses_{event}")).to_vec(),
        };
        for sql in triggers.into_iter().chain([sql.to_owned()]) {
            self.writes(&sql).await.unwrap();
        }
    }

    /// Somebody writes to the database without audit.
    pub(crate) async fn writes(&self, sql: &str) -> Result<u64, Fault> {
        self.store.note(statement(self.store.backend(), sql, [])).await
    }

    /// Asks as an administrator.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.get_as(path, Some(Role::Administrator)).await
    }

    pub(crate) async fn get_as(&self, path: &str, role: Option<Role>) -> Answer {
        let mut request = Request::get(path).header(header::ACCEPT, "text/html");
        if let Some(role) = role {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", role.name()));
        }
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 24).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    /// What an operator does at a shell.
    pub(crate) async fn command(&self, line: &[&str]) -> Result<(), Fault> {
        let matches = audit::SPEC.command.unwrap()().try_get_matches_from(line).unwrap();
        self.module.command(&matches).await
    }

    /// What somebody without the installation does.
    pub(crate) fn offline(&self, line: &[&str]) -> Result<(), Fault> {
        let matches = audit::SPEC.command.unwrap()().try_get_matches_from(line).unwrap();
        (audit::SPEC.offline)(&matches).unwrap()
    }

    /// Everything in audit's own log.
    pub(crate) async fn told(&self) -> usize {
        self.module.log().read(Position::START, 10, Duration::ZERO).await.unwrap().events.len()
    }
}

pub(crate) fn policies() -> CedarDecisionPoint {
    let ModuleSpec { name: module, schema, policies, operations, .. } = &audit::SPEC;
    CedarDecisionPoint::build(&[PolicyPart { module, schema, policies, operations }])
        .unwrap_or_else(|faults| panic!("{faults}"))
}

fn settings(url: &str, data: &Path) -> Settings {
    let variables = [("ENVIRONMENT".to_owned(), "test".to_owned())].into();
    let mut settings = settings::load(&Inputs { variables, ..Inputs::default() }).unwrap().settings;
    settings.data_dir = data.to_owned();
    settings.store.url = Some(DatabaseUrl::new(url));
    settings.http.rate_limit.enabled = false;
    settings.audit.retention_days = 30;
    settings
}

fn error_page(problem: &Problem, _: Option<&Caller>) -> String {
    problem.detail.clone()
}

/// Believes whatever role a bearer token names.
struct Names;

#[async_trait::async_trait]
impl Identify for Names {
    async fn identify(&self, credential: &Credential, tenant: TenantId) -> Result<Actor, Fault> {
        let Credential::Bearer(role) = credential else { return Err(reasons::CREDENTIAL.fault()) };
        Ok(Actor::user(tenant, UserId(Uuid::from_u128(9)), Role::parse(role).unwrap(), "Somebody"))
    }
}
