//! Who calls: the credential, the deadline, the idempotency key and the address, taken from a request's head.
//!
//! What may not enter: whether the caller may do what it asks for.

use super::community::{community_of, tenant_of};
use super::layers::{RequestId, Web};
use super::refusal::Refusal;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderName, Method, Response, header};
use axum::middleware::Next;
use axum_extra::extract::CookieJar;
use chrono::TimeDelta;
use kernel::{Actor, Caller, Credential, Fault, FaultCode, IdempotencyKey, Origin, TenantId, reasons};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Recognises the caller, and puts it and the gate where handlers find them.
pub(super) async fn recognise(State(web): State<Arc<Web>>, request: Request, next: Next) -> Response<Body> {
    use axum::response::IntoResponse;
    let (parts, body) = request.into_parts();
    let caller = match caller_of(&web, &parts).await {
        Ok(caller) => caller,
        Err(fault) => return Refusal(fault).into_response(),
    };
    // An account has one allowance, from however many addresses it is used.
    let allowance = match (&web.limiter, caller.actor.user_id()) {
        (Some(limiter), Some(user)) => limiter.take_account(user).await,
        _ => None,
    };
    if let Some(allowance) = allowance
        && let Some(seconds) = allowance.retry_after_s
    {
        let mut refused = Refusal(reasons::RATE_LIMITED.fault().retry_after_s(seconds)).into_response();
        refused.extensions_mut().insert(allowance);
        return refused;
    }
    let mut request = Request::from_parts(parts, body);
    request.extensions_mut().insert(web.gate.clone());
    request.extensions_mut().insert(caller.clone());
    tracing::Span::current().record("actor", tracing::field::display(&caller.actor.principal));
    let mut response = next.run(request).await;
    response.extensions_mut().insert(caller);
    if let Some(allowance) = allowance {
        response.extensions_mut().insert(allowance);
    }
    response
}

async fn caller_of(web: &Web, request: &Parts) -> Result<Caller, Fault> {
    let headers = &request.headers;
    let community = community_of(web, request).await?;
    let tenant = tenant_of(community.as_deref());
    let mut actor = match credential(&web.settings, headers) {
        None => Actor::guest(tenant),
        Some(credential) => match web.identify.identify(&credential, tenant).await {
            Ok(actor) => actor,
            Err(fault) => forgive(&credential, &request.method, tenant, fault)?,
        },
    };
    actor.community = community;
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
    web.identify.seen(&caller.actor, &caller.origin).await;
    Ok(caller)
}

fn credential(settings: &settings::Http, headers: &HeaderMap) -> Option<Credential> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    // The scheme is written in any case (RFC 9110, section 11.1).
    if let Some((scheme, token)) = bearer.and_then(|value| value.split_once(' '))
        && scheme.eq_ignore_ascii_case("bearer")
    {
        return Some(Credential::Bearer(token.trim().to_owned()));
    }
    // Other sites that may call the API do so with a credential of their own, never with the visitor's cookie.
    let origin = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok());
    if origin.is_some_and(|origin| settings.cors_origins.iter().any(|foreign| foreign == origin)) {
        return None;
    }
    let jar = CookieJar::from_headers(headers);
    jar.get(Web::session_cookie(settings)).map(|cookie| Credential::Session(cookie.value().to_owned()))
}

/// A browser whose session has ended is a guest; so is one that only reads while nobody can tell who it is.
fn forgive(credential: &Credential, method: &Method, tenant: TenantId, fault: Fault) -> Result<Actor, Fault> {
    let reads = method == Method::GET || method == Method::HEAD;
    match (credential, fault.code) {
        (Credential::Session(_), FaultCode::Unauthenticated) => Ok(Actor::guest(tenant)),
        (Credential::Session(_), FaultCode::Unavailable) if reads => Ok(Actor::guest(tenant)),
        _ => Err(fault),
    }
}

/// The client's address: the peer's, or what a trusted proxy says it is (the right-most untrusted hop). A hop that is no
/// address ends the search: what stands left of it may be anybody's invention.
pub(super) fn client_address(
    settings: &settings::Http,
    extensions: &Extensions,
    headers: &HeaderMap,
) -> Option<IpAddr> {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip();
    let trusted = |address: &IpAddr| settings.trusted_proxies.iter().any(|network| network.contains(*address));
    if !trusted(&peer) {
        return Some(peer);
    }
    let forwarded = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<Option<IpAddr>> =
        forwarded.flat_map(|value| value.split(',')).map(|hop| hop.trim().parse().ok()).collect();
    let mut known = hops.into_iter().rev().map_while(|hop| hop);
    Some(known.find(|hop| !trusted(hop)).unwrap_or(peer))
}
