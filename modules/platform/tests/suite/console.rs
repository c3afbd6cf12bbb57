//! Platform beside modules that are made up: their desks hold whatever a test needs.

use crate::desk::Desk;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use engine_cedar::{CedarDecisionPoint, PolicyPart};
use kernel::{
    Actor, Caller, Credential, DecisionPoint, Fault, Gate, Identify, Role, TaskDesk, TenantId, UserId, reasons,
};
use runtime::http::{Problem, Web, layered};
use runtime::{Context, Desks, Logs, Migrate, Module, ModuleSpec, Portals};
use serde_json::Value;
use settings::{DatabaseUrl, Inputs, Settings};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use testkit::{Engine, ManualClock, SequentialIds, TestDatabase};
use tower::ServiceExt;
use uuid::Uuid;

/// Platform, running.
pub(crate) struct Console {
    pub(crate) desks: BTreeMap<&'static str, Arc<Desk>>,
    pub(crate) router: Router,
    pub(crate) module: Arc<dyn Module>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) ids: Arc<SequentialIds>,
    pub(crate) gate: Gate,
    seats: Desks,
    _database: TestDatabase,
}

/// What a request came back with.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{}", self.text))
    }

    /// The named field of each item of a list.
    pub(crate) fn each(&self, field: &str) -> Vec<String> {
        let answer = self.json();
        let items = answer["items"].as_array().unwrap_or_else(|| panic!("{}", self.text));
        items.iter().map(|item| item[field].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn shows(&self, words: &[&str]) {
        for words in words {
            assert!(self.text.contains(words), "{words}: {}", self.text);
        }
    }

    pub(crate) fn location(&self) -> &str {
        self.headers[header::LOCATION].to_str().unwrap()
    }
}

impl Console {
    /// Beside `forum` and `ledger`, which keep tasks, and `auth`, which keeps none.
    pub(crate) async fn new() -> Self {
        let database = TestDatabase::new(Engine::Sqlite).await.unwrap();
        let settings = settings(&database.url);
        let (clock, ids) = (Arc::new(ManualClock::default()), Arc::new(SequentialIds::default()));
        let decisions: Arc<dyn DecisionPoint> = Arc::new(policies());
        let wanted = Desks::among(["auth", "forum", "ledger", "mill", "platform"]);
        let desks: BTreeMap<_, _> = ["forum", "ledger"].map(|module| (module, Arc::<Desk>::default())).into();
        let gate = Gate::new(Arc::clone(&decisions), ids.clone());
        let context = Context {
            settings: Arc::new(settings.clone()),
            clock: clock.clone(),
            ids: ids.clone(),
            gate: gate.clone(),
            decisions,
            portals: Portals::default(),
            logs: Logs::default(),
            desks: wanted.clone(),
            mailer: None,
            files: None,
            migrate: Migrate::Run,
        };
        let module = (platform::SPEC.build)(context).await.unwrap();
        for (name, desk) in &desks {
            wanted.offer(name, Arc::clone(desk) as Arc<dyn TaskDesk>);
        }
        let web = Web::new(settings.http, gate.clone(), Arc::new(Names), clock.clone(), ids.clone(), error_page);
        let router = layered(module.routes(), Arc::new(web));
        Self { desks, router, module, clock, ids, gate, seats: wanted, _database: database }
    }

    pub(crate) fn forum(&self) -> &Desk {
        &self.desks["forum"]
    }

    pub(crate) fn ledger(&self) -> &Desk {
        &self.desks["ledger"]
    }

    /// One more module that keeps tasks.
    pub(crate) fn beside(&self, module: &str, desk: Arc<dyn TaskDesk>) {
        self.seats.offer(module, desk);
    }

    pub(crate) fn silence(&self, module: &str, silent: bool) {
        self.desks[module].silent.store(silent, Ordering::SeqCst);
    }

    /// Asks as an administrator.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, Some(Role::Administrator), "", Body::empty()).await
    }

    pub(crate) async fn get_as(&self, path: &str, role: Option<Role>) -> Answer {
        self.send(Method::GET, path, role, "", Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, json: &Value) -> Answer {
        self.json_as(Method::POST, path, Some(Role::Administrator), json).await
    }

    pub(crate) async fn json_as(&self, method: Method, path: &str, role: Option<Role>, json: &Value) -> Answer {
        self.send(method, path, role, "application/json", Body::from(json.to_string())).await
    }

    pub(crate) async fn form(&self, path: &str, form: &str) -> Answer {
        let body = Body::from(form.to_owned());
        self.send(Method::POST, path, Some(Role::Administrator), "application/x-www-form-urlencoded", body).await
    }

    async fn send(&self, method: Method, path: &str, role: Option<Role>, media: &str, body: Body) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header(header::ACCEPT, "text/html");
        if !media.is_empty() {
            request = request.header(header::CONTENT_TYPE, media);
        }
        // A form carries its key in a field.
        if media == "application/json" {
            request = request.header("idempotency-key", "key-of-the-request");
        }
        if let Some(role) = role {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", role.name()));
        }
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 22).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }
}

pub(crate) fn policies() -> CedarDecisionPoint {
    let ModuleSpec { name: module, schema, policies, operations, .. } = &platform::SPEC;
    CedarDecisionPoint::build(&[PolicyPart { module, schema, policies, operations }])
        .unwrap_or_else(|faults| panic!("{faults}"))
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

/// Believes whatever role a bearer token or a session names.
struct Names;

#[async_trait::async_trait]
impl Identify for Names {
    async fn identify(&self, credential: &Credential, tenant: TenantId) -> Result<Actor, Fault> {
        let (Credential::Bearer(role) | Credential::Session(role)) = credential;
        let role = Role::parse(role).ok_or_else(|| reasons::CREDENTIAL.fault())?;
        Ok(Actor::user(tenant, UserId(Uuid::from_u128(9)), role, "Somebody"))
    }
}
