//! Open pages hear what happens, by server-sent events and by WebSocket: no gap, no double.

use crate::house::{ADA, API, BO, House, MO, Started, text};
use axum::body::BodyDataStream;
use axum::http::StatusCode;
use futures::StreamExt;
use futures::future::join_all;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Engine, PATIENCE, eventually};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

/// An open page.
struct Listener {
    body: BodyDataStream,
    buffer: String,
}

/// One server-sent event.
#[derive(Debug, PartialEq)]
struct Frame {
    event: String,
    id: i64,
    data: Value,
}

impl Listener {
    async fn open(house: &House, path: &str, last_event_id: Option<i64>) -> Self {
        let mut ask = house.get(path);
        if let Some(id) = last_event_id {
            ask = ask.header("last-event-id", &id.to_string());
        }
        let (status, body) = ask.stream().await;
        assert_eq!(status, StatusCode::OK);
        Self { body, buffer: String::new() }
    }

    async fn next(&mut self) -> Frame {
        loop {
            if let Some((frame, rest)) = self.buffer.split_once("\n\n") {
                let field = |name: &str| {
                    let lines = frame.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                    lines.collect::<String>()
                };
                let (event, id, data) = (field("event"), field("id"), field("data"));
                self.buffer = rest.to_owned();
                return Frame { event, id: id.parse().unwrap(), data: serde_json::from_str(&data).unwrap() };
            }
            let chunk = timeout(PATIENCE, self.body.next()).await.unwrap().unwrap().unwrap();
            self.buffer.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The posts that the next `count` events tell of, all of them new, each later than the one before.
    async fn replies(&mut self, count: usize, mut last: i64) -> (Vec<String>, i64) {
        let mut posts = Vec::new();
        for _ in 0..count {
            let frame = self.next().await;
            assert_eq!(frame.event, "reply_posted");
            assert!(frame.id > last, "{frame:?} comes after {last}");
            last = frame.id;
            posts.push(text(&frame.data["post_id"]));
        }
        (posts, last)
    }
}

fn live(thread: &Started) -> String {
    format!("{API}/threads/{}/live", thread.id)
}

async fn reply(house: &House, thread: &Started) -> String {
    text(&house.replies(BO, thread, "A reply.").await.expect(StatusCode::CREATED).json()["id"])
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn open_page_hears_hello_and_then_each_change_of_its_thread(#[case] engine: Engine) {
    let Some(house) = House::on(engine).await else { return };
    let thread = house.starts(ADA, "A thread", "Text.").await;
    let other = house.starts(ADA, "Another thread", "Text.").await;
    let mut listener = Listener::open(&house, &live(&thread), None).await;
    let hello = listener.next().await;
    assert_eq!((hello.event.as_str(), hello.data), ("hello", json!({ "missed": false })));

    reply(&house, &other).await;
    let post = reply(&house, &thread).await;
    let edit = house.ask("PUT", &format!("{API}/posts/{post}")).by(BO).json(json!({ "body": "Better." })).await;
    edit.expect(StatusCode::OK);
    house.locks(&thread).await;
    let mut last = hello.id;
    for (event, post_id) in
        [("reply_posted", json!(post)), ("post_edited", json!(post)), ("thread_locked", Value::Null)]
    {
        let frame = listener.next().await;
        assert_eq!((frame.event.as_str(), &frame.data["post_id"]), (event, &post_id));
        assert_eq!(frame.data["thread_id"], thread.id);
        assert!(frame.id > last);
        last = frame.id;
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread")]
async fn page_that_reconnects_misses_nothing_and_hears_nothing_twice(#[case] engine: Engine) {
    let Some(house) = House::on(engine).await else { return };
    let thread = house.starts(ADA, "A thread", "Text.").await;
    let mut listener = Listener::open(&house, &live(&thread), None).await;
    let hello = listener.next().await;
    let first = reply(&house, &thread).await;
    let (heard, last) = listener.replies(1, hello.id).await;
    assert_eq!(heard, [first]);
    drop(listener);

    let mut posted = vec![reply(&house, &thread).await, reply(&house, &thread).await];
    // Some more while it connects, and some after.
    let path = live(&thread);
    let during = join_all((0..5).map(|_| reply(&house, &thread)));
    let (mut listener, during) = tokio::join!(Listener::open(&house, &path, Some(last)), during);
    posted.extend(during);
    posted.push(reply(&house, &thread).await);
    assert_eq!(listener.next().await, Frame { event: "hello".to_owned(), id: last, data: json!({ "missed": false }) });
    let (mut heard, last) = listener.replies(posted.len(), last).await;
    heard.sort_unstable();
    posted.sort_unstable();
    assert_eq!(heard, posted);
    let next = reply(&house, &thread).await;
    assert_eq!(listener.replies(1, last).await.0, [next]);
}

#[tokio::test]
async fn place_from_another_databases_life_is_taken_for_now() {
    let house = House::new().await;
    let thread = house.starts(ADA, "A thread", "Text.").await;
    let head = i64::try_from(house.everything_told().await.len()).unwrap();
    let mut listener = Listener::open(&house, &live(&thread), Some(999_999)).await;
    assert_eq!(listener.next().await.id, head);
    let post = reply(&house, &thread).await;
    assert_eq!(listener.replies(1, head).await.0, [post]);
}

#[tokio::test]
async fn page_names_the_place_it_was_rendered_at() {
    let house = House::new().await;
    let thread = house.starts(ADA, "A thread", "Text.").await;
    let path = format!("/t/{}", thread.id);
    let url = async || {
        let page = house.page(&path, None).await.text;
        page.split_once("data-live-url=\"").unwrap().1.split('"').next().unwrap().to_owned()
    };
    eventually("the page knows its place", async || url().await.contains("?after=")).await;
    let url = url().await;
    let between = reply(&house, &thread).await;
    let mut listener = Listener::open(&house, &url, None).await;
    let hello = listener.next().await;
    assert!(url.ends_with(&format!("?after={}", hello.id)), "{url}");
    assert_eq!(listener.replies(1, hello.id).await.0, [between]);
}

#[tokio::test]
async fn socket_says_the_same_as_the_event_stream() {
    let house = House::new().await;
    let thread = house.starts(ADA, "A thread", "Text.").await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}{}/ws?after=0", listener.local_addr().unwrap(), live(&thread));
    let conversation = async {
        let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        let post = reply(&house, &thread).await;
        house.ask("PUT", &format!("{API}/threads/{}/lock", thread.id)).by(MO).send().await;
        let mut said = Vec::new();
        while said.len() < 3 {
            let message = timeout(PATIENCE, socket.next()).await.unwrap().unwrap().unwrap();
            if let Message::Text(text) = message {
                said.push(serde_json::from_str::<Value>(&text).unwrap());
            }
        }
        socket.close(None).await.unwrap();
        assert_eq!(said[0], json!({ "id": 0, "event": "hello", "data": { "missed": false } }));
        assert_eq!((&said[1]["event"], &said[1]["data"]["post_id"]), (&json!("reply_posted"), &json!(post)));
        assert_eq!(said[2]["event"], "thread_locked");
        assert!(said[2]["id"].as_i64() > said[1]["id"].as_i64());
    };
    tokio::select! {
        served = axum::serve(listener, house.router.clone()) => panic!("the server ended: {served:?}"),
        () = conversation => {}
    }
}
