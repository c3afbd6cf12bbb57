//! What the tests stand on: a portal that does what it is told, servers that can be stopped, clocks that are moved, and
//! a client that knows gRPC and nothing of us. No test's expectation is written here.
#![allow(clippy::disallowed_methods, reason = "a test spawns and asks the machine as it likes")]

use axum::Router;
use axum::serve::ListenerExt;
use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use kernel::{
    Actor, Caller, Clock, Fault, FaultCode, Method, PortalService, Serve, TenantId, Time, Transport, reasons,
};
use prost::Message;
use prost_types::{FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, ServiceDescriptorProto};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tonic::transport::Endpoint;
use tower::ServiceExt;
use wire::{Access, GrpcTransport, Resilience, Target, router};

pub(crate) const PORTAL: &str = "polity.probe.v1.ProbePortal";
pub(crate) const API: &str = "polity.probe.v1.ProbeApi";
pub(crate) static ECHO: Method = method("Echo", false);
pub(crate) static REFUSE: Method = method("Refuse", true);
pub(crate) static HANG: Method = method("Hang", true);
pub(crate) static FLAKY_READ: Method = method("FlakyRead", true);
pub(crate) static FLAKY_WRITE: Method = method("FlakyWrite", false);
pub(crate) static GROW: Method = method("Grow", true);

const fn method(name: &'static str, idempotent: bool) -> Method {
    Method { service: PORTAL, name, idempotent }
}

/// A portal that does what it is told, and remembers who told it.
#[derive(Default)]
pub(crate) struct Probe {
    pub(crate) callers: Mutex<Vec<Caller>>,
    pub(crate) calls: AtomicUsize,
    /// How many more times `Flaky…` fails, and with what pause asked for.
    pub(crate) failures: AtomicUsize,
    pub(crate) pause: Mutex<Option<u64>>,
    pub(crate) entered: Notify,
    pub(crate) left: Arc<Notify>,
}

/// Says when it is dropped.
pub(crate) struct Leaving(pub(crate) Arc<Notify>);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

#[async_trait::async_trait]
impl Serve for Probe {
    async fn serve(&self, method: &str, caller: Caller, request: &[u8]) -> Result<Vec<u8>, Fault> {
        self.callers.lock().unwrap().push(caller);
        self.calls.fetch_add(1, Ordering::SeqCst);
        match method {
            "Echo" => Ok(request.to_vec()),
            "Refuse" => Err(refusal(FaultCode::ALL[usize::from(request[0])])),
            "Grow" => Ok(vec![0; wire::MAX_MESSAGE_BYTES + 1]),
            "Hang" => {
                let _leaving = Leaving(Arc::clone(&self.left));
                self.entered.notify_one();
                std::future::pending().await
            }
            "FlakyRead" | "FlakyWrite" => self.flaky(),
            _ => Err(reasons::METHOD.fault()),
        }
    }
}

impl Probe {
    fn flaky(&self) -> Result<Vec<u8>, Fault> {
        let failed = self.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if failed.is_err() {
            return Ok(b"done".to_vec());
        }
        let mut fault = reasons::STORE_DOWN.fault();
        fault.retry_after_s = *self.pause.lock().unwrap();
        Err(fault)
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

/// A fault with everything on it.
pub(crate) fn refusal(code: FaultCode) -> Fault {
    let mut fault = Fault::received(code, "probe.refused", "Nein — for a reason.".to_owned()).retry_after_s(3);
    fault.fields = vec![kernel::FieldFault { field: "title".to_owned(), detail: "too long".to_owned() }];
    fault.explanation = Some(Box::default());
    fault.because("a cause that stays where it is")
}

/// The probe as an internal service and, with the same answers, as a public one.
pub(crate) fn services(probe: &Arc<Probe>) -> Vec<PortalService> {
    let methods = &[];
    let descriptor = descriptor();
    let service =
        |name, public| PortalService { name, methods, descriptor, public, server: Arc::clone(probe) as Arc<dyn Serve> };
    vec![service(PORTAL, false), service(API, true)]
}

/// Two files of one package: the portal's, and the API's, which imports a third.
fn descriptor() -> &'static [u8] {
    let file = |name: &str, service: Option<&str>, imports: &[&str]| FileDescriptorProto {
        name: Some(name.to_owned()),
        package: Some("polity.probe.v1".to_owned()),
        dependency: imports.iter().map(|&import| import.to_owned()).collect(),
        service: service
            .map(|name| ServiceDescriptorProto {
                name: Some(name.to_owned()),
                method: vec![MethodDescriptorProto { name: Some("Echo".to_owned()), ..Default::default() }],
                ..Default::default()
            })
            .into_iter()
            .collect(),
        ..Default::default()
    };
    let set = FileDescriptorSet {
        file: vec![
            file("probe/shared.proto", None, &[]),
            file("probe/portal.proto", Some("ProbePortal"), &["probe/secret.proto"]),
            file("probe/secret.proto", None, &[]),
            file("probe/api.proto", Some("ProbeApi"), &["probe/shared.proto"]),
        ],
    };
    set.encode_to_vec().leak()
}

/// A server with threads of its own, so that stopping it ends every connection as a dying process would.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    runtime: Option<Runtime>,
}

impl Server {
    pub(crate) fn start(router: Router) -> Self {
        Self::start_at((Ipv4Addr::LOCALHOST, 0).into(), router)
    }

    pub(crate) fn start_at(address: SocketAddr, router: Router) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = std::net::TcpListener::bind(address).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let listener = listener.tap_io(|connection| connection.set_nodelay(true).unwrap());
            axum::serve(listener, router).await.unwrap();
        });
        Self { address, runtime: Some(runtime) }
    }

    /// Ends it as a crash would, and gives the address back.
    pub(crate) async fn stop(mut self) -> SocketAddr {
        let runtime = self.runtime.take().unwrap();
        let stopped = tokio::task::spawn_blocking(move || runtime.shutdown_timeout(Duration::from_secs(5)));
        stopped.await.unwrap();
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// An address nobody listens at.
pub(crate) fn dead_address() -> SocketAddr {
    std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}

/// A clock that is moved by hand.
pub(crate) struct ManualClock(Mutex<Time>);

impl ManualClock {
    pub(crate) fn at(second: i64) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Time::from_timestamp(second, 0).unwrap())))
    }

    pub(crate) fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Time {
        *self.0.lock().unwrap()
    }
}

/// The probe behind an internal listener without a token, and a transport to it.
pub(crate) struct Remote {
    pub(crate) probe: Arc<Probe>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) server: Server,
    pub(crate) transport: Arc<GrpcTransport>,
}

pub(crate) fn remote(options: Resilience) -> Remote {
    let (probe, clock) = (Arc::new(Probe::default()), ManualClock::at(1_000));
    let server = Server::start(internal(&probe));
    let transport = transport(&[server.url()], options, &clock);
    Remote { probe, clock, server, transport }
}

/// The internal listener's router for the probe. Its clock is an hour ahead of the client's.
pub(crate) fn internal(probe: &Arc<Probe>) -> Router {
    router(services(probe), Access::installation(None, ManualClock::at(4_600))).unwrap()
}

pub(crate) fn transport(addresses: &[String], options: Resilience, clock: &Arc<ManualClock>) -> Arc<GrpcTransport> {
    let target = Target { name: "probe".to_owned(), addresses: addresses.to_vec(), ..Target::default() };
    GrpcTransport::new(&target, options, Arc::clone(clock) as Arc<dyn Clock>).unwrap()
}

/// No wire at all.
pub(crate) struct InProcess(pub(crate) Arc<dyn Serve>);

#[async_trait::async_trait]
impl Transport for InProcess {
    async fn call(&self, method: &'static Method, caller: &Caller, request: Vec<u8>) -> Result<Vec<u8>, Fault> {
        self.0.serve(method.name, caller.clone(), &request).await
    }
}

pub(crate) fn caller() -> Caller {
    Caller::new(Actor::service(TenantId::FIRST, "forum"), "request-1")
}

/// One unary call by a client that knows gRPC and nothing of us: the answer's message, and its headers and trailers.
pub(crate) async fn foreign_call(
    server: &Server,
    path: &str,
    headers: &[(&str, &str)],
    message: &[u8],
) -> (HeaderMap, Bytes) {
    let mut frame = BytesMut::new();
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).unwrap());
    frame.put_slice(message);
    let mut request = Request::post(format!("{}{path}", server.url()))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(tonic::body::Body::new(Full::new(frame.freeze()))).unwrap();
    let channel = Endpoint::from_shared(server.url()).unwrap().connect_lazy();
    let (head, body) = channel.oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap();
    let mut headers = head.headers;
    headers.extend(body.trailers().cloned().unwrap_or_default());
    let bytes = body.to_bytes();
    (headers, if bytes.is_empty() { bytes } else { bytes.slice(5..) })
}
