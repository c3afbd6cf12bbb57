//! An installation with auth in it and nothing else. Time stands still and identifiers count.

use admin_contract::{
    AccessRulesReply, AccessRulesRequest, AdminPortal, CommunityCard, EvaluateFlagsReply, EvaluateFlagsRequest,
    FindCommunityRequest, RoleOfReply, RoleOfRequest,
};
use auth_contract::{AuthApi, AuthPortal, FindUserRequest, IdentifyRequest};
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::request::Builder;
use axum::http::{HeaderMap, Request, StatusCode, header};
use engine_cedar::{CedarDecisionPoint, PolicyPart};
use engine_mail::Mailbox;
use kernel::{
    Actor, Caller, Clock, Credential, DecisionPoint, Delegation, Event, Fault, Gate, Identify, Ids, Mail, Position,
    Role, Scopes, TenantId,
};
use runtime::http::{Problem, Web, layered};
use runtime::{Context, Logs, Migrate, Module, Portals, Supervisor};
use serde_json::{Value, json};
use settings::{DatabaseUrl, Inputs, Settings};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use testkit::{Engine, ManualClock, SequentialIds, TestDatabase};
use tower::ServiceExt;

/// Ada's password everywhere.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// Auth, running.
pub(crate) struct House {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) settings: Settings,
    pub(crate) module: Arc<dyn Module>,
    pub(crate) portal: Arc<dyn AuthPortal>,
    pub(crate) api: Arc<dyn AuthApi>,
    pub(crate) database: TestDatabase,
    pub(crate) mailbox: Mailbox,
    router: Router,
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
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    pub(crate) fn reason(&self) -> String {
        self.json()["reason"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The value of the session cookie it sets.
    pub(crate) fn session(&self) -> String {
        let pair = self.header(header::SET_COOKIE).split(';').next().unwrap_or_default();
        pair.split_once('=').unwrap_or_else(|| panic!("no cookie; {}: {}", self.status, self.text)).1.to_owned()
    }
}

/// A request being put together.
pub(crate) struct Ask<'a> {
    house: &'a House,
    request: Builder,
}

impl Ask<'_> {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn session(self, token: &str) -> Self {
        let name = Web::session_cookie(&self.house.settings.http);
        self.header("cookie", &format!("{name}={token}"))
    }

    /// As if it came from this address.
    pub(crate) fn from(mut self, address: &str) -> Self {
        let peer = SocketAddr::new(address.parse().unwrap(), 40_000);
        self.request = self.request.extension(ConnectInfo(peer));
        self
    }

    pub(crate) async fn send(self) -> Answer {
        self.send_body(Body::empty()).await
    }

    pub(crate) async fn json(self, body: Value) -> Answer {
        self.header("content-type", "application/json").send_body(Body::from(body.to_string())).await
    }

    pub(crate) async fn form(self, pairs: &[(&str, &str)]) -> Answer {
        let escape = |text: &str| text.bytes().map(|b| format!("%{b:02x}")).collect::<String>();
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect();
        let ask = self.header("content-type", "application/x-www-form-urlencoded").header("accept", "text/html");
        ask.send_body(Body::from(pairs.join("&"))).await
    }

    async fn send_body(self, body: Body) -> Answer {
        let response = self.house.router.clone().oneshot(self.request.body(body).unwrap()).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        Answer { status, headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }
}

impl House {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With other settings.
    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::on(Engine::Sqlite, change).await.unwrap()
    }

    /// On that engine; nothing when it is not installed.
    pub(crate) async fn on(engine: Engine, change: impl FnOnce(&mut Settings)) -> Option<Self> {
        let (database, data) = (TestDatabase::new(engine).await?, TempDir::new().unwrap());
        let mut settings = settings(&database, &data);
        change(&mut settings);
        Some(Self::start(settings, database, data).await)
    }

    async fn start(settings: Settings, database: TestDatabase, data: TempDir) -> Self {
        let clock = Arc::new(ManualClock::default());
        let as_clock = Arc::clone(&clock) as Arc<dyn Clock>;
        let ids: Arc<dyn Ids> = Arc::new(SequentialIds::default());
        let decisions: Arc<dyn DecisionPoint> = Arc::new(decisions());
        let gate = Gate::new(Arc::clone(&decisions), Arc::clone(&ids));
        let portals = Portals::default();
        let mailbox = Mailbox::new(settings.data_dir.join("mailbox"));
        let context = Context {
            settings: Arc::new(settings.clone()),
            clock: Arc::clone(&as_clock),
            ids: Arc::clone(&ids),
            gate: gate.clone(),
            decisions,
            portals: portals.clone(),
            logs: Logs::default(),
            desks: runtime::Desks::default(),
            mailer: Some(Arc::new(mailbox.clone())),
            files: None,
            migrate: Migrate::Run,
        };
        let module = (auth::SPEC.build)(context).await.unwrap();
        let portal = Arc::clone(portals.want::<dyn AuthPortal>().get());
        portals.offer::<dyn AdminPortal>(Arc::new(Roles(Arc::clone(&portal))));
        let identify = Arc::new(Recogniser(Arc::clone(&portal)));
        let web = Web::new(settings.http.clone(), gate, identify, as_clock, ids, error_page);
        let router = layered(module.routes(), Arc::new(web));
        let api = Arc::clone(portals.want::<dyn AuthApi>().get());
        Self { clock, settings, module, portal, api, database, mailbox, router, _data: data }
    }

    pub(crate) fn ask(&self, method: &str, path: &str) -> Ask<'_> {
        Ask { house: self, request: Request::builder().method(method).uri(path) }
    }

    pub(crate) fn get(&self, path: &str) -> Ask<'_> {
        self.ask("GET", path)
    }

    pub(crate) fn post(&self, path: &str) -> Ask<'_> {
        self.ask("POST", path)
    }

    /// Registers somebody whose address is `<handle>@example.org`.
    pub(crate) async fn register(&self, handle: &str) -> Answer {
        self.post("/api/v1/auth/register").json(registration(handle)).await
    }

    /// Somebody who was here before whatever is about to be tried: registered by a set-up link, as who runs the place.
    pub(crate) async fn founder(&self, handle: &str) {
        let greeting = self.module.greeting().await.unwrap();
        let path = format!("/welcome/{}", greeting.rsplit('/').next().unwrap());
        let (email, name) = (format!("{handle}@example.org"), handle.to_uppercase());
        let fields = [("email", email.as_str()), ("handle", handle), ("display_name", &name), ("password", PASSWORD)];
        let made = self.post(&path).form(&fields).await;
        assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text);
    }

    /// Logs them in with a browser.
    pub(crate) async fn log_in(&self, handle: &str) -> String {
        let email = format!("{handle}@example.org");
        self.post("/login").form(&[("email", &email), ("password", PASSWORD)]).await.session()
    }

    /// Logs them in with an API client: access token and refresh token.
    pub(crate) async fn tokens(&self, handle: &str) -> (String, String) {
        let body = json!({ "email": format!("{handle}@example.org"), "password": PASSWORD });
        pair(&self.post("/api/v1/auth/tokens").json(body).await)
    }

    pub(crate) async fn refresh(&self, refresh_token: &str) -> Answer {
        self.post("/api/v1/auth/tokens/refresh").json(json!({ "refresh_token": refresh_token })).await
    }

    /// What the log holds, audit entries left out.
    pub(crate) async fn events(&self) -> Vec<Event> {
        let everything = self.everything_logged().await;
        everything.into_iter().filter(|event| !kernel::AuditEntry::is_kind(&event.kind)).collect()
    }

    /// What the log holds.
    pub(crate) async fn everything_logged(&self) -> Vec<Event> {
        let batch = self.module.log().read(Position::START, 1_000, Duration::ZERO).await.unwrap();
        batch.events.into_iter().map(|sequenced| sequenced.event).collect()
    }

    /// Does the tasks that are enqueued here. The clock enqueues none: what they came to would depend on who is first.
    pub(crate) fn works(&self) -> Supervisor {
        let mut workers = Supervisor::default();
        for worker in self.module.workers().into_iter().filter(|worker| worker.role != runtime::Role::TaskmillScheduler)
        {
            workers.keep(worker.name, worker.work);
        }
        workers
    }

    /// Where the link in a mail leads on this site.
    pub(crate) fn link(&self, mail: &Mail) -> String {
        let link = mail.text.lines().find(|line| line.starts_with("http"));
        let link = link.unwrap_or_else(|| panic!("no link: {}", mail.text));
        link.strip_prefix(&self.settings.http.public_url).unwrap().to_owned()
    }

    /// The mails of that subject to that address so far, the first one first; waits until there are so many.
    pub(crate) async fn mails(&self, to: &str, subject: &str, at_least: usize) -> Vec<Mail> {
        let there = testkit::within(testkit::PATIENCE, async || {
            let mut mails = self.mailbox.list().await.unwrap();
            mails.retain(|mail| mail.to == to && mail.subject == subject);
            mails.reverse();
            (mails.len() >= at_least).then_some(mails)
        });
        there.await.unwrap_or_else(|| panic!("there are no {at_least} mails `{subject}` to {to}"))
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

pub(crate) fn registration(handle: &str) -> Value {
    json!({
        "email": format!("{handle}@example.org"),
        "handle": handle,
        "display_name": handle.to_uppercase(),
        "password": PASSWORD,
    })
}

/// The tokens in an answer.
pub(crate) fn pair(answer: &Answer) -> (String, String) {
    let body = answer.json();
    let token = |name: &str| body[name].as_str().unwrap_or_else(|| panic!("no {name}: {body}")).to_owned();
    (token("access_token"), token("refresh_token"))
}

/// The engine with auth's own policies in it.
pub(crate) fn decisions() -> CedarDecisionPoint {
    let (schema, policies, operations) = (auth::SPEC.schema, auth::SPEC.policies, auth::SPEC.operations);
    CedarDecisionPoint::build(&[PolicyPart { module: "auth", schema, policies, operations }]).unwrap()
}

fn settings(database: &TestDatabase, data: &TempDir) -> Settings {
    let variables = [("ENVIRONMENT".to_owned(), "test".to_owned())].into();
    let mut settings = settings::load(&Inputs { variables, ..Inputs::default() }).unwrap().settings;
    settings.data_dir = data.path().to_owned();
    settings.store.url = Some(DatabaseUrl::new(database.url.as_str()));
    settings.http.public_url = "http://polity.example".to_owned();
    settings
}

/// Recognises people as the composition root does. Their handles tell what role they hold.
struct Recogniser(Arc<dyn AuthPortal>);

#[async_trait::async_trait]
impl Identify for Recogniser {
    async fn identify(&self, credential: &Credential, tenant: TenantId) -> Result<Actor, Fault> {
        let (kind, text) = match credential {
            Credential::Session(text) => ("session", text),
            Credential::Bearer(text) => ("bearer", text),
        };
        let request = IdentifyRequest {
            credential_kind: kind.to_owned(),
            credential: text.clone(),
            tenant_id: tenant.to_string(),
        };
        let identity = self.0.identify(&Caller::new(Actor::service(tenant, "web"), "test"), request).await?;
        let user = identity.user_id.parse().map_err(Fault::internal)?;
        let mut actor = Actor::user(tenant, user, role_of(&identity.handle), &identity.display_name);
        actor.session = identity.session_id.parse().ok();
        actor.delegation = (!identity.delegated_through.is_empty())
            .then(|| Delegation { through: identity.delegated_through, scopes: Scopes::new(identity.scopes) });
        Ok(actor)
    }
}

fn role_of(handle: &str) -> Role {
    match handle.split_once('_') {
        Some(("mod", _)) => Role::Moderator,
        Some(("adm", _)) => Role::Administrator,
        _ if handle == "boss" => Role::Administrator,
        _ => Role::Member,
    }
}

/// Tells the same roles to auth itself, as admin would.
struct Roles(Arc<dyn AuthPortal>);

#[async_trait::async_trait]
impl AdminPortal for Roles {
    async fn role_of(&self, caller: &Caller, request: RoleOfRequest) -> Result<RoleOfReply, Fault> {
        let whom = FindUserRequest { user_id: Some(request.user_id), ..FindUserRequest::default() };
        let card = self.0.find_user(caller, whom).await?;
        Ok(RoleOfReply { role: role_of(&card.handle).name().to_owned(), ..RoleOfReply::default() })
    }

    async fn access_rules(&self, _: &Caller, _: AccessRulesRequest) -> Result<AccessRulesReply, Fault> {
        Ok(AccessRulesReply::default())
    }

    async fn find_community(&self, _: &Caller, _: FindCommunityRequest) -> Result<CommunityCard, Fault> {
        Err(kernel::reasons::COMMUNITY_UNKNOWN.fault())
    }

    async fn evaluate_flags(&self, _: &Caller, _: EvaluateFlagsRequest) -> Result<EvaluateFlagsReply, Fault> {
        Ok(EvaluateFlagsReply::default())
    }
}

fn error_page(problem: &Problem, _: Option<&Caller>) -> String {
    format!("{} {}", problem.status, problem.reason)
}
