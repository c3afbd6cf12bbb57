//! The load: keep-alive connections that send one request after the other, for a fixed time.

use anyhow::{Context, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

/// After how long somebody comes back who was told to.
const AGAIN: Duration = Duration::from_millis(100);

/// What is sent, again and again.
#[derive(Clone)]
pub(crate) struct Load {
    pub(crate) address: String,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) token: String,
    pub(crate) body: Option<String>,
    /// Whether a 503 is an answer too: whoever hears it comes back a moment later.
    pub(crate) may_be_busy: bool,
}

/// What came of it.
pub(crate) struct Outcome {
    pub(crate) per_second: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    /// How many were told to come back.
    pub(crate) busy: usize,
}

/// Sends `load` over `connections` connections for `time`.
pub(crate) async fn drive(load: &Load, connections: usize, time: Duration) -> anyhow::Result<Outcome> {
    let started = Instant::now();
    let tasks = (0..connections).map(|_| tokio::spawn(one_connection(load.clone(), started + time)));
    let (mut took, mut busy) = (Vec::new(), 0);
    for task in futures::future::join_all(tasks).await {
        let (answered, refused) = task??;
        took.extend(answered);
        busy += refused;
    }
    ensure!(!took.is_empty(), "nothing was answered");
    let elapsed = started.elapsed().as_secs_f64();
    took.sort_unstable();
    let at = |share: usize| took[(took.len() - 1) * share / 100];
    let answered = u32::try_from(took.len())?;
    Ok(Outcome { per_second: f64::from(answered) / elapsed, p50: at(50), p99: at(99), busy })
}

/// How long each answer took, and how many were no answer yet.
async fn one_connection(load: Load, until: Instant) -> anyhow::Result<(Vec<Duration>, usize)> {
    let stream = TcpStream::connect(&load.address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let (mut took, mut busy) = (Vec::new(), 0);
    while Instant::now() < until {
        let sent = Instant::now();
        let response = sender.send_request(request(&load)?).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        if load.may_be_busy && status == StatusCode::SERVICE_UNAVAILABLE {
            busy += 1;
            tokio::time::sleep(AGAIN).await;
            continue;
        }
        ensure!(status.is_success(), "{status}: {}", String::from_utf8_lossy(&body));
        took.push(sent.elapsed());
    }
    Ok((took, busy))
}

fn request(load: &Load) -> anyhow::Result<Request<Full<Bytes>>> {
    let mut request = Request::builder().method(&load.method).uri(&load.path).header("host", &load.address);
    if !load.token.is_empty() {
        request = request.header("authorization", format!("Bearer {}", load.token));
    }
    let body = load.body.clone().unwrap_or_default();
    if load.body.is_some() {
        request = request.header("content-type", "application/json");
    }
    request.body(Full::new(Bytes::from(body))).context("the request")
}
