//! Servers that can be stopped, gateways in front of them, and a client. No test's expectation is written here.

use axum::Router;
use axum::body::Body;
use axum::serve::ListenerExt;
use gateway::{Options, Route, router};
use http::{Request, Response, Uri};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::runtime::Runtime;

/// A server with threads of its own, so that it ends as a process ends.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    runtime: Option<Runtime>,
}

impl Server {
    pub(crate) fn start(router: Router) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let listener = listener.tap_io(|connection| connection.set_nodelay(true).unwrap());
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            axum::serve(listener, service).await.unwrap();
        });
        Self { address, runtime: Some(runtime) }
    }

    pub(crate) fn uri(&self) -> Uri {
        format!("http://{}", self.address).parse().unwrap()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
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
pub(crate) fn dead_uri() -> Uri {
    let address = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    format!("http://{address}").parse().unwrap()
}

pub(crate) fn route(prefix: &str, targets: Vec<Uri>) -> Route {
    Route { prefix: prefix.to_owned(), targets, fallback: false }
}

/// A gateway that sends everything to `targets`.
pub(crate) fn in_front_of(targets: Vec<Uri>, options: Options) -> Server {
    Server::start(router(vec![Route { fallback: true, ..route("/", targets) }], options).unwrap())
}

pub(crate) async fn send(request: Request<Body>) -> Response<Incoming> {
    Client::builder(TokioExecutor::new()).build_http().request(request).await.unwrap()
}

/// Sends over HTTP/2 from the first byte, as gRPC clients do.
pub(crate) async fn send_http2(request: Request<Body>) -> Response<Incoming> {
    Client::builder(TokioExecutor::new()).http2_only(true).build_http().request(request).await.unwrap()
}

pub(crate) async fn get(url: &str) -> Response<Incoming> {
    send(Request::get(url).body(Body::empty()).unwrap()).await
}

pub(crate) async fn text(response: Response<Incoming>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}
