//! What every route gets without asking, from the outside in: request id, span and metrics, compression, security
//! headers, answers for refusals, panics caught, rate limit, CORS, time and size limits, CSRF, the caller.

use super::community;
use super::limit::{Allowance, Limiter};
use super::quota::Quotas;
use super::recognise::{client_address, recognise};
use super::refusal::{Problem, Refusal, fault_of, json_answer, nothing_here};
use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use kernel::{Caller, Clock, Fault, FaultCode, Gate, Identify, Ids, Origin, RateLimiter, Role, reasons};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::{AllowHeaders, Any, CorsLayer};
use tower_http::csrf::{CsrfLayer, ProtectionError};
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::{RequestBodyTimeoutLayer, TimeoutLayer};
use tracing::Instrument;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// How long the largest JSend answer may be that is still wrapped.
const JSEND_LIMIT: usize = 8 << 20;

/// Draws the page people see instead of a problem document.
pub type ErrorPage = fn(&Problem, Option<&Caller>) -> String;

/// What the layers need to know.
pub struct Web {
    pub(super) settings: settings::Http,
    pub(super) gate: Gate,
    pub(super) identify: Arc<dyn Identify>,
    pub(super) clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    error_page: ErrorPage,
    pub(super) limiter: Option<Limiter>,
    pub(super) quotas: Quotas,
}

impl Web {
    /// The layers' knowledge. Requests are not counted before [`Web::counted_by`].
    pub fn new(
        settings: settings::Http,
        gate: Gate,
        identify: Arc<dyn Identify>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        error_page: ErrorPage,
    ) -> Self {
        let quotas = Quotas::new(Arc::clone(&clock));
        Self { settings, gate, identify, clock, ids, error_page, limiter: None, quotas }
    }

    /// The same with somebody who counts requests, where the settings want them limited.
    #[must_use]
    pub fn counted_by(self, counts: Arc<dyn RateLimiter>) -> Self {
        Self { limiter: Limiter::new(self.settings.rate_limit, counts), ..self }
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
    let nothing_here = |request: Request| async move { nothing_here(request.headers()) };
    let mut router = routes
        .fallback(nothing_here)
        .layer(from_fn_with_state(Arc::clone(&web), recognise))
        .layer(csrf.with_rejection_response(cross_site))
        .layer(RequestBodyLimitLayer::new(limit))
        .layer(axum::extract::DefaultBodyLimit::max(limit))
        .layer(RequestBodyTimeoutLayer::new(Duration::from_millis(web.settings.header_timeout_ms)))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, timeout + Duration::from_millis(250)));
    if !web.settings.cors_origins.is_empty() {
        router = router.layer(cors(&web.settings.cors_origins));
    }
    router = router
        .layer(from_fn_with_state(Arc::clone(&web), limit_rate))
        .layer(CatchPanicLayer::new())
        .layer(from_fn_with_state(Arc::clone(&web), answer_refusals))
        .layer(from_fn_with_state(Arc::clone(&web), protect));
    if web.settings.compression {
        router = router.layer(CompressionLayer::new());
    }
    router.layer(from_fn_with_state(web, observe))
}

/// Other sites' pages may call the API with a token; cookies are not for them.
fn cors(origins: &[String]) -> CorsLayer {
    let origins = origins.iter().filter_map(|origin| HeaderValue::try_from(origin).ok());
    let shown = [header::ETAG, header::RETRY_AFTER, header::LOCATION, REQUEST_ID];
    // Mirrored, because the wildcard does not stand for `Authorization` (Fetch standard, CORS-preflight fetch).
    CorsLayer::new()
        .allow_origin(origins.collect::<Vec<_>>())
        .allow_headers(AllowHeaders::mirror_request())
        .allow_methods(Any)
        .expose_headers(shown)
}

/// Puts round gRPC routes what they share with all others: name, span and metrics, the rate limit, the client's address,
/// panics caught, bodies that end. Their refusals are gRPC's own.
pub fn guarded(routes: Router, web: Arc<Web>) -> Router {
    routes
        .layer(from_fn_with_state(Arc::clone(&web), place))
        .layer(RequestBodyTimeoutLayer::new(Duration::from_millis(web.settings.header_timeout_ms)))
        .layer(CatchPanicLayer::new())
        .layer(from_fn_with_state(Arc::clone(&web), limit_rate))
        .layer(from_fn_with_state(web, observe))
}

/// Puts where the call came from, and the host it asked for, where the gRPC server looks for it.
async fn place(State(web): State<Arc<Web>>, mut request: Request, next: Next) -> Response<Body> {
    let address = client_address(&web.settings, request.extensions(), request.headers());
    let agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let origin = Origin {
        address: address.map(|address| address.to_string()),
        user_agent: agent.map(|agent| agent.chars().take(200).collect()),
    };
    if let Some(Ok(asked)) =
        community::asked(&web.settings.trusted_proxies, request.extensions(), request.headers(), request.uri())
    {
        request.extensions_mut().insert(asked);
    }
    request.extensions_mut().insert(origin);
    next.run(request).await
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
    let route_name = route.as_deref().unwrap_or("none");
    let span = tracing::info_span!("http", %method, route = route_name, request_id, actor = tracing::field::Empty);
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
        let mut redirect = to_log_in(&target);
        keep_headers(&response, &mut redirect);
        return redirect;
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
    keep_headers(&response, &mut answer);
    tell_what_to_do(&mut answer, &fault);
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

fn keep_headers(from: &Response<Body>, to: &mut Response<Body>) {
    for (name, value) in from.headers() {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            to.headers_mut().append(name.clone(), value.clone());
        }
    }
}

fn tell_what_to_do(to: &mut Response<Body>, fault: &Fault) {
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
    // What one person sees is for that person: no cache in between keeps it, and none shows it unasked.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
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
    let Some(allowance) = limiter.take_address(address).await else {
        return next.run(request).await;
    };
    let mut response = match allowance.retry_after_s {
        Some(seconds) => {
            use axum::response::IntoResponse;
            Refusal(reasons::RATE_LIMITED.fault().retry_after_s(seconds)).into_response()
        }
        None => next.run(request).await,
    };
    // What the account has left was found out further in, by whoever recognised it.
    let accounts = response.extensions().get::<Allowance>().copied();
    let allowance = accounts.map_or(allowance, |accounts| allowance.tighter(accounts));
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
