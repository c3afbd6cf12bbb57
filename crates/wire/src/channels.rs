//! Connections to one target's addresses: opened when first needed, taken in turn, kept alive, opened again when lost.
//! What a call means and whether it is made again is not known here.

use crate::MAX_MESSAGE_BYTES;
use crate::codec::RawCodec;
use crate::status::never_connected;
use bytes::Bytes;
use http::uri::PathAndQuery;
use secrecy::{ExposeSecret, SecretString};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tonic::client::Grpc;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Request, Status};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long an address that could not be connected to is asked last.
const REST: Duration = Duration::from_secs(2);

/// The processes that serve the same portals, and how to get in.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// What they are called in metrics and logs, such as `auth`.
    pub name: String,
    /// Where they listen, such as `http://auth-1:9001`. Names are resolved anew for each connection.
    pub addresses: Vec<String>,
    /// The token their internal listener asks for.
    pub token: Option<SecretString>,
    /// The region this process stands in, if it stands in one.
    pub region: Option<String>,
    /// How `https://` addresses are trusted.
    pub tls: Tls,
}

/// How servers are trusted and what they are shown.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// The authority whose certificates are accepted, in PEM; the web's authorities without.
    pub authority_pem: Option<String>,
    /// Our own certificate and its key, in PEM, for mutual TLS.
    pub identity_pem: Option<(String, SecretString)>,
    /// The name to expect in the certificate when it is not the address's.
    pub server_name: Option<String>,
}

/// Why a target cannot be called at all.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// Nowhere to call.
    #[error("`{target}` has no address")]
    NoAddress {
        /// The target.
        target: String,
    },
    /// An address that is not one, or TLS material that cannot be read.
    #[error("`{target}` cannot be called at `{address}`")]
    Address {
        /// The target.
        target: String,
        /// The address.
        address: String,
        /// Why not.
        source: tonic::transport::Error,
    },
    /// A token with characters that metadata cannot carry.
    #[error("the token for `{target}` is not printable ASCII")]
    Token {
        /// The target.
        target: String,
    },
}

/// The connections.
pub(crate) struct Channels {
    lanes: Vec<Lane>,
    next: AtomicUsize,
}

/// The connection to one address.
struct Lane {
    channel: Channel,
    resting_until: Mutex<Option<Instant>>,
}

impl Channels {
    /// Connections to every address of `target`. None is opened yet.
    pub(crate) fn new(target: &Target) -> Result<Self, TargetError> {
        if target.addresses.is_empty() {
            return Err(TargetError::NoAddress { target: target.name.clone() });
        }
        let lane = |address: &String| {
            let endpoint = endpoint(address, &target.tls).map_err(|source| TargetError::Address {
                target: target.name.clone(),
                address: address.clone(),
                source,
            })?;
            Ok(Lane { channel: endpoint.connect_lazy(), resting_until: Mutex::default() })
        };
        let lanes = target.addresses.iter().map(lane).collect::<Result<_, _>>()?;
        Ok(Self { lanes, next: AtomicUsize::new(0) })
    }

    /// Sends one request, to the next address that can be connected to.
    pub(crate) async fn send(
        &self,
        path: &PathAndQuery,
        request: impl Fn() -> Request<Bytes>,
    ) -> Result<Bytes, Status> {
        let mut last = Status::unavailable("no address");
        for lane in self.in_turn() {
            match lane.send(path.clone(), request()).await {
                Err(status) if never_connected(&status) => {
                    lane.rest();
                    last = status;
                }
                outcome => return outcome,
            }
        }
        Err(last)
    }

    /// Every lane, beginning with whose turn it is, those that rest at the end.
    fn in_turn(&self) -> Vec<&Lane> {
        let start = self.next.fetch_add(1, Ordering::Relaxed) % self.lanes.len();
        let (later, first) = self.lanes.split_at(start);
        let mut lanes: Vec<&Lane> = first.iter().chain(later).collect();
        let now = Instant::now();
        lanes.sort_by_key(|lane| lane.rests(now));
        lanes
    }
}

impl Lane {
    async fn send(&self, path: PathAndQuery, request: Request<Bytes>) -> Result<Bytes, Status> {
        let mut grpc = Grpc::new(self.channel.clone()).max_decoding_message_size(MAX_MESSAGE_BYTES);
        grpc.ready().await.map_err(|error| Status::from_error(error.into()))?;
        grpc.unary(request, path, RawCodec).await.map(tonic::Response::into_inner)
    }

    fn rest(&self) {
        *self.resting_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + REST);
    }

    fn rests(&self, now: Instant) -> bool {
        self.resting_until.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|until| now < until)
    }
}

fn endpoint(address: &str, tls: &Tls) -> Result<Endpoint, tonic::transport::Error> {
    let endpoint = Endpoint::from_shared(address.to_owned())?
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
        .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
        .keep_alive_while_idle(true);
    match endpoint.uri().scheme_str() {
        Some("https") => endpoint.tls_config(tls_config(tls)),
        _ => Ok(endpoint),
    }
}

fn tls_config(tls: &Tls) -> ClientTlsConfig {
    let mut config = match &tls.authority_pem {
        Some(pem) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)),
        None => ClientTlsConfig::new().with_webpki_roots(),
    };
    if let Some((certificate, key)) = &tls.identity_pem {
        config = config.identity(Identity::from_pem(certificate, key.expose_secret()));
    }
    if let Some(name) = &tls.server_name {
        config = config.domain_name(name);
    }
    config
}
