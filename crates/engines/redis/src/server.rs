//! Where Redis is and how it is spoken to: one server, a master that sentinels know, or a cluster.
//!
//! What may not enter: what is asked of it.

use kernel::Fault;
use redis::sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType};
use redis::{Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo, RedisResult, TlsMode};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

/// How the addresses belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Topology {
    /// One server.
    Single,
    /// Sentinels that know where the master of this name is.
    Sentinel {
        /// The master's name, such as `mymaster`.
        master: String,
    },
    /// Nodes of one cluster.
    Cluster,
}

/// Where Redis is and how it is spoken to.
#[derive(Debug, Clone)]
pub struct RedisServers {
    /// How the addresses belong together.
    pub topology: Topology,
    /// Hosts and ports: the server, the sentinels, or some nodes of the cluster.
    pub addresses: Vec<(String, u16)>,
    /// Whether it is TLS that is spoken, on the provider the process has installed.
    pub tls: bool,
    /// The user, where it is not the default one.
    pub user: Option<String>,
    /// The user's password.
    pub password: Option<SecretString>,
    /// The sentinels' password, where they ask for one.
    pub sentinel_password: Option<SecretString>,
    /// The database's number; a cluster has only 0.
    pub database: u16,
    /// What every key and channel begins with.
    pub prefix: String,
    /// How long connecting may take, and how long an answer.
    pub timeout: Duration,
}

impl RedisServers {
    /// One server without password, for a test.
    pub fn single(host: &str, port: u16) -> Self {
        Self {
            topology: Topology::Single,
            addresses: vec![(host.to_owned(), port)],
            tls: false,
            user: None,
            password: None,
            sentinel_password: None,
            database: 0,
            prefix: "polity".to_owned(),
            timeout: Duration::from_secs(1),
        }
    }

    fn address(&self, (host, port): &(String, u16)) -> ConnectionAddr {
        let (host, port) = (host.clone(), *port);
        if self.tls {
            ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None }
        } else {
            ConnectionAddr::Tcp(host, port)
        }
    }

    fn account(&self) -> RedisConnectionInfo {
        let mut account = RedisConnectionInfo::default().set_db(self.database.into());
        if let Some(user) = &self.user {
            account = account.set_username(user);
        }
        if let Some(password) = &self.password {
            account = account.set_password(password.expose_secret());
        }
        account
    }

    fn infos(&self, account: &RedisConnectionInfo) -> RedisResult<Vec<ConnectionInfo>> {
        let info = |address| Ok(self.address(address).into_connection_info()?.set_redis_settings(account.clone()));
        self.addresses.iter().map(info).collect()
    }

    /// How each of the addresses is connected to, as a server of the data.
    pub(crate) fn nodes(&self) -> RedisResult<Vec<ConnectionInfo>> {
        self.infos(&self.account())
    }

    /// The clients that any of the addresses is reached with.
    pub(crate) fn clients(&self) -> RedisResult<Vec<Client>> {
        self.nodes()?.into_iter().map(Client::open).collect()
    }

    /// Who asks the sentinels where `master` is.
    pub(crate) fn sentinels(&self, master: &str) -> RedisResult<SentinelClient> {
        let mut account = RedisConnectionInfo::default();
        if let Some(password) = &self.sentinel_password {
            account = account.set_password(password.expose_secret());
        }
        let mut node = SentinelNodeConnectionInfo::default().set_redis_connection_info(self.account());
        if self.tls {
            node = node.set_tls_mode(TlsMode::Secure);
        }
        SentinelClient::build(self.infos(&account)?, master, Some(node), SentinelServerType::Master)
    }

    /// The name of a key or a channel.
    pub(crate) fn key(&self, what: &str, name: &str) -> String {
        format!("{}:{what}:{name}", self.prefix)
    }

    /// Refuses what can never be reached.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        if self.addresses.is_empty() {
            return Err(Fault::invalid("redis.addresses", "must name a server"));
        }
        if self.topology == Topology::Single && self.addresses.len() > 1 {
            return Err(Fault::invalid(
                "redis.addresses",
                "must name one server, or redis.mode must be sentinel or cluster",
            ));
        }
        Ok(())
    }
}
