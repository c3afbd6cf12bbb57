//! What processes behind the gateway hear about a client is true, and hops keep their own affairs to themselves.

use crate::harness::{Server, get, in_front_of, send, send_http2, text};
use axum::body::Body;
use axum::{Json, Router};
use gateway::Options;
use http::{HeaderMap, Request};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Answers with the headers it received.
fn mirror() -> Server {
    Server::start(Router::new().fallback(|headers: HeaderMap| async move {
        let line = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            (name.to_string(), value.to_str().unwrap_or_default().to_owned())
        };
        Json(headers.iter().map(line).collect::<BTreeMap<_, _>>())
    }))
}

async fn received(gateway: &Server, headers: &[(&str, &str)]) -> Value {
    let mut request = Request::get(gateway.url("/"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    serde_json::from_str(&text(send(request.body(Body::empty()).unwrap()).await).await).unwrap()
}

const CLAIMS: [(&str, &str); 6] = [
    ("host", "polity.example"),
    ("x-forwarded-for", "203.0.113.7"),
    ("x-forwarded-proto", "https"),
    ("x-forwarded-host", "first.example"),
    ("forwarded", "for=203.0.113.7"),
    ("x-real-ip", "203.0.113.7"),
];

#[tokio::test]
async fn a_strangers_claims_are_replaced_by_what_is_known() {
    let mirror = mirror();
    let gateway = in_front_of(vec![mirror.uri()], Options::default());
    let seen = received(&gateway, &CLAIMS).await;
    assert_eq!(seen["x-forwarded-for"], "127.0.0.1");
    assert_eq!(seen["x-forwarded-proto"], "http");
    assert_eq!(seen["x-forwarded-host"], "polity.example");
    assert_eq!(seen["forwarded"], "for=127.0.0.1;host=\"polity.example\";proto=http");
    assert_eq!((&seen["host"], &seen["x-real-ip"]), (&"polity.example".into(), &Value::Null));
}

#[tokio::test]
async fn a_trusted_proxys_claims_are_extended() {
    let mirror = mirror();
    let trusts = Arc::new(|peer: std::net::IpAddr| peer.is_loopback());
    let gateway = in_front_of(vec![mirror.uri()], Options { trusts, ..Options::default() });
    let seen = received(&gateway, &CLAIMS).await;
    assert_eq!(seen["x-forwarded-for"], "203.0.113.7, 127.0.0.1");
    assert_eq!(seen["x-forwarded-proto"], "https");
    assert_eq!(seen["x-forwarded-host"], "first.example");
    assert_eq!(seen["forwarded"], "for=203.0.113.7, for=127.0.0.1;host=\"polity.example\";proto=http");
}

#[tokio::test]
async fn only_end_to_end_headers_pass() {
    let mirror = mirror();
    let gateway = in_front_of(vec![mirror.uri()], Options { tls: true, ..Options::default() });
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let seen = received(
        &gateway,
        &[
            ("connection", "x-mine, keep-alive"),
            ("x-mine", "1"),
            ("te", "trailers"),
            ("upgrade", "h2c"),
            ("proxy-authorization", "Basic x"),
            ("polity-caller-bin", "e30"),
            ("x-request-id", "r-7"),
            ("traceparent", trace),
            ("cookie", "a=b"),
        ],
    )
    .await;
    for gone in ["connection", "x-mine", "te", "upgrade", "proxy-authorization", "polity-caller-bin"] {
        assert_eq!(seen[gone], Value::Null, "{gone}");
    }
    assert_eq!((&seen["x-request-id"], &seen["traceparent"]), (&"r-7".into(), &trace.into()));
    assert_eq!((&seen["cookie"], &seen["x-forwarded-proto"]), (&"a=b".into(), &"https".into()));
}

#[tokio::test]
async fn an_http2_client_is_heard_by_an_http1_server() {
    let mirror = mirror();
    let gateway = in_front_of(vec![mirror.uri()], Options::default());
    let answer = send_http2(Request::get(gateway.url("/")).body(Body::empty()).unwrap()).await;
    let seen: Value = serde_json::from_str(&text(answer).await).unwrap();
    assert_eq!((&seen["host"], &seen["x-forwarded-for"]), (&gateway.address.to_string().into(), &"127.0.0.1".into()));
}

#[tokio::test]
async fn an_answers_hop_by_hop_headers_stay_behind() {
    let headers = [("connection", "x-inner"), ("x-inner", "1"), ("x-outer", "2"), ("proxy-authenticate", "Basic")];
    let server = Server::start(Router::new().fallback(move || async move { (headers, "ok") }));
    let gateway = in_front_of(vec![server.uri()], Options::default());
    let answer = get(&gateway.url("/")).await;
    assert_eq!(answer.headers()["x-outer"], "2");
    for gone in ["connection", "x-inner", "proxy-authenticate"] {
        assert!(!answer.headers().contains_key(gone), "{gone}");
    }
}
