//! The connection, to one server or to a cluster, and what its failures mean.
//!
//! What may not enter: what is asked over it.

use kernel::{Fault, reasons};
use redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::{Client, Cmd, ErrorKind, Pipeline, RedisError, RedisFuture, RedisResult, ServerErrorKind, Value};
use std::time::Duration;

const CONNECT: Duration = Duration::from_secs(2);
/// Longer than the largest batch takes.
const ANSWER: Duration = Duration::from_secs(10);

/// One server, or the nodes of a cluster. Clones share one connection; a broken one is mended by itself.
#[derive(Clone)]
pub(crate) enum Link {
    Server(ConnectionManager),
    Cluster(ClusterConnection),
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

    async fn with_timeout(url: &str, answer: Duration) -> RedisResult<Self> {
        let nodes: Vec<&str> = url.split(',').map(str::trim).collect();
        if let [server] = nodes[..] {
            // Whoever asks decides whether to ask again: a lost answer does not mean that nothing happened.
            let config = ConnectionManagerConfig::new()
                .set_connection_timeout(Some(CONNECT))
                .set_response_timeout(Some(answer))
                .set_number_of_retries(1);
            return Ok(Self::Server(ConnectionManager::new_lazy_with_config(Client::open(server)?, config)?));
        }
        let client = ClusterClient::builder(nodes).connection_timeout(CONNECT).response_timeout(answer).retries(3);
        Ok(Self::Cluster(client.build()?.get_async_connection().await?))
    }
}

impl ConnectionLike for Link {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::Server(server) => server.req_packed_command(command),
            Self::Cluster(cluster) => cluster.req_packed_command(command),
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
            Self::Cluster(cluster) => cluster.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::Server(server) => server.get_db(),
            Self::Cluster(cluster) => cluster.get_db(),
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
