//! Register, talk, see it live, be accountable: by REST.

use crate::client::Client;
use crate::stack::{Stack, Topology};
use futures::StreamExt;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Engine, eventually};
use tokio_tungstenite::tungstenite::Message;

#[rstest]
#[case::all_in_one_on_sqlite(Topology::AllInOne, Engine::Sqlite)]
#[case::all_in_one_on_postgres(Topology::AllInOne, Engine::Postgres)]
#[case::split_on_sqlite(Topology::Split, Engine::Sqlite)]
#[case::split_on_postgres(Topology::Split, Engine::Postgres)]
#[case::all_in_one_on_mariadb(Topology::AllInOne, Engine::MariaDb)]
#[case::split_on_mariadb(Topology::Split, Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn member_registers_talks_and_is_seen_live_and_audited(#[case] topology: Topology, #[case] engine: Engine) {
    let Some(stack) = Stack::start(topology, engine).await else { return };
    let founder = stack.founder().await;
    let category = founder.category("plans").await;
    let ada = Client::new(&stack.url).join("ada").await;
    let thread = ada.thread(&category, "What shall we build?").await;

    let mut live = Live::follow(&ada, &thread).await;
    let socket_url = format!("{}/api/v1/forum/threads/{thread}/live/ws", stack.url.replace("http", "ws"));
    let (mut socket, _) = tokio_tungstenite::connect_async(socket_url).await.unwrap();
    let bo = Client::new(&stack.url).join("bob").await;
    let reply = bo.reply(&thread, "A *garden*, of course.").await;
    assert_eq!(reply["html"], "<p>A <em>garden</em>, of course.</p>\n");
    let event = live.next("reply_posted").await;
    assert_eq!(event["post_id"], reply["id"]);
    let message = socket_event(&mut socket, "reply_posted").await;
    assert_eq!(message["post_id"], reply["id"]);

    retried_reply_is_one_reply(&bo, &thread).await;
    edit_needs_the_version_it_was_made_from(&bo, reply["id"].as_str().unwrap()).await;
    lists_show_names_and_pages(&ada, &thread).await;
    audit_shows_what_was_done(&founder, &ada, &thread).await;
    no_process_logged_an_error(&stack);
}

async fn retried_reply_is_one_reply(bo: &Client, thread: &str) {
    let path = format!("/api/v1/forum/threads/{thread}/posts");
    let body = json!({ "body": "Sent twice." });
    let first = bo.post_once(&path, "retry-1", &body).await.ok();
    let again = bo.post_once(&path, "retry-1", &body).await.ok();
    assert_eq!(first["id"], again["id"]);
    let other = bo.post_once(&path, "retry-1", &json!({ "body": "Something else." })).await;
    assert_eq!((other.status.as_u16(), other.reason().as_str()), (409, "request.idempotency_key_reused"));
}

async fn edit_needs_the_version_it_was_made_from(bo: &Client, post: &str) {
    let path = format!("/api/v1/forum/posts/{post}");
    let tag = bo.get(&path).await.headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(tag, "\"v1\"");
    let edited = bo.put(&path, Some(&tag), &json!({ "body": "A *greenhouse*." })).await;
    assert_eq!(edited.headers["etag"], "\"v2\"");
    let stale = bo.put(&path, Some(&tag), &json!({ "body": "Too late." })).await;
    assert_eq!((stale.status.as_u16(), stale.reason().as_str()), (412, "store.stale_version"));
    let versions = bo.get(&format!("{path}/versions")).await.ok();
    assert_eq!(versions["items"][0]["body"], "A *garden*, of course.");
}

async fn lists_show_names_and_pages(ada: &Client, thread: &str) {
    eventually("the members' names reach the forum", async || {
        let posts = ada.get(&format!("/api/v1/forum/threads/{thread}/posts")).await.ok();
        posts["items"].as_array().unwrap().iter().all(|post| post["author_name"].is_string())
    })
    .await;
    let first = ada.get(&format!("/api/v1/forum/threads/{thread}/posts?limit=2")).await.ok();
    let cursor = first["next"].as_str().unwrap();
    let second = ada.get(&format!("/api/v1/forum/threads/{thread}/posts?limit=2&cursor={cursor}")).await.ok();
    let numbers = |page: &Value| {
        page["items"].as_array().unwrap().iter().map(|p| p["number"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!((numbers(&first), numbers(&second)), (vec![1, 2], vec![3]));
    assert_eq!(second["next"], Value::Null);
}

async fn audit_shows_what_was_done(founder: &Client, ada: &Client, thread: &str) {
    let path = format!("/api/v1/audit/entries?operation=forum.post_reply&resource=Thread/{thread}");
    let refused = ada.get(&path).await;
    assert_eq!((refused.status.as_u16(), refused.reason().as_str()), (403, "access.forbidden"));
    eventually("both replies are in the audit, once each", async || {
        let entries = founder.get(&path).await.ok();
        entries["items"].as_array().unwrap().len() == 2
    })
    .await;
    let entries = founder.get(&path).await.ok();
    let entry = &entries["items"][0];
    assert_eq!(entry["operation"], "forum.post_reply");
    assert!(entry["policies"].to_string().contains("forum/members_write"), "{entry}");
}

fn no_process_logged_an_error(stack: &Stack) {
    for (command, process) in &stack.processes {
        let output = process.output();
        let errors: Vec<_> =
            output.lines().filter(|line| line.contains("ERROR") || line.contains("\"level\":\"ERROR\"")).collect();
        assert!(errors.is_empty(), "{command}: {errors:?}");
    }
}

/// A page's event stream.
struct Live {
    stream: std::pin::Pin<Box<dyn futures::Stream<Item = String> + Send>>,
    buffer: String,
}

impl Live {
    async fn follow(client: &Client, thread: &str) -> Self {
        let response = client.open(&format!("/api/v1/forum/threads/{thread}/live")).await;
        assert_eq!(response.status().as_u16(), 200);
        let chunks = response.bytes_stream().map(|chunk| String::from_utf8(chunk.unwrap().to_vec()).unwrap());
        let mut live = Self { stream: Box::pin(chunks), buffer: String::new() };
        live.next("hello").await;
        live
    }

    /// The data of the next event with that name.
    async fn next(&mut self, name: &str) -> Value {
        loop {
            while let Some(end) = self.buffer.find("\n\n") {
                let event: String = self.buffer.drain(..end + 2).collect();
                if event.lines().any(|line| line == format!("event: {name}")) {
                    let data = event.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
                    return serde_json::from_str(data).unwrap();
                }
            }
            let chunk = tokio::time::timeout(testkit::PATIENCE, self.stream.next()).await;
            self.buffer.push_str(&chunk.unwrap_or_else(|_| panic!("no {name} came")).unwrap());
        }
    }
}

async fn socket_event<S>(socket: &mut S, name: &str) -> Value
where
    S: futures::Stream<Item = Result<Message, tokio_tungstenite::tungstenite::Error>> + Unpin,
{
    loop {
        let message = tokio::time::timeout(testkit::PATIENCE, socket.next()).await.unwrap().unwrap().unwrap();
        let Message::Text(text) = message else { continue };
        let event: Value = serde_json::from_str(&text).unwrap();
        if event["event"] == name {
            return event["data"].clone();
        }
    }
}
