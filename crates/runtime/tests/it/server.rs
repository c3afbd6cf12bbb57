//! The listener on a real socket: how slow, how many, and how it ends.

use axum::Router;
use axum::routing::get;
use futures::future::join_all;
use runtime::http::{ServerOptions, serve};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use testkit::{PATIENCE, eventually};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

const ROOMY: ServerOptions = ServerOptions {
    header_timeout: Duration::from_secs(30),
    idle_timeout: Duration::from_secs(60),
    max_connections: 100,
};

struct Server {
    address: SocketAddr,
    stop: CancellationToken,
    running: JoinHandle<()>,
    /// Requests at `/wait` right now, and the most there ever were.
    waiting: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    /// One more of them goes on for each permit.
    door: Arc<Semaphore>,
}

impl Server {
    async fn start(options: ServerOptions) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (waiting, most, door) =
            (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default(), Arc::new(Semaphore::new(0)));
        let (now, peak, opens) = (Arc::clone(&waiting), Arc::clone(&most), Arc::clone(&door));
        let wait = move || {
            let (now, peak, opens) = (Arc::clone(&now), Arc::clone(&peak), Arc::clone(&opens));
            async move {
                peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                opens.acquire().await.unwrap().forget();
                now.fetch_sub(1, Ordering::SeqCst);
                "waited"
            }
        };
        let router = Router::new().route("/", get(|| async { "hello" })).route("/wait", get(wait));
        let stop = CancellationToken::new();
        let running = tokio::spawn(serve(listener, router, options, stop.clone()));
        Self { address, stop, running, waiting, most, door }
    }

    async fn connect(&self) -> Client {
        Client(TcpStream::connect(self.address).await.unwrap())
    }

    async fn has_waiting(&self, count: usize) {
        eventually("the requests are under way", async || self.waiting.load(Ordering::SeqCst) == count).await;
    }
}

struct Client(TcpStream);

impl Client {
    async fn say(&mut self, words: &str) {
        self.0.write_all(words.as_bytes()).await.unwrap();
    }

    async fn ask(&mut self, path: &str) {
        self.say(&format!("GET {path} HTTP/1.1\r\nHost: polity.test\r\n\r\n")).await;
    }

    async fn ask_once(&mut self, path: &str) {
        self.say(&format!("GET {path} HTTP/1.1\r\nHost: polity.test\r\nConnection: close\r\n\r\n")).await;
    }

    /// Everything up to and with `end`.
    async fn hear(&mut self, end: &str) -> String {
        let mut heard = Vec::new();
        while !heard.ends_with(end.as_bytes()) {
            let byte = timeout(PATIENCE, self.0.read_u8()).await;
            heard.push(byte.unwrap_or_else(|_| panic!("only {:?} came", String::from_utf8_lossy(&heard))).unwrap());
        }
        String::from_utf8(heard).unwrap()
    }

    /// Whatever comes until the other side hangs up.
    async fn hear_out(&mut self) -> String {
        let mut heard = String::new();
        timeout(PATIENCE, self.0.read_to_string(&mut heard)).await.expect("the connection stays open").unwrap();
        heard
    }
}

#[tokio::test]
async fn request_under_way_is_answered_before_the_end() {
    let server = Server::start(ROOMY).await;
    let mut client = server.connect().await;
    client.ask("/wait").await;
    server.has_waiting(1).await;
    server.stop.cancel();
    eventually("nobody new is let in", async || TcpStream::connect(server.address).await.is_err()).await;
    assert!(!server.running.is_finished());
    server.door.add_permits(1);
    let answer = client.hear_out().await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("waited"), "{answer}");
    timeout(PATIENCE, server.running).await.expect("the server ends").unwrap();
}

#[tokio::test]
async fn idle_connections_are_closed_at_the_end() {
    let server = Server::start(ROOMY).await;
    let (mut used, mut silent) = (server.connect().await, server.connect().await);
    used.ask("/").await;
    used.hear("hello").await;
    server.stop.cancel();
    assert_eq!(used.hear_out().await, "");
    timeout(PATIENCE, server.running).await.expect("the server ends").unwrap();
    // Whoever was still in the queue may be hung up on less politely.
    let mut heard = Vec::new();
    let ended = timeout(PATIENCE, silent.0.read_to_end(&mut heard)).await;
    assert!(ended.is_ok() && heard.is_empty(), "{heard:?}");
}

#[tokio::test]
async fn connection_is_kept_for_the_next_request() {
    let server = Server::start(ROOMY).await;
    let mut client = server.connect().await;
    for _ in 0..3 {
        client.ask("/").await;
        client.hear("hello").await;
    }
}

#[rstest::rstest]
#[case::silent("")]
#[case::one_letter("G")]
#[case::half_a_line("GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")]
#[case::half_a_preface("PRI * HTTP/2.0\r\n")]
#[tokio::test]
async fn connection_that_never_asks_is_cut(#[case] said: &str) {
    let server = Server::start(ServerOptions { header_timeout: Duration::from_millis(50), ..ROOMY }).await;
    let mut client = server.connect().await;
    client.say(said).await;
    let answer = client.hear_out().await;
    assert!(!answer.contains("200"), "{answer}");
}

#[rstest::rstest]
#[case::silent("")]
#[case::half_a_line("GET / HTTP/1.1\r\nX-Slow: ")]
#[tokio::test]
async fn connection_that_asks_no_more_is_cut(#[case] said: &str) {
    let server = Server::start(ServerOptions { header_timeout: Duration::from_millis(50), ..ROOMY }).await;
    let mut client = server.connect().await;
    client.ask("/").await;
    client.hear("hello").await;
    client.say(said).await;
    assert_eq!(client.hear_out().await, "");
}

#[tokio::test]
async fn request_that_takes_longer_than_its_head_is_not_cut() {
    let server = Server::start(ServerOptions { header_timeout: Duration::from_millis(50), ..ROOMY }).await;
    let mut slow = server.connect().await;
    slow.ask_once("/wait").await;
    server.has_waiting(1).await;
    // Somebody else's silence is cut meanwhile: by then the limit has passed for both.
    server.connect().await.hear_out().await;
    server.door.add_permits(1);
    assert!(slow.hear_out().await.ends_with("waited"));
}

#[tokio::test]
async fn no_more_connections_are_served_at_a_time_than_allowed() {
    let server = Server::start(ServerOptions { max_connections: 2, ..ROOMY }).await;
    let mut clients = Vec::new();
    for _ in 0..6 {
        let mut client = server.connect().await;
        client.ask_once("/wait").await;
        clients.push(client);
    }
    server.has_waiting(2).await;
    let answers = join_all(clients.iter_mut().map(Client::hear_out));
    let open = async { server.door.add_permits(6) };
    let (answers, ()) = tokio::join!(answers, open);
    assert!(answers.iter().all(|answer| answer.ends_with("waited")), "{answers:?}");
    assert_eq!(server.most.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn silent_connections_do_not_keep_others_out() {
    let options = ServerOptions { max_connections: 1, header_timeout: Duration::from_millis(50), ..ROOMY };
    let server = Server::start(options).await;
    let _silent = server.connect().await;
    let mut client = server.connect().await;
    client.ask_once("/").await;
    assert!(client.hear_out().await.ends_with("hello"));
}
