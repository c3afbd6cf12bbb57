//! The connection, to one server, to a cluster, or to the master that sentinels know; and what its failures mean.
//!
//! What may not enter: what is asked over it.

use crate::server::{RedisServers, Topology};
use kernel::{Fault, reasons};
use redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig, MultiplexedConnection};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::sentinel::SentinelClient;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, IntoConnectionInfo, Pipeline, RedisError, RedisFuture, RedisResult,
    ServerErrorKind, Value,
};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OnceCell};
use tokio::time::timeout;

const CONNECT: Duration = Duration::from_secs(2);
/// Longer than the largest batch takes.
const ANSWER: Duration = Duration::from_secs(10);

/// One server, the nodes of a cluster, or a master that may move. Clones share one connection; a broken one is mended by
/// itself.
#[derive(Clone)]
pub(crate) enum Link {
    Server(ConnectionManager),
    Cluster(Arc<LateCluster>),
    Sentinel(Arc<WatchedMaster>),
}

impl Link {
    /// A connection for commands that are answered at once.
    pub(crate) async fn open(url: &str) -> Result<Self, Fault> {
        Self::with_timeout(url, ANSWER).await.map_err(fault)
    }

    /// A connection for commands that wait at the server for up to `block`.
    pub(crate) async fn open_to_wait(url: &str, block: Duration) -> Result<Self, Fault> {
        Self::with_timeout(url, block + ANSWER).await.map_err(fault)
    }

    /// A connection to these servers. Nobody need answer yet.
    pub(crate) fn to(servers: &RedisServers) -> Result<Self, Fault> {
        servers.check()?;
        Self::late(servers).map_err(fault)
    }

    async fn with_timeout(url: &str, answer: Duration) -> RedisResult<Self> {
        let nodes: Vec<&str> = url.split(',').map(str::trim).collect();
        if let [server] = nodes[..] {
            return Self::server(Client::open(server)?, CONNECT, answer);
        }
        let cluster = LateCluster::of(nodes, CONNECT, answer)?;
        cluster.connection().await?;
        Ok(Self::Cluster(Arc::new(cluster)))
    }

    fn late(servers: &RedisServers) -> RedisResult<Self> {
        let patience = servers.timeout;
        Ok(match &servers.topology {
            Topology::Single => {
                let client = servers.clients()?.pop().ok_or((ErrorKind::InvalidClientConfig, "no address"))?;
                Self::server(client, patience, patience)?
            }
            Topology::Cluster => Self::Cluster(Arc::new(LateCluster::of(servers.nodes()?, patience, patience)?)),
            Topology::Sentinel { master } => Self::Sentinel(Arc::new(WatchedMaster {
                sentinels: Mutex::new(servers.sentinels(master)?),
                current: Mutex::new(None),
                patience,
            })),
        })
    }

    fn server(client: Client, connect: Duration, answer: Duration) -> RedisResult<Self> {
        // Whoever asks decides whether to ask again: a lost answer does not mean that nothing happened.
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(connect))
            .set_response_timeout(Some(answer))
            .set_number_of_retries(1);
        Ok(Self::Server(ConnectionManager::new_lazy_with_config(client, config)?))
    }
}

/// A cluster that is connected to when it is first asked for something.
pub(crate) struct LateCluster {
    client: ClusterClient,
    connection: OnceCell<ClusterConnection>,
}

impl LateCluster {
    fn of<N: IntoConnectionInfo>(nodes: Vec<N>, connect: Duration, answer: Duration) -> RedisResult<Self> {
        let client = ClusterClient::builder(nodes).connection_timeout(connect).response_timeout(answer).retries(3);
        Ok(Self { client: client.build()?, connection: OnceCell::new() })
    }

    async fn connection(&self) -> RedisResult<ClusterConnection> {
        self.connection.get_or_try_init(|| self.client.get_async_connection()).await.cloned()
    }
}

/// The master that sentinels know. A connection that failed is given up, and the sentinels are asked anew: the master may
/// be another one by then.
pub(crate) struct WatchedMaster {
    sentinels: Mutex<SentinelClient>,
    current: Mutex<Option<MultiplexedConnection>>,
    patience: Duration,
}

impl WatchedMaster {
    async fn connection(&self) -> RedisResult<MultiplexedConnection> {
        let mut current = self.current.lock().await;
        if let Some(connection) = &*current {
            return Ok(connection.clone());
        }
        let client = self.client().await?;
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.patience))
            .set_response_timeout(Some(self.patience));
        let connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        Ok(current.insert(connection).clone())
    }

    /// The way to whoever is the master now.
    async fn client(&self) -> RedisResult<Client> {
        let found = async { self.sentinels.lock().await.async_get_client().await };
        timeout(self.patience, found).await.unwrap_or_else(|_| Err(late()))
    }

    async fn heard<T>(&self, answer: RedisResult<T>) -> RedisResult<T> {
        if let Err(error) = &answer
            && is_of_the_connection(error)
        {
            *self.current.lock().await = None;
        }
        answer
    }
}

/// Nobody answered.
pub(crate) fn late() -> RedisError {
    io::Error::new(io::ErrorKind::TimedOut, "no answer in time").into()
}

/// Whether another connection could have answered: this one is broken, or leads to who is the master no more.
fn is_of_the_connection(error: &RedisError) -> bool {
    let moved = matches!(
        error.kind(),
        ErrorKind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown | ServerErrorKind::BusyLoading)
    );
    moved || error.is_io_error() || error.is_unrecoverable_error()
}

/// A connection of one's own for messages, to whichever server carries them.
pub(crate) struct Ears {
    servers: RedisServers,
    sentinels: Option<SentinelClient>,
}

impl Ears {
    pub(crate) fn of(servers: &RedisServers) -> Self {
        Self { servers: servers.clone(), sentinels: None }
    }

    /// Connects to the first server that answers. A cluster's nodes pass every message on to each other.
    pub(crate) async fn connect(&mut self) -> RedisResult<redis::aio::PubSub> {
        let patience = self.servers.timeout;
        let clients = match self.servers.topology.clone() {
            Topology::Sentinel { master } => {
                let sentinels = match &mut self.sentinels {
                    Some(sentinels) => sentinels,
                    none => none.insert(self.servers.sentinels(&master)?),
                };
                vec![timeout(patience, sentinels.async_get_client()).await.unwrap_or_else(|_| Err(late()))?]
            }
            Topology::Single | Topology::Cluster => self.servers.clients()?,
        };
        let mut last = late();
        for client in clients {
            match timeout(patience, client.get_async_pubsub()).await {
                Ok(Ok(connection)) => return Ok(connection),
                Ok(Err(error)) => last = error,
                Err(_) => last = late(),
            }
        }
        Err(last)
    }
}

impl ConnectionLike for Link {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::Server(server) => server.req_packed_command(command),
            Self::Cluster(cluster) => Box::pin(async { cluster.connection().await?.req_packed_command(command).await }),
            Self::Sentinel(master) => Box::pin(async {
                let answer = async { master.connection().await?.req_packed_command(command).await };
                master.heard(answer.await).await
            }),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::Server(server) => server.req_packed_commands(pipeline, offset, count),
            Self::Cluster(cluster) => {
                Box::pin(async move { cluster.connection().await?.req_packed_commands(pipeline, offset, count).await })
            }
            Self::Sentinel(master) => Box::pin(async move {
                let answer = async { master.connection().await?.req_packed_commands(pipeline, offset, count).await };
                master.heard(answer.await).await
            }),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::Server(server) => server.get_db(),
            // A cluster has one database, and the master's connection has chosen its own by itself.
            Self::Cluster(_) | Self::Sentinel(_) => 0,
        }
    }
}

/// What a failure means to whoever asked.
pub(crate) fn fault(error: RedisError) -> Fault {
    // What a script or a command did wrong stays wrong; everything else is the server's or the network's state.
    let ours = match error.kind() {
        ErrorKind::Server(kind) => {
            matches!(kind, ServerErrorKind::ResponseError | ServerErrorKind::CrossSlot | ServerErrorKind::ExecAbort)
        }
        ErrorKind::UnexpectedReturnType | ErrorKind::InvalidClientConfig => true,
        _ => false,
    };
    if ours { Fault::internal(error) } else { reasons::STORE_DOWN.fault().because(error) }
}
