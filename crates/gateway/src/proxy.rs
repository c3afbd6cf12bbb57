//! One request's way through: find the route, make the headers honest, send, and hand back what comes.

use crate::body::Source;
use crate::forwarded::{self, Hop};
use crate::hops;
use crate::refusal::{Manner, plain_page, refusal};
use crate::routes::{Entry, Route, RouteError, Table};
use crate::tunnel;
use crate::upstream::{Outgoing, Pool, Upstreams};
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use http::request::Parts;
use http::{HeaderValue, StatusCode, Version, header};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use kernel::{Fault, reasons};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// How the gateway behaves.
#[derive(Clone)]
pub struct Options {
    /// How long connecting to a process may take.
    pub connect_timeout: Duration,
    /// How long the head of an answer may take once the request has been sent. Streams may last as long as they like.
    pub head_timeout: Duration,
    /// Whether clients reach the gateway over TLS.
    pub tls: bool,
    /// Whose word is taken for who the client is: proxies in front of the gateway.
    pub trusts: Arc<dyn Fn(IpAddr) -> bool + Send + Sync>,
    /// The page people see when nobody answers. It must need nothing from the processes behind.
    pub page: Arc<dyn Fn(&Fault) -> String + Send + Sync>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(1),
            head_timeout: Duration::from_secs(30),
            tls: false,
            trusts: Arc::new(|_| false),
            page: Arc::new(plain_page),
        }
    }
}

/// A router that passes every request on to whoever serves its path.
///
/// Serve it with [`ConnectInfo`] of a [`SocketAddr`], or nobody behind learns who the client is.
///
/// # Errors
/// A route that can never work.
pub fn router(routes: Vec<Route>, options: Options) -> Result<Router, RouteError> {
    routes.iter().try_for_each(Route::check)?;
    let entry = |Route { prefix, targets, fallback }| Entry { prefix, fallback, value: Pool::new(targets) };
    let table = Table::new(routes.into_iter().map(entry).collect());
    let gateway = Gateway { table, upstreams: Upstreams::new(&options), options };
    Ok(Router::new().fallback(answer).with_state(Arc::new(gateway)))
}

struct Gateway {
    table: Table<Pool>,
    upstreams: Upstreams,
    options: Options,
}

async fn answer(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let manner = Manner::of(request.method(), request.headers());
    match gateway.pass_on(request).await {
        Ok(response) => response,
        Err(fault) => refusal(manner, &fault, gateway.options.page.as_ref()),
    }
}

impl Gateway {
    async fn pass_on(&self, request: Request) -> Result<Response, Fault> {
        let (mut parts, body) = request.into_parts();
        let pool = self.table.find(parts.uri.path()).ok_or_else(|| reasons::NO_ROUTE.fault())?;
        let grpc = hops::is_grpc(&parts.headers);
        let websocket = hops::asks_for_websocket(&parts.headers) && parts.version == Version::HTTP_11;
        let client = parts.extensions.remove::<OnUpgrade>().filter(|_| websocket);
        self.make_honest(&mut parts);
        if client.is_some() {
            hops::announce_websocket(&mut parts.headers);
        }
        if grpc {
            // HTTP/2 has the host in its own place, and gRPC servers want to hear that trailers are understood.
            parts.headers.remove(header::HOST);
            parts.headers.insert(header::TE, HeaderValue::from_static("trailers"));
        }
        let outgoing = Outgoing::new(parts, grpc);
        let response = self.upstreams.send(pool, &outgoing, &Source::new(body)).await?;
        Ok(handed_back(response, client))
    }

    /// Leaves only headers that are true, whoever sent them.
    fn make_honest(&self, parts: &mut Parts) {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip().to_canonical());
        hops::strip_hop_by_hop(&mut parts.headers);
        hops::strip_internal(&mut parts.headers);
        if !peer.is_some_and(|peer| (self.options.trusts)(peer)) {
            forwarded::forget(&mut parts.headers);
        }
        if let Some(authority) = parts.uri.authority()
            && let Ok(host) = HeaderValue::from_str(authority.as_str())
        {
            parts.headers.insert(header::HOST, host);
        }
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).map(str::to_owned);
        let scheme = if self.options.tls { "https" } else { "http" };
        forwarded::extend(&mut parts.headers, &Hop { peer, host: host.as_deref(), scheme });
    }
}

fn handed_back(mut response: http::Response<Incoming>, client: Option<OnUpgrade>) -> Response {
    let upgraded = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    let upstream = upgraded.then(|| hyper::upgrade::on(&mut response));
    let (mut parts, body) = response.into_parts();
    hops::strip_hop_by_hop(&mut parts.headers);
    parts.version = Version::default();
    if let (Some(client), Some(upstream)) = (client, upstream) {
        hops::announce_websocket(&mut parts.headers);
        tunnel::join(client, upstream);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::new(body))
}
