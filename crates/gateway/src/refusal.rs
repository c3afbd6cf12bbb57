//! What a client reads when nobody could answer: a problem (RFC 9457), a page, or a gRPC status, as it prefers.

use axum::Json;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use kernel::{Fault, FaultCode, Reason};
use serde_json::json;

use crate::hops::is_grpc;

/// Nobody serves this path right now.
pub const UPSTREAM_UNAVAILABLE: Reason = Reason::new(
    FaultCode::Unavailable,
    "gateway.upstream_unavailable",
    "This part of the site does not answer right now. Try again shortly.",
);

/// Somebody serves it, and takes too long.
pub const UPSTREAM_TIMEOUT: Reason = Reason::new(
    FaultCode::Unavailable,
    "gateway.upstream_timeout",
    "This part of the site takes too long to answer. Try again shortly.",
);

/// Seconds after which a retry makes sense.
const RETRY_AFTER_S: u16 = 2;

/// How a client likes to be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Problem,
    Page,
    Grpc,
}

impl Manner {
    pub(crate) fn of(method: &Method, headers: &HeaderMap) -> Self {
        if is_grpc(headers) && method == Method::POST {
            return Self::Grpc;
        }
        let page = preference(headers, &["text/html"]);
        let problem = preference(headers, &["application/problem+json", "application/json"]);
        if page > problem { Self::Page } else { Self::Problem }
    }
}

/// Turns a fault of the gateway into an answer; `page` writes the page.
pub(crate) fn refusal(manner: Manner, fault: &Fault, page: &dyn Fn(&Fault) -> String) -> Response {
    let status = status(fault);
    let mut response = match manner {
        Manner::Grpc => return grpc(fault),
        Manner::Page => (status, Html(page(fault))).into_response(),
        Manner::Problem => problem(status, fault),
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if fault.code == FaultCode::Unavailable {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_S));
    }
    response
}

/// A page that needs nothing from anywhere.
pub(crate) fn plain_page(fault: &Fault) -> String {
    let (title, detail) = (status(fault).canonical_reason().unwrap_or_default(), escaped(&fault.detail));
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <body style=\"font:1.1rem/1.5 system-ui;max-width:34rem;margin:15vh auto;padding:0 1rem\">\
         <h1>{title}</h1><p>{detail}</p></body></html>"
    )
}

fn status(fault: &Fault) -> StatusCode {
    match fault.code {
        FaultCode::NotFound => StatusCode::NOT_FOUND,
        _ if fault.is(&UPSTREAM_TIMEOUT) => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    }
}

fn problem(status: StatusCode, fault: &Fault) -> Response {
    let problem = json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": fault.detail,
        "reason": fault.reason,
    });
    let mut response = (status, Json(problem)).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}

/// A status in the headers alone, as the protocol allows for calls that fail at once: 12 when nobody knows the service,
/// 14 when nobody can be reached (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>).
fn grpc(fault: &Fault) -> Response {
    let code = if fault.code == FaultCode::NotFound { "12" } else { "14" };
    let mut response = StatusCode::OK.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(HeaderName::from_static("grpc-status"), HeaderValue::from_static(code));
    for (name, value) in [("grpc-message", &*fault.detail), ("polity-reason", &*fault.reason)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    response
}

/// The highest quality (RFC 9110 §12.4.2), in thousandths, at which one of `kinds` is named. A wildcard names nothing.
fn preference(headers: &HeaderMap, kinds: &[&str]) -> u16 {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let quality = |range: &str| {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next()?;
        kinds.iter().any(|wanted| kind.eq_ignore_ascii_case(wanted)).then_some(())?;
        let q = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse::<f32>().ok());
        q.map(|q| (q.clamp(0.0, 1.0) * 1000.0) as u16)
    };
    accepted.flat_map(|value| value.split(',')).filter_map(quality).max().unwrap_or_default()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_for_who_prefers_it() {
        for (accept, expected) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Manner::Page),
            ("application/json", Manner::Problem),
            ("text/html;q=0.5, application/json", Manner::Problem),
            ("text/html, application/json;q=0.5", Manner::Page),
            ("text/html;q=0", Manner::Problem),
            ("*/*", Manner::Problem),
            ("", Manner::Problem),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(Manner::of(&Method::GET, &headers), expected, "{accept}");
        }
    }

    #[test]
    fn words_stay_words_on_the_page() {
        let page = plain_page(&UPSTREAM_UNAVAILABLE.fault().detail("<script>&"));
        assert!(page.contains("&lt;script&gt;&amp;"), "{page}");
    }
}
