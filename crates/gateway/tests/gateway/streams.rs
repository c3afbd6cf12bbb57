//! What flows keeps flowing: nothing is held back, both directions end together, trailers come last.
#![allow(clippy::disallowed_methods, reason = "a test spawns and asks the machine as it likes")]

use crate::harness::{Server, in_front_of, send, send_http2};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::WebSocketUpgrade;
use axum::extract::ws::Message as Frame;
use axum::response::sse::{Event, Sse};
use axum::routing::get;
use futures::channel::mpsc;
use futures::{SinkExt, StreamExt};
use gateway::Options;
use http::{HeaderMap, HeaderValue, Request, Version};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

/// Says when it is dropped.
struct Leaving(Arc<Notify>);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

async fn next_text(body: &mut Incoming) -> String {
    let frame = body.frame().await.unwrap().unwrap();
    String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn an_event_arrives_while_the_stream_is_still_open() {
    let (sender, receiver) = mpsc::unbounded::<Result<Event, Infallible>>();
    let stream = Arc::new(Mutex::new(Some(receiver)));
    let router = Router::new()
        .route("/events", get(move || async move { Sse::new(stream.lock().unwrap().take().unwrap()) }))
        .route("/never", get(std::future::pending::<()>));
    let upstream = Server::start(router);
    let options = Options { head_timeout: Duration::from_millis(50), ..Options::default() };
    let gateway = in_front_of(vec![upstream.uri()], options);

    let answer = send(Request::get(gateway.url("/events")).body(Body::empty()).unwrap()).await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut body = answer.into_body();
    sender.unbounded_send(Ok(Event::default().data("one"))).unwrap();
    assert_eq!(next_text(&mut body).await, "data: one\n\n");

    // By the time another request is late, the stream is older than the limit, and still open.
    assert_eq!(crate::harness::get(&gateway.url("/never")).await.status(), 504);
    sender.unbounded_send(Ok(Event::default().data("two"))).unwrap();
    assert_eq!(next_text(&mut body).await, "data: two\n\n");
    drop(sender);
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn an_upload_is_answered_while_it_is_still_open() {
    let echo = Server::start(Router::new().fallback(|body: Body| async { body }));
    let gateway = in_front_of(vec![echo.uri()], Options::default());
    let (mut sender, receiver) = mpsc::channel::<Result<Bytes, Infallible>>(1);
    let request = Request::post(gateway.url("/")).body(Body::from_stream(receiver)).unwrap();
    let mut body = send(request).await.into_body();
    for part in ["one", "two"] {
        sender.send(Ok(Bytes::from(part))).await.unwrap();
        assert_eq!(next_text(&mut body).await, part);
    }
    drop(sender);
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn a_client_that_leaves_takes_its_request_along() {
    let (entered, left) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (inside, leaving) = (Arc::clone(&entered), Arc::clone(&left));
    let upstream = Server::start(Router::new().fallback(move || async move {
        let _leaving = Leaving(leaving);
        inside.notify_one();
        std::future::pending::<()>().await;
    }));
    let gateway = in_front_of(vec![upstream.uri()], Options::default());
    let url = gateway.url("/");
    let request = tokio::spawn(async move { crate::harness::get(&url).await });
    entered.notified().await;
    request.abort();
    left.notified().await;
}

/// Echoes what it hears, hangs up when told to, and says when its side has ended.
fn sockets(ended: &Arc<Notify>) -> Router {
    let ended = Arc::clone(ended);
    let speak = move |upgrade: WebSocketUpgrade| async move {
        upgrade.protocols(["chat"]).on_upgrade(|mut socket| async move {
            let _leaving = Leaving(ended);
            while let Some(Ok(frame)) = socket.recv().await {
                match frame {
                    Frame::Text(text) if text == "leave" => break,
                    Frame::Text(text) => socket.send(Frame::Text(text)).await.unwrap(),
                    _ => {}
                }
            }
        })
    };
    Router::new().route("/socket", get(speak))
}

#[tokio::test]
async fn a_websocket_speaks_both_ways_until_the_client_leaves() {
    let ended = Arc::new(Notify::new());
    let upstream = Server::start(sockets(&ended));
    let gateway = in_front_of(vec![upstream.uri()], Options::default());
    let (mut socket, _) = connect_async(format!("ws://{}/socket", gateway.address)).await.unwrap();
    for word in ["one", "two"] {
        socket.send(Message::text(word)).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), Message::text(word));
    }
    drop(socket);
    ended.notified().await;
}

#[tokio::test]
async fn a_websocket_ends_for_the_client_when_the_server_leaves() {
    let ended = Arc::new(Notify::new());
    let upstream = Server::start(sockets(&ended));
    let gateway = in_front_of(vec![upstream.uri()], Options::default());
    let (mut socket, _) = connect_async(format!("ws://{}/socket", gateway.address)).await.unwrap();
    socket.send(Message::text("leave")).await.unwrap();
    while let Some(Ok(_)) = socket.next().await {}
    ended.notified().await;
}

#[tokio::test]
async fn a_websocket_that_is_refused_stays_a_request() {
    let upstream = Server::start(Router::new());
    let gateway = in_front_of(vec![upstream.uri()], Options::default());
    let refused = connect_async(format!("ws://{}/socket", gateway.address)).await.unwrap_err();
    assert!(matches!(refused, tokio_tungstenite::tungstenite::Error::Http(answer) if answer.status() == 404));
}

#[tokio::test]
async fn a_grpc_call_goes_over_http2_and_its_trailers_come_back() {
    let upstream = Server::start(Router::new().route(
        "/polity.forum.v1.ForumApi/Post",
        axum::routing::post(|request: Request<Body>| async move {
            assert_eq!(
                (request.version(), &request.headers()["te"]),
                (Version::HTTP_2, &HeaderValue::from_static("trailers"))
            );
            let trailers = HeaderMap::from_iter([("grpc-status".parse().unwrap(), HeaderValue::from_static("0"))]);
            let body = request.into_body().with_trailers(async { Some(Ok(trailers)) });
            ([("content-type", "application/grpc")], Body::new(body))
        }),
    ));
    let routes = vec![crate::harness::route("/polity.forum.v1.", vec![upstream.uri()])];
    let gateway = Server::start(gateway::router(routes, Options::default()).unwrap());
    let request = Request::post(gateway.url("/polity.forum.v1.ForumApi/Post"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(Body::from("message"))
        .unwrap();
    let answer = send_http2(request).await.into_body().collect().await.unwrap();
    assert_eq!(answer.trailers().unwrap()["grpc-status"], "0");
    assert_eq!(answer.to_bytes(), "message");
}
