//! Bad input, bad days, and sudden ends.

use crate::client::Client;
use crate::stack::{Stack, Topology};
use rstest::rstest;
use serde_json::json;
use testkit::{Engine, EphemeralMariaDb, EphemeralPostgres, eventually};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_requests_get_problems_that_say_what_is_wrong() {
    let Some(stack) = Stack::start(Topology::AllInOne, Engine::Sqlite).await else { return };
    let guest = Client::new(&stack.url);
    let threads = "/api/v1/forum/threads";
    // Who is not allowed learns that before anything is read.
    let unread = guest.post_raw(threads, "application/json", b"{ not json".to_vec()).await;
    assert_eq!((unread.status.as_u16(), unread.reason().as_str()), (401, "access.log_in"));
    assert_eq!(unread.headers["content-type"], "application/problem+json");

    let member = guest.join("mallory").await;
    let json_type = "application/json";
    let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000)).into_bytes();
    let cases: [(&str, Vec<u8>, u16, &str); 6] = [
        (json_type, b"{ not json".to_vec(), 400, "request.malformed"),
        (json_type, vec![0xff, 0xfe, b'"'], 400, "request.malformed"),
        (json_type, deep, 422, "request.invalid"),
        (json_type, b"{}".to_vec(), 422, "request.invalid"),
        ("text/plain", b"{}".to_vec(), 415, "request.unsupported_media_type"),
        (json_type, vec![b' '; 2 << 20], 413, "request.too_large"),
    ];
    for (media, body, status, reason) in cases {
        let shown = String::from_utf8_lossy(&body[..body.len().min(20)]).into_owned();
        let answer = member.post_raw(threads, media, body).await;
        assert_eq!((answer.status.as_u16(), answer.reason().as_str()), (status, reason), "{media} {shown}");
        assert!(!answer.json()["request_id"].as_str().unwrap().is_empty());
    }
    // A body nobody reads to its end costs its connection.
    let guest = Client::new(&stack.url);
    assert_eq!(guest.get("/api/v1/nothing").await.reason(), "request.no_route");
    assert_eq!(guest.get("/api/v1/forum/threads/not-an-id").await.status.as_u16(), 404);
    let fields = guest
        .post("/api/v1/auth/register", &json!({ "email": "x", "handle": "!", "display_name": "", "password": "1" }))
        .await;
    assert!(fields.json()["errors"].as_array().unwrap().len() >= 3, "{}", fields.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cross_site_form_is_refused() {
    let Some(stack) = Stack::start(Topology::AllInOne, Engine::Sqlite).await else { return };
    let client = Client::new(&stack.url);
    let answer = client.post_from_another_site("/logout").await;
    assert_eq!((answer.status.as_u16(), answer.reason().as_str()), (403, "request.cross_site"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unfinished_requests_are_cut_off() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let Some(stack) = Stack::start(Topology::AllInOne, Engine::Sqlite).await else { return };
    let address = stack.url.trim_start_matches("http://").to_owned();
    let unfinished = [
        "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ".to_owned(),
        "POST /api/v1/auth/register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{".to_owned(),
    ];
    for request in unfinished {
        let mut socket = tokio::net::TcpStream::connect(&address).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // The server ends the connection; the test's own patience is far longer than the server's.
        let ended = tokio::time::timeout(std::time::Duration::from_secs(40), socket.read_to_end(&mut answer)).await;
        assert!(ended.is_ok(), "still open after {request:?}");
    }
    assert!(Client::new(&stack.url).get("/health/ready").await.status.is_success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_at_any_moment_loses_nothing_acknowledged() {
    const ROUNDS: usize = 5;
    let Some(mut stack) = Stack::start(Topology::AllInOne, Engine::Sqlite).await else { return };
    let port: u16 = stack.url.rsplit(':').next().unwrap().parse().unwrap();
    let founder = stack.founder().await;
    let category = founder.category("kills").await;
    let thread = founder.thread(&category, "Survivors").await;
    let mut acknowledged = Vec::new();
    for round in 0..ROUNDS {
        let writer = tokio::spawn(write_until_dead(founder.clone(), thread.clone(), round));
        eventually("some replies are in", async || {
            founder.get(&format!("/api/v1/forum/threads/{thread}")).await.ok()["post_count"].as_u64()
                > Some(1 + acknowledged.len() as u64 + 3)
        })
        .await;
        let (_, process) = stack.processes.pop().unwrap();
        process.kill().await;
        acknowledged.extend(writer.await.unwrap());
        stack.run("run-all-in-one", port, 0).await;
    }
    let kept = founder.get(&format!("/api/v1/forum/threads/{thread}")).await.ok()["post_count"].as_u64().unwrap();
    assert!(kept > acknowledged.len() as u64, "{kept} posts for {} acknowledged", acknowledged.len());
    for id in &acknowledged {
        assert!(founder.get(&format!("/api/v1/forum/posts/{id}")).await.status.is_success(), "{id} is lost");
    }
    // Every committed reply reached the audit once: as many entries as replies, not one more.
    let replies = usize::try_from(kept - 1).unwrap();
    let mut seen = 0;
    eventually("the audit is complete", async || {
        seen = count_entries(&founder, &thread).await;
        seen >= replies
    })
    .await;
    assert_eq!(seen, replies);
}

async fn write_until_dead(founder: Client, thread: String, round: usize) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for n in 0.. {
        let path = format!("/api/v1/forum/threads/{thread}/posts");
        match founder.try_post(&path, &json!({ "body": format!("{round}-{n}") })).await {
            Some(answer) if answer.status.is_success() => {
                acknowledged.push(answer.json()["id"].as_str().unwrap().to_owned());
            }
            _ => break,
        }
    }
    acknowledged
}

async fn count_entries(founder: &Client, thread: &str) -> usize {
    let base = format!("/api/v1/audit/entries?operation=forum.post_reply&resource=Thread/{thread}&limit=100");
    let (mut count, mut cursor) = (0, String::new());
    loop {
        let page = founder.get(&format!("{base}{cursor}")).await.ok();
        count += page["items"].as_array().unwrap().len();
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return count,
        }
    }
}

/// A database server of the test's own.
enum Server {
    Postgres(EphemeralPostgres),
    MariaDb(EphemeralMariaDb),
}

impl Server {
    async fn start(engine: Engine) -> Option<Self> {
        match engine {
            Engine::Sqlite => None,
            Engine::Postgres => EphemeralPostgres::start().await.map(Self::Postgres),
            Engine::MariaDb => EphemeralMariaDb::start().await.map(Self::MariaDb),
        }
    }

    async fn database(&self, name: &str) -> String {
        match self {
            Self::Postgres(server) => server.database(name).await,
            Self::MariaDb(server) => server.database(name).await,
        }
    }

    fn pause(&self) {
        match self {
            Self::Postgres(server) => server.pause(),
            Self::MariaDb(server) => server.pause(),
        }
    }

    fn resume(&self) {
        match self {
            Self::Postgres(server) => server.resume(),
            Self::MariaDb(server) => server.resume(),
        }
    }

    async fn stop(&mut self) {
        match self {
            Self::Postgres(server) => server.stop().await,
            Self::MariaDb(server) => server.stop().await,
        }
    }

    async fn restart(&mut self) {
        match self {
            Self::Postgres(server) => server.restart().await,
            Self::MariaDb(server) => server.restart().await,
        }
    }
}

#[rstest]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frozen_database_turns_readiness_red_and_thaws_without_a_restart(#[case] engine: Engine) {
    let Some(mut server) = Server::start(engine).await else { return };
    let url = server.database("frozen").await;
    let folder = tempfile::TempDir::new().unwrap();
    let port = testkit::free_port().to_string();
    let data = folder.path().display().to_string();
    let environment = [
        ("ENVIRONMENT", "test"),
        ("POLITY_DATA_DIR", data.as_str()),
        ("POLITY_HTTP_PORT", port.as_str()),
        ("POLITY_STORE_URL", url.as_str()),
        ("POLITY_STORE_STATEMENT_TIMEOUT_MS", "2000"),
    ];
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_polity-under-test"));
    let process = testkit::Process::spawn(binary, &["run-all-in-one"], &environment, folder.path());
    process.wait_for_line("is ready", std::time::Duration::from_secs(60)).await;
    let client = Client::new(&format!("http://127.0.0.1:{port}"));
    assert!(client.get("/api/v1/forum/categories").await.status.is_success());
    server.pause();
    let answer = client.get("/api/v1/forum/categories").await;
    assert_eq!((answer.status.as_u16(), answer.reason().as_str()), (503, "store.unavailable"));
    assert!(answer.headers.contains_key("retry-after"));
    assert_eq!(client.get("/health/ready").await.status.as_u16(), 503);
    assert_eq!(client.get("/health/live").await.status.as_u16(), 200);
    server.resume();
    eventually("it serves again", async || client.get("/api/v1/forum/categories").await.status.is_success()).await;
    server.stop().await;
    eventually("it notices the crash", async || client.get("/health/ready").await.status.as_u16() == 503).await;
    server.restart().await;
    eventually("it serves after the crash", async || client.get("/api/v1/forum/categories").await.status.is_success())
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drain_lets_requests_finish_and_open_pages_go() {
    let Some(stack) = Stack::start(Topology::AllInOne, Engine::Sqlite).await else { return };
    let founder = stack.founder().await;
    let category = founder.category("drains").await;
    let thread = founder.thread(&category, "Last orders").await;
    let open_page = founder.open(&format!("/api/v1/forum/threads/{thread}/live")).await;
    let status = stack.process("run-all-in-one").terminate().await;
    assert!(status.success(), "{status:?}");
    assert!(open_page.text().await.is_ok(), "the open page's stream ends cleanly");
}
