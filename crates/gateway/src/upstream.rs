//! Sending to the processes behind a route: pooled connections, targets in turn, the next one when one cannot be
//! connected to. What is sent and to which route is decided elsewhere.

use crate::body::{Attempt, Source};
use crate::proxy::Options;
use crate::refusal::{UPSTREAM_TIMEOUT, UPSTREAM_UNAVAILABLE};
use http::request::Parts;
use http::uri::{PathAndQuery, Scheme};
use http::{HeaderMap, Method, Request, Response, Uri, Version};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kernel::Fault;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// Shorter than a process keeps a silent connection (`http.header_timeout_ms`), so that nothing is sent into one that is
/// just being closed.
const IDLE: Duration = Duration::from_secs(3);
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a target that could not be connected to is asked last.
const REST: Duration = Duration::from_secs(2);

/// Connections to every process there is.
pub(crate) struct Upstreams {
    http1: Client<HttpConnector, Attempt>,
    http2: Client<HttpConnector, Attempt>,
    head_timeout: Duration,
}

/// The processes behind one route.
pub(crate) struct Pool {
    targets: Vec<Target>,
    next: AtomicUsize,
}

struct Target {
    uri: Uri,
    resting_until: Mutex<Option<Instant>>,
}

/// A request without its body, which one attempt may take and another need again.
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) path: PathAndQuery,
    pub(crate) headers: HeaderMap,
    pub(crate) version: Version,
}

impl Outgoing {
    /// The request as it came, to be sent over HTTP/2 when it is gRPC and over HTTP/1.1 otherwise.
    pub(crate) fn new(parts: Parts, grpc: bool) -> Self {
        let path = parts.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        let version = if grpc { Version::HTTP_2 } else { Version::HTTP_11 };
        Self { method: parts.method, path, headers: parts.headers, version }
    }

    fn to(&self, target: &Uri, body: Attempt) -> Request<Attempt> {
        let mut uri = http::uri::Parts::default();
        uri.scheme = Some(Scheme::HTTP);
        uri.authority = target.authority().cloned();
        uri.path_and_query = Some(self.path.clone());
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = Uri::from_parts(uri).unwrap_or_else(|_| target.clone());
        *request.headers_mut() = self.headers.clone();
        *request.version_mut() = self.version;
        request
    }
}

impl Upstreams {
    pub(crate) fn new(options: &Options) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(options.connect_timeout));
        connector.set_nodelay(true);
        let mut builder = Client::builder(TokioExecutor::new());
        builder.timer(TokioTimer::new()).pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE);
        let http1 = builder.build(connector.clone());
        let http2 = builder
            .http2_only(true)
            .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
            .http2_keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
            .build(connector);
        Self { http1, http2, head_timeout: options.head_timeout }
    }

    /// Sends to the next target that can be connected to, and waits for the head of its answer.
    ///
    /// # Errors
    /// [`UPSTREAM_UNAVAILABLE`] when none answers, [`UPSTREAM_TIMEOUT`] when one takes too long.
    pub(crate) async fn send(
        &self,
        pool: &Pool,
        outgoing: &Outgoing,
        body: &Arc<Source>,
    ) -> Result<Response<Incoming>, Fault> {
        let client = if outgoing.version == Version::HTTP_2 { &self.http2 } else { &self.http1 };
        for target in pool.in_turn() {
            let answer = client.request(outgoing.to(&target.uri, body.attempt()));
            let error = match unless_late(self.head_timeout, body, answer).await? {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            tracing::warn!(target = %target.uri, path = outgoing.path.path(), error = chain(&error), "no answer");
            if !error.is_connect() || body.frames() > 0 {
                break;
            }
            target.rest();
        }
        Err(UPSTREAM_UNAVAILABLE.fault())
    }
}

impl Pool {
    pub(crate) fn new(targets: Vec<Uri>) -> Self {
        let target = |uri| Target { uri, resting_until: Mutex::default() };
        Self { targets: targets.into_iter().map(target).collect(), next: AtomicUsize::new(0) }
    }

    /// Every target, beginning with whose turn it is, those that rest at the end.
    fn in_turn(&self) -> Vec<&Target> {
        let start = self.next.fetch_add(1, Ordering::Relaxed) % self.targets.len().max(1);
        let (later, first) = self.targets.split_at(start);
        let mut targets: Vec<&Target> = first.iter().chain(later).collect();
        let now = Instant::now();
        targets.sort_by_key(|target| target.rests(now));
        targets
    }
}

impl Target {
    fn rest(&self) {
        *self.resting_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + REST);
    }

    fn rests(&self, now: Instant) -> bool {
        self.resting_until.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|until| now < until)
    }
}

/// What `answer` comes to. While the request's body still moves, nobody is late.
async fn unless_late<T>(limit: Duration, body: &Source, answer: impl Future<Output = T>) -> Result<T, Fault> {
    let mut answer = pin!(answer);
    loop {
        let sent = body.frames();
        match timeout(limit, &mut answer).await {
            Ok(outcome) => return Ok(outcome),
            Err(_) if body.frames() > sent => {}
            Err(_) => return Err(UPSTREAM_TIMEOUT.fault()),
        }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use futures::StreamExt;
    use http_body_util::BodyExt;
    use tokio::time::sleep;

    const LIMIT: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_late_once_nothing_has_moved_for_the_limit() {
        let source = Source::new(Body::empty());
        assert!(unless_late(LIMIT, &source, sleep(LIMIT / 2)).await.is_ok());
        assert!(unless_late(LIMIT, &source, sleep(LIMIT * 2)).await.unwrap_err().is(&UPSTREAM_TIMEOUT));
    }

    #[tokio::test(start_paused = true)]
    async fn an_upload_may_last_as_long_as_it_moves() {
        let slow = futures::stream::iter(0..10).then(|_| async {
            sleep(LIMIT - Duration::from_secs(1)).await;
            Ok::<_, std::io::Error>("chunk")
        });
        let source = Source::new(Body::from_stream(slow));
        let mut attempt = source.attempt();
        let upload = async { while attempt.frame().await.is_some() {} };
        assert!(unless_late(LIMIT, &source, upload).await.is_ok());
    }
}
