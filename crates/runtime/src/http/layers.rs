//! What every route gets without asking, from the outside in: request id, span and metrics, answers for refusals,
//! panics caught, security headers, rate limit, compression, time and size limits, CSRF, the caller.

use super::limit::Limiter;
use super::refusal::{Problem, Refusal, fault_of, json_answer};
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum_extra::extract::CookieJar;
use chrono::TimeDelta;
use kernel::{Actor, Caller, Clock, Credential, Fault, FaultCode, Gate, IdempotencyKey, Identify, Ids, Origin};
use kernel::{Role, TenantId, reasons};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::{Any, CorsLayer};
use tower_http::csrf::{CsrfLayer, ProtectionError};
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::{RequestBodyTimeoutLayer, TimeoutLayer};
use tracing::Instrument;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// How long the largest JSend answer may be that is still wrapped.
const JSEND_LIMIT: usize = 8 << 20;

/// Draws the page people see instead of a problem document.
pub type ErrorPage = fn(&Problem, Option<&Caller>) -> String;

/// What the layers need to know.
pub struct Web {
    settings: settings::Http,
    gate: Gate,
    identify: Arc<dyn Identify>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    error_page: ErrorPage,
    limiter: Option<Limiter>,
}

impl Web {
    /// The layers' knowledge.
    pub fn new(
        settings: settings::Http,
        gate: Gate,
        identify: Arc<dyn Identify>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        error_page: ErrorPage,
    ) -> Self {
        let limiter = Limiter::new(settings.rate_limit);
        Self { settings, gate, identify, clock, ids, error_page, limiter }
    }

    /// The session cookie's name: with the `__Host-` promise wherever TLS makes it possible.
    pub fn session_cookie(settings: &settings::Http) -> &'static str {
        if settings.public_url.starts_with("https://") { "__Host-polity_session" } else { "polity_session" }
    }
}

/// Puts every layer around `routes`.
pub fn layered(routes: Router, web: Arc<Web>) -> Router {
    let limit = web.settings.body_limit_bytes;
    let timeout = Duration::from_millis(web.settings.request_timeout_ms);
    let cross_site = |_: ProtectionError| -> Response<Body> {
        use axum::response::IntoResponse;
        Refusal(reasons::CROSS_SITE.fault()).into_response()
    };
    let mut csrf = CsrfLayer::new();
    for origin in std::iter::once(&web.settings.public_url).chain(&web.settings.cors_origins) {
        csrf = match csrf.clone().add_trusted_origin(origin) {
            Ok(csrf) => csrf,
            Err(error) => {
                tracing::warn!(origin, %error, "not an origin; its pages are not trusted");
                csrf
            }
        };
    }
    // Named, so that the layers below go round it and it survives a merge.
    let nothing_here = || async { Refusal(reasons::NO_ROUTE.fault()) };
    let mut router = routes
        .fallback(nothing_here)
        .layer(from_fn_with_state(Arc::clone(&web), recognise))
        .layer(csrf.with_rejection_response(cross_site))
        .layer(RequestBodyLimitLayer::new(limit))
        .layer(axum::extract::DefaultBodyLimit::max(limit))
        .layer(RequestBodyTimeoutLayer::new(Duration::from_millis(web.settings.header_timeout_ms)))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, timeout + Duration::from_millis(250)));
    if !web.settings.cors_origins.is_empty() {
        let origins = web.settings.cors_origins.iter().filter_map(|o| HeaderValue::try_from(o).ok());
        router = router
            .layer(CorsLayer::new().allow_origin(origins.collect::<Vec<_>>()).allow_headers(Any).allow_methods(Any));
    }
    router = router
        .layer(from_fn_with_state(Arc::clone(&web), limit_rate))
        .layer(from_fn_with_state(Arc::clone(&web), protect))
        .layer(CatchPanicLayer::new())
        .layer(from_fn_with_state(Arc::clone(&web), answer_refusals));
    if web.settings.compression {
        router = router.layer(CompressionLayer::new());
    }
    router.layer(from_fn_with_state(web, observe))
}

/// Names the request, opens its span, and measures it.
async fn observe(State(web): State<Arc<Web>>, mut request: Request, next: Next) -> Response<Body> {
    let started = Instant::now();
    let request_id = match request.headers().get(REQUEST_ID).and_then(|v| v.to_str().ok()) {
        Some(id) if (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') => {
            id.to_owned()
        }
        _ => web.ids.next().simple().to_string(),
    };
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    // The route and not the path: paths may carry one-time secrets, such as the set-up link's.
    let span = tracing::info_span!("http", %method, route = route.as_deref().unwrap_or("none"), request_id);
    if let Some(parent) = request.headers().get("traceparent").and_then(|v| v.to_str().ok()) {
        telemetry::set_parent(&span, parent);
    }
    request.extensions_mut().insert(RequestId(request_id.clone()));
    let mut response = next.run(request).instrument(span.clone()).await;
    if let Ok(value) = HeaderValue::try_from(request_id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let (took, status) = (started.elapsed(), response.status());
    telemetry::meters().http_served(method.as_str(), route, status.as_u16(), took);
    span.in_scope(|| tracing::info!(status = status.as_u16(), took_us = took.as_micros(), "answered"));
    response
}

/// The request's id, in its extensions.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) String);

/// How an answer should look.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Problem,
    JSend,
    Page,
}

fn look(request: &Request) -> Look {
    let accept = request.headers().get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if accept.contains("profile=jsend") || accept.contains("profile=\"jsend\"") {
        return Look::JSend;
    }
    let machine = ["/api/", "/health/", "/.well-known/", "/metrics", "/assets/"];
    let page = accept.contains("text/html") && !machine.iter().any(|prefix| request.uri().path().starts_with(prefix));
    if page { Look::Page } else { Look::Problem }
}

/// Writes the words of every refusal, in the shape the caller asked for, and logs our own failures once.
async fn answer_refusals(State(web): State<Arc<Web>>, request: Request, next: Next) -> Response<Body> {
    let look = look(&request);
    let request_id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let (method, target) = (request.method().clone(), request.uri().clone());
    let response = next.run(request).await;
    if !response.status().is_client_error() && !response.status().is_server_error() {
        return if look == Look::JSend { jsend_success(response).await } else { response };
    }
    // A handler that wrote its own words, such as a form shown again with its errors, keeps them.
    let refusal = response.extensions().get::<Refusal>().cloned();
    let media = response.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if refusal.is_none() && !media.is_empty() && !media.starts_with("text/plain") {
        return response;
    }
    let fault = refusal.map_or_else(|| fault_of(response.status()), |refusal| refusal.0);
    log_fault(&fault);
    let caller = response.extensions().get::<Caller>().cloned();
    if look == Look::Page && fault.code == FaultCode::Unauthenticated && method == Method::GET {
        return to_log_in(&target);
    }
    let explain = caller.as_ref().is_some_and(|caller| caller.actor.role >= Role::Moderator);
    let problem = Problem::of(&fault, &request_id, explain);
    let mut answer = match look {
        Look::Page => {
            let mut page = Response::new(Body::from((web.error_page)(&problem, caller.as_ref())));
            *page.status_mut() = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            page.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
            page
        }
        look => json_answer(&problem, look == Look::JSend),
    };
    keep_headers(&response, &mut answer, &fault);
    answer
}

fn log_fault(fault: &Fault) {
    let (reason, cause) = (fault.reason.as_ref(), fault.chain());
    match fault.code {
        FaultCode::Internal => tracing::error!(reason, cause, "a request failed"),
        FaultCode::Unavailable => tracing::warn!(reason, cause, "a request could not be served"),
        _ => tracing::debug!(reason, cause, "a request was refused"),
    }
}

fn keep_headers(from: &Response<Body>, to: &mut Response<Body>, fault: &Fault) {
    for (name, value) in from.headers() {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            to.headers_mut().append(name.clone(), value.clone());
        }
    }
    if let Some(seconds) = fault.retry_after_s.or((fault.code == FaultCode::Unavailable).then_some(1)) {
        to.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if fault.code == FaultCode::Unauthenticated {
        to.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"polity\""));
    }
}

fn to_log_in(target: &axum::http::Uri) -> Response<Body> {
    let wanted = target.path_and_query().map_or("/", |path| path.as_str());
    let encoded: String = wanted.bytes().map(percent_encoded).collect();
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    if let Ok(location) = HeaderValue::try_from(format!("/login?next={encoded}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// RFC 3986 unreserved characters and the slash as they are, all else percent-encoded.
fn percent_encoded(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

async fn jsend_success(response: Response<Body>) -> Response<Body> {
    let is_json = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|media| media.as_bytes().starts_with(b"application/json"));
    if !is_json {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, JSEND_LIMIT).await else {
        return json_answer(&Problem::of(&reasons::TOO_LARGE.fault(), "", false), true);
    };
    let data: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let wrapped = serde_json::json!({ "status": "success", "data": data }).to_string();
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(wrapped))
}

/// Security headers on everything, with a policy that lets a page run nothing but our own files.
async fn protect(State(web): State<Arc<Web>>, request: Request, next: Next) -> Response<Body> {
    const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; \
                          font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
                          frame-ancestors 'none'; manifest-src 'self'";
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "strict-origin-when-cross-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=(), payment=()"),
    ];
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if web.settings.public_url.starts_with("https://") {
        let hsts = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(hsts);
    }
    response
}

async fn limit_rate(State(web): State<Arc<Web>>, request: Request, next: Next) -> Response<Body> {
    let path = request.uri().path();
    let exempt = path.starts_with("/health/") || path.starts_with("/assets/") || path == "/metrics";
    let (Some(limiter), false) = (&web.limiter, exempt) else {
        return next.run(request).await;
    };
    let Some(address) = client_address(&web.settings, request.extensions(), request.headers()) else {
        return next.run(request).await;
    };
    let allowance = limiter.take(address);
    let mut response = match allowance.retry_after_s {
        Some(seconds) => {
            use axum::response::IntoResponse;
            Refusal(reasons::RATE_LIMITED.fault().retry_after_s(seconds)).into_response()
        }
        None => next.run(request).await,
    };
    let told = [
        ("ratelimit-limit", u64::from(allowance.limit)),
        ("ratelimit-remaining", u64::from(allowance.remaining)),
        ("ratelimit-reset", allowance.retry_after_s.unwrap_or(0)),
    ];
    for (name, value) in told {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from(value));
    }
    response
}

/// Recognises the caller, and puts it and the gate where handlers find them.
async fn recognise(State(web): State<Arc<Web>>, request: Request, next: Next) -> Response<Body> {
    use axum::response::IntoResponse;
    let (parts, body) = request.into_parts();
    let caller = match caller_of(&web, &parts).await {
        Ok(caller) => caller,
        Err(fault) => return Refusal(fault).into_response(),
    };
    let mut request = Request::from_parts(parts, body);
    request.extensions_mut().insert(web.gate.clone());
    request.extensions_mut().insert(caller.clone());
    tracing::Span::current().record("actor", tracing::field::display(&caller.actor.principal));
    let mut response = next.run(request).await;
    response.extensions_mut().insert(caller);
    response
}

async fn caller_of(web: &Web, request: &Parts) -> Result<Caller, Fault> {
    let headers = &request.headers;
    let actor = match credential(&web.settings, headers) {
        None => Actor::guest(TenantId::FIRST),
        Some(credential) => match web.identify.identify(&credential, TenantId::FIRST).await {
            Ok(actor) => actor,
            Err(fault) => forgive(&credential, &request.method, fault)?,
        },
    };
    let request_id = request.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let mut caller = Caller::new(actor, request_id);
    caller.trace = telemetry::current_traceparent();
    let patience = i64::try_from(web.settings.request_timeout_ms).unwrap_or(i64::MAX);
    caller.deadline = TimeDelta::try_milliseconds(patience).map(|left| web.clock.now() + left);
    caller.idempotency_key = match headers.get(IDEMPOTENCY_KEY) {
        None => None,
        Some(value) => {
            let key = value.to_str().ok().and_then(IdempotencyKey::parse);
            Some(key.ok_or_else(|| reasons::KEY_MALFORMED.fault())?)
        }
    };
    caller.origin = Origin {
        address: client_address(&web.settings, &request.extensions, headers).map(|address| address.to_string()),
        user_agent: headers
            .get(header::USER_AGENT)
            .and_then(|v| v.to_str().ok())
            .map(|agent| agent.chars().take(200).collect()),
    };
    Ok(caller)
}

fn credential(settings: &settings::Http, headers: &HeaderMap) -> Option<Credential> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if let Some(token) = bearer.and_then(|value| value.strip_prefix("Bearer ")) {
        return Some(Credential::Bearer(token.trim().to_owned()));
    }
    let jar = CookieJar::from_headers(headers);
    jar.get(Web::session_cookie(settings)).map(|cookie| Credential::Session(cookie.value().to_owned()))
}

/// A browser whose session has ended is a guest; so is one that only reads while nobody can tell who it is.
fn forgive(credential: &Credential, method: &Method, fault: Fault) -> Result<Actor, Fault> {
    let reads = method == Method::GET || method == Method::HEAD;
    match (credential, fault.code) {
        (Credential::Session(_), FaultCode::Unauthenticated) => Ok(Actor::guest(TenantId::FIRST)),
        (Credential::Session(_), FaultCode::Unavailable) if reads => Ok(Actor::guest(TenantId::FIRST)),
        _ => Err(fault),
    }
}

/// The client's address: the peer's, or what a trusted proxy says it is (the right-most untrusted hop).
fn client_address(settings: &settings::Http, extensions: &Extensions, headers: &HeaderMap) -> Option<IpAddr> {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip();
    let trusted = |address: &IpAddr| settings.trusted_proxies.iter().any(|network| network.contains(*address));
    if !trusted(&peer) {
        return Some(peer);
    }
    let forwarded = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<IpAddr> =
        forwarded.flat_map(|value| value.split(',')).filter_map(|hop| hop.trim().parse().ok()).collect();
    Some(hops.into_iter().rev().find(|hop| !trusted(hop)).unwrap_or(peer))
}
