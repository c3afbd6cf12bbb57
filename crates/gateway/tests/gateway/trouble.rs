//! What clients get when a process behind the gateway is gone, half gone or slow.
#![allow(clippy::disallowed_methods, reason = "a test spawns and asks the machine as it likes")]

use crate::harness::{Server, dead_uri, get, in_front_of, send, send_http2, text};
use axum::Router;
use axum::body::Body;
use gateway::{Options, RouteError};
use http::{Request, StatusCode};
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_dead_process_is_a_problem_at_once() {
    let gateway = in_front_of(vec![dead_uri(), dead_uri()], Options::default());
    let began = Instant::now();
    let answer = get(&gateway.url("/")).await;
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    assert_eq!(answer.headers()["retry-after"], "2");
    let problem: Value = serde_json::from_str(&text(answer).await).unwrap();
    assert_eq!((&problem["status"], &problem["reason"]), (&503.into(), &"gateway.upstream_unavailable".into()));
    for word in ["type", "title", "detail"] {
        assert!(problem[word].is_string(), "{word}");
    }
}

#[tokio::test]
async fn a_browser_gets_a_page() {
    let options = Options { page: Arc::new(|fault| format!("<h1>{}</h1>", fault.reason)), ..Options::default() };
    let gateway = in_front_of(vec![dead_uri()], options);
    let request = Request::get(gateway.url("/")).header("accept", "text/html,*/*;q=0.8");
    let answer = send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    assert_eq!(text(answer).await, "<h1>gateway.upstream_unavailable</h1>");
}

#[tokio::test]
async fn a_grpc_client_gets_a_status() {
    let gateway = in_front_of(vec![dead_uri()], Options::default());
    let request = Request::post(gateway.url("/s/M")).header("content-type", "application/grpc");
    let answer = send_http2(request.body(Body::empty()).unwrap()).await;
    assert_eq!((answer.status(), &answer.headers()["grpc-status"]), (StatusCode::OK, &"14".parse().unwrap()));
    assert_eq!(answer.headers()["polity-reason"], "gateway.upstream_unavailable");
}

#[tokio::test]
async fn one_dead_process_of_two_is_not_noticed() {
    let echo = Server::start(Router::new().fallback(|body: String| async { body }));
    let gateway = in_front_of(vec![dead_uri(), echo.uri()], Options::default());
    for _ in 0..4 {
        let answer = send(Request::post(gateway.url("/")).body(Body::from("hello")).unwrap()).await;
        assert_eq!(text(answer).await, "hello");
    }
}

#[tokio::test]
async fn a_process_that_dies_during_a_request_is_unavailable_and_not_asked_twice() {
    // It reads the request and hangs up.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dying = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let asked = tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let _ = tokio::io::AsyncReadExt::read(&mut connection, &mut [0; 1024]).await.unwrap();
    });
    let other = Server::start(Router::new().fallback(|| async { "asked twice" }));
    let gateway = in_front_of(vec![dying, other.uri()], Options::default());
    let answer = send(Request::post(gateway.url("/")).body(Body::from("pay")).unwrap()).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    asked.await.unwrap();
}

#[tokio::test]
async fn a_process_that_takes_too_long_is_a_timeout() {
    let slow = Server::start(Router::new().fallback(std::future::pending::<()>));
    let options = Options { head_timeout: Duration::from_millis(50), ..Options::default() };
    let gateway = in_front_of(vec![slow.uri()], options);
    let answer = get(&gateway.url("/")).await;
    assert_eq!(answer.status(), StatusCode::GATEWAY_TIMEOUT);
    assert!(text(answer).await.contains("gateway.upstream_timeout"));
}

#[tokio::test]
async fn a_route_that_can_never_work_keeps_the_gateway_from_starting() {
    let refused = gateway::router(vec![crate::harness::route("/", Vec::new())], Options::default()).unwrap_err();
    assert_eq!(refused, RouteError::NoTarget { prefix: "/".to_owned() });
}
