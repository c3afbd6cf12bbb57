//! A small web application with every layer around it, and the people who knock at its door.
//!
//! What may not enter: expectations. What should come of a knock stands in the tests.

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use engine_memory::MemoryLimiter;
use kernel::{Actor, Caller, Credential, Decision, DecisionPoint, Explanation, Fault, Gate, Identify, Operation};
use kernel::{Question, RateLimiter, Resource, Role, TenantId, UserId, reasons};
use runtime::http::{Guarded, Json, Path, Problem, Refusal, Web, layered};
use serde_json::{Value, json};
use settings::{Http, Network, RateLimit};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use testkit::{AllowAll, ManualClock, SequentialIds};
use tower::ServiceExt;
use uuid::Uuid;

pub(crate) static LOCK: Operation = Operation::command("forum.lock_thread", "Thread");

/// Roomy settings without a rate limit.
pub(crate) fn settings() -> Http {
    Http {
        address: Ipv4Addr::LOCALHOST.into(),
        port: 0,
        public_url: "http://polity.test".to_owned(),
        request_timeout_ms: 30_000,
        body_limit_bytes: 1_024,
        header_timeout_ms: 10_000,
        idle_timeout_ms: 60_000,
        max_connections: 100,
        trusted_proxies: Vec::new(),
        rate_limit: RateLimit { enabled: false, per_minute: 60, burst: 3 },
        cors_origins: Vec::new(),
        compression: true,
    }
}

/// Proxies whose word is taken, such as `10.0.0.0/8`.
pub(crate) fn trusting(networks: &[&str]) -> Http {
    let trusted_proxies = networks.iter().map(|text| Network::parse(text).unwrap()).collect();
    Http { trusted_proxies, ..settings() }
}

/// Lets everybody in at the door, and refuses whatever is then asked for.
pub(crate) struct OpenDoor;

impl DecisionPoint for OpenDoor {
    fn decide(&self, question: Question<'_>) -> Decision {
        let explanation = Explanation {
            operation: question.operation.id.to_owned(),
            would_need: vec!["forum/moderators_lock".to_owned()],
            ..Explanation::default()
        };
        Decision { allowed: false, explanation }
    }

    fn could_allow(&self, _: &Caller, _: &Operation) -> bool {
        true
    }
}

/// Knows Ada, a member, and Mo, a moderator. About "elsewhere" nobody can tell right now.
struct Acquaintances;

#[async_trait::async_trait]
impl Identify for Acquaintances {
    async fn identify(&self, credential: &Credential, tenant: TenantId) -> Result<Actor, Fault> {
        let (Credential::Session(shown) | Credential::Bearer(shown)) = credential;
        let person = |number, role, name| Ok(Actor::user(tenant, UserId(Uuid::from_u128(number)), role, name));
        match shown.as_str() {
            "ada" => person(7, Role::Member, "Ada"),
            "mo" => person(8, Role::Moderator, "Mo"),
            "elsewhere" => Err(reasons::PORTAL_DOWN.fault()),
            _ => Err(reasons::CREDENTIAL.fault()),
        }
    }
}

/// The application behind its layers.
pub(crate) struct House {
    router: Router,
    peer: IpAddr,
}

impl Default for House {
    fn default() -> Self {
        Self::with(settings())
    }
}

impl House {
    pub(crate) fn with(settings: Http) -> Self {
        Self::deciding(settings, Arc::new(AllowAll))
    }

    pub(crate) fn deciding(settings: Http, decisions: Arc<dyn DecisionPoint>) -> Self {
        Self::of(rooms(), settings, decisions)
    }

    pub(crate) fn of(rooms: Router, settings: Http, decisions: Arc<dyn DecisionPoint>) -> Self {
        Self::counting(rooms, settings, decisions, Arc::new(MemoryLimiter::default()))
    }

    /// A house whose requests are counted by this one.
    pub(crate) fn counted_by(settings: Http, counts: Arc<dyn RateLimiter>) -> Self {
        Self::counting(rooms(), settings, Arc::new(AllowAll), counts)
    }

    fn counting(
        rooms: Router,
        settings: Http,
        decisions: Arc<dyn DecisionPoint>,
        counts: Arc<dyn RateLimiter>,
    ) -> Self {
        let ids = Arc::new(SequentialIds::default());
        let gate = Gate::new(decisions, Arc::clone(&ids) as Arc<dyn kernel::Ids>);
        let clock = Arc::new(ManualClock::default());
        let web = Web::new(settings, gate, Arc::new(Acquaintances), clock, ids, error_page).counted_by(counts);
        Self { router: layered(rooms, Arc::new(web)), peer: IpAddr::from([192, 0, 2, 1]) }
    }

    /// The same house, its callers' connections coming from this address.
    pub(crate) fn seen_from(mut self, peer: &str) -> Self {
        self.peer = peer.parse().unwrap();
        self
    }

    pub(crate) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send("GET", path, headers, Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        self.send("POST", path, headers, body).await
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "polity.test");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(body.into()).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(self.peer, 50_000)));
        Answer::of(self.router.clone().oneshot(request).await.unwrap()).await
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    async fn of(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Self { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// A header's value; empty when there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The status and reason of a problem document.
    #[track_caller]
    pub(crate) fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], self.status, "{problem}");
        assert_eq!(problem["type"], format!("/api/problems/{}", problem["reason"].as_str().unwrap()));
        assert_eq!(problem["request_id"], self.header("x-request-id"));
        (self.status, problem["reason"].as_str().unwrap().to_owned())
    }
}

fn error_page(problem: &Problem, caller: Option<&Caller>) -> String {
    let reader = caller.map_or("nobody", |caller| caller.actor.role.name());
    format!("<h1>{}</h1><p>{}</p><p>for a {reader}</p>", problem.title, problem.detail)
}

fn rooms() -> Router {
    Router::new()
        .route("/api/whoami", get(whoami).post(whoami))
        .route("/whoami", get(whoami))
        .route("/api/echo", post(async |Json(value): Json<Value>| Json(value)))
        .route("/api/raw", post(read_raw))
        .route("/panics", get(panics))
        .route("/breaks", get(async || refusal(Fault::internal("the disk says: hunter2"))))
        .route("/locked", get(lock))
        .route("/members", get(async || refusal(reasons::LOG_IN.fault())))
        .route("/busy", get(async || refusal(reasons::STORE_DOWN.fault().retry_after_s(7))))
        .route("/hangs", get(std::future::pending::<StatusCode>))
        .route("/form", post(async || (StatusCode::UNPROCESSABLE_ENTITY, Html("<form>again</form>"))))
        .route("/cookie", get(async || ([(header::SET_COOKIE, "crumb=1")], StatusCode::NOT_FOUND)))
        .route("/number/{n}", get(async |Path(n): Path<u8>| n.to_string()))
        .route("/long", get(async || "many words ".repeat(1_000)))
        .route("/events", get(async || ([(header::CONTENT_TYPE, "text/event-stream")], "data: tick\n\n".repeat(1_000))))
        .route("/assets/app.css", get(async || "body{}"))
        .route("/health/live", get(async || "ok"))
}

fn refusal(fault: Fault) -> Response {
    Refusal(fault).into_response()
}

/// Reads the body itself, past the limits of axum's extractors.
async fn read_raw(body: Body) -> Result<String, StatusCode> {
    let bytes = axum::body::to_bytes(body, usize::MAX).await.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
    Ok(bytes.len().to_string())
}

async fn panics() -> StatusCode {
    panic!("the secret is hunter2")
}

async fn lock(Guarded(caller): Guarded, axum::Extension(gate): axum::Extension<Gate>) -> Result<StatusCode, Refusal> {
    gate.permit(&caller, &LOCK, &Resource::new("Thread", 1, TenantId::FIRST))?;
    Ok(StatusCode::NO_CONTENT)
}

/// What the layers told the handler about its caller.
async fn whoami(Guarded(caller): Guarded) -> Json<Value> {
    Json(json!({
        "who": caller.actor.display_name,
        "address": caller.origin.address,
        "agent": caller.origin.user_agent,
        "request_id": caller.request_id,
        "key": caller.idempotency_key.map(|key| key.as_str().to_owned()),
        "deadline": caller.deadline.map(|deadline| deadline.to_rfc3339()),
    }))
}
