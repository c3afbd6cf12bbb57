//! A community with admin in it and nobody else: auth's log and everybody's credentials are made up.

use admin_contract::AdminPortal;
use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use engine_cedar::{CedarDecisionPoint, PolicyPart};
use kernel::{
    Actor, Caller, Credential, DecisionPoint, Event, EventLog, EventPayload, Fault, Gate, Identify, Ids, Late,
};
use kernel::{Position, Role, TenantId, UserId, reasons};
use runtime::http::{Problem, ServerOptions, Web, layered, serve};
use runtime::{Context, Logs, Migrate, Module, ModuleSpec, Portals, Supervisor};
use serde_json::Value;
use settings::{DatabaseUrl, Inputs, Settings};
use std::sync::Arc;
use std::time::Duration;
use testkit::{Engine, InMemoryLog, ManualClock, SequentialIds, TestDatabase, eventually};
use tokio::net::TcpListener;
use tower::ServiceExt;
use uuid::Uuid;

/// Admin, running.
pub(crate) struct House {
    pub(crate) auth: Arc<InMemoryLog>,
    pub(crate) portal: Late<dyn AdminPortal>,
    pub(crate) clock: Arc<ManualClock>,
    router: Router,
    module: Arc<dyn Module>,
    ids: Arc<SequentialIds>,
    url: String,
    _workers: Supervisor,
    _database: Option<TestDatabase>,
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

    pub(crate) fn reason(&self) -> String {
        self.json()["reason"].as_str().unwrap().to_owned()
    }

    /// The fields at fault.
    pub(crate) fn faults(&self) -> Vec<String> {
        let faults = self.json()["errors"].as_array().cloned().unwrap_or_default();
        faults.iter().map(|fault| fault["field"].as_str().unwrap().to_owned()).collect()
    }
}

/// Person number `n`.
pub(crate) fn person(n: u32) -> UserId {
    UserId(Uuid::from_u128(0x7000_8000_0000_0000_0000 + u128::from(n)))
}

/// A bearer token of person `n` in that role.
pub(crate) fn as_role(role: Role, n: u32) -> Option<String> {
    Some(format!("{} {n}", role.name()))
}

impl House {
    /// On a fresh SQLite file.
    pub(crate) async fn new() -> Self {
        Self::on(Engine::Sqlite).await.unwrap()
    }

    /// On a fresh database of that engine; nothing when it is not installed.
    pub(crate) async fn on(engine: Engine) -> Option<Self> {
        let database = TestDatabase::new(engine).await?;
        let (clock, ids) = (Arc::new(ManualClock::default()), Arc::new(SequentialIds::default()));
        let house = Self::start(&database.url, clock, ids).await;
        Some(Self { _database: Some(database), ..house })
    }

    /// Another process over the same database. It must not outlive this one.
    pub(crate) async fn beside(&self) -> Self {
        Self::start(&self.url, Arc::clone(&self.clock), Arc::clone(&self.ids)).await
    }

    async fn start(url: &str, clock: Arc<ManualClock>, ids: Arc<SequentialIds>) -> Self {
        let settings = settings(url);
        let decisions: Arc<dyn DecisionPoint> = Arc::new(policies());
        let (portals, logs) = (Portals::default(), Logs::default());
        let auth = Arc::new(InMemoryLog::default());
        logs.want("auth").fill(Arc::clone(&auth) as Arc<dyn EventLog>);
        let gate = Gate::new(Arc::clone(&decisions), ids.clone());
        let context = Context {
            settings: Arc::new(settings.clone()),
            clock: clock.clone(),
            ids: ids.clone(),
            gate: gate.clone(),
            decisions,
            portals: portals.clone(),
            logs,
            desks: runtime::Desks::default(),
            mailer: None,
            files: None,
            migrate: Migrate::Run,
        };
        let module = (admin::SPEC.build)(context).await.unwrap();
        let web = Web::new(settings.http, gate, Arc::new(Names), clock.clone(), ids.clone(), error_page);
        let router = layered(module.routes(), Arc::new(web));
        let mut workers = Supervisor::default();
        for worker in module.workers() {
            workers.keep(worker.name, worker.work);
        }
        let (portal, url) = (portals.want::<dyn AdminPortal>(), url.to_owned());
        Self { auth, portal, clock, router, module, ids, url, _workers: workers, _database: None }
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

    /// Somebody registers, and admin has heard of it.
    pub(crate) async fn registers(&self, n: u32, handle: &str, display_name: &str) {
        self.auth_tells(&auth_contract::UserRegistered {
            user_id: person(n).to_string(),
            handle: handle.to_owned(),
            display_name: display_name.to_owned(),
            registered_at_ms: 1_893_456_000_000 + i64::from(n),
        });
        eventually("the person is listed", async || self.listed(handle).await.is_some()).await;
    }

    /// Person `n` is made a superuser by auth, and admin has made them an administrator.
    pub(crate) async fn founds(&self, n: u32) {
        self.auth_tells(&auth_contract::SuperuserCreated { user_id: person(n).to_string(), created_at_ms: 0 });
        eventually("the founder is an administrator", async || self.role(n).await == "administrator").await;
    }

    /// Whoever is listed under that handle.
    pub(crate) async fn listed(&self, handle: &str) -> Option<Value> {
        let people = self.get("/api/v1/admin/people?limit=200", as_role(Role::Moderator, 99)).await.json();
        people["items"].as_array().unwrap().iter().find(|person| person["handle"] == handle).cloned()
    }

    /// The role the portal tells.
    pub(crate) async fn role(&self, n: u32) -> String {
        self.holds(n).await.role
    }

    /// Everything the portal tells of what somebody holds.
    pub(crate) async fn holds(&self, n: u32) -> admin_contract::RoleOfReply {
        let request =
            admin_contract::RoleOfRequest { user_id: person(n).to_string(), tenant_id: TenantId::FIRST.to_string() };
        let caller = Caller::new(Actor::service(TenantId::FIRST, "auth"), "request");
        self.portal.get().role_of(&caller, request).await.unwrap()
    }

    /// Gives person `n` a role over REST.
    pub(crate) async fn gives(&self, token: Option<String>, n: u32, role: &str) -> Answer {
        let body = serde_json::json!({ "role": role }).to_string();
        self.ask("PUT", &format!("/api/v1/admin/people/{}/role", person(n)), token, Some(body)).await
    }

    pub(crate) async fn get(&self, path: &str, token: Option<String>) -> Answer {
        self.ask("GET", path, token, None).await
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, token: Option<String>, json: Option<String>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if json.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        self.send(request.body(Body::from(json.unwrap_or_default())).unwrap()).await
    }

    /// Asks as the administrator, and expects it to go well.
    pub(crate) async fn governs(&self, method: &str, path: &str, json: Value) -> Answer {
        let body = (!json.is_null()).then(|| json.to_string());
        let answer = self.ask(method, path, as_role(Role::Administrator, 9), body).await;
        assert!(answer.status.is_success(), "{method} {path}: {}", answer.text);
        answer
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    /// Serves on a port of its own, with the style sheet that pages ask for, for as long as the supervisor lives.
    pub(crate) async fn listens(&self) -> (String, Supervisor) {
        let asset = async |Path(path): Path<String>| match ui::assets::find(&path) {
            Some(asset) => ([(header::CONTENT_TYPE, asset.content_type)], asset.bytes.into_owned()).into_response(),
            None => StatusCode::NOT_FOUND.into_response(),
        };
        let door = async || Html("<link rel='icon' href='data:,'>Come in.");
        let assets = Router::new().route("/assets/{*path}", get(asset)).route("/door", get(door));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let options = ServerOptions {
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            max_connections: 100,
        };
        let mut servers = Supervisor::default();
        servers.serve("admin", serve(listener, self.router.clone().merge(assets), options, Default::default()));
        (url, servers)
    }

    /// Everything in admin's own log.
    pub(crate) async fn told(&self) -> Vec<Event> {
        let batch = self.module.log().read(Position::START, 10_000, Duration::ZERO).await.unwrap();
        batch.events.into_iter().map(|sequenced| sequenced.event).collect()
    }
}

pub(crate) fn policies() -> CedarDecisionPoint {
    let ModuleSpec { name: module, schema, policies, operations, .. } = &admin::SPEC;
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
    problem.detail.clone()
}

/// Believes whatever a bearer token says: a role and a person's number. A session cookie is the administrator's.
struct Names;

#[async_trait::async_trait]
impl Identify for Names {
    async fn identify(&self, credential: &Credential, tenant: TenantId) -> Result<Actor, Fault> {
        let token = match credential {
            Credential::Bearer(token) => token.as_str(),
            Credential::Session(_) => "administrator 9",
        };
        let (role, n) = token.split_once(' ').ok_or_else(|| reasons::CREDENTIAL.fault())?;
        Ok(Actor::user(tenant, person(n.parse().unwrap()), Role::parse(role).unwrap(), "Somebody"))
    }
}
