//! Requests reach whoever serves their path, unchanged.

use crate::harness::{Server, get, in_front_of, route, send, send_http2, text};
use axum::Router;
use axum::body::Body;
use gateway::{Options, Route, router};
use http::{Request, StatusCode};

/// Answers everything with its name and what it was asked.
fn named(name: &'static str) -> Server {
    Server::start(Router::new().fallback(move |request: Request<Body>| async move {
        format!("{name} {} {}", request.method(), request.uri())
    }))
}

#[tokio::test]
async fn the_longest_prefix_gets_the_request_and_the_fallback_the_rest() {
    let (forum, auth, web) = (named("forum"), named("auth"), named("web"));
    let routes = vec![
        Route { fallback: true, ..route("/", vec![web.uri()]) },
        route("/api/v1", vec![auth.uri()]),
        route("/api/v1/forum", vec![forum.uri()]),
    ];
    let gateway = Server::start(router(routes, Options::default()).unwrap());
    for (path, expected) in [
        ("/api/v1/forum/threads?page=2&q=%C3%A9", "forum GET /api/v1/forum/threads?page=2&q=%C3%A9"),
        ("/api/v1/users", "auth GET /api/v1/users"),
        ("/", "web GET /"),
        ("/about%2Fus", "web GET /about%2Fus"),
    ] {
        assert_eq!(text(get(&gateway.url(path)).await).await, expected);
    }
}

#[tokio::test]
async fn a_path_nobody_serves_is_not_found() {
    let forum = named("forum");
    let gateway = Server::start(router(vec![route("/t/", vec![forum.uri()])], Options::default()).unwrap());
    let answer = get(&gateway.url("/elsewhere")).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert!(text(answer).await.contains("request.no_route"));
}

#[tokio::test]
async fn targets_take_turns() {
    let (one, two) = (named("one"), named("two"));
    let gateway = in_front_of(vec![one.uri(), two.uri()], Options::default());
    let mut names = Vec::new();
    for _ in 0..4 {
        names.push(text(get(&gateway.url("/")).await).await[..3].to_owned());
    }
    assert_eq!(names, ["one", "two", "one", "two"]);
}

#[tokio::test]
async fn a_body_arrives_whole_whichever_http_the_client_speaks() {
    let echo = Server::start(Router::new().fallback(|body: String| async { body }));
    let gateway = in_front_of(vec![echo.uri()], Options::default());
    let body = "0123456789".repeat(100_000);
    let request = || Request::post(gateway.url("/")).body(Body::from(body.clone())).unwrap();
    assert!(text(send(request()).await).await == body);
    assert!(text(send_http2(request()).await).await == body);
}

#[tokio::test]
async fn an_answers_status_and_headers_come_back() {
    let teapot =
        Server::start(Router::new().fallback(|| async { (StatusCode::IM_A_TEAPOT, [("etag", "\"7\"")], "tea") }));
    let gateway = in_front_of(vec![teapot.uri()], Options::default());
    let answer = get(&gateway.url("/")).await;
    assert_eq!((answer.status(), &answer.headers()["etag"]), (StatusCode::IM_A_TEAPOT, &"\"7\"".parse().unwrap()));
}
