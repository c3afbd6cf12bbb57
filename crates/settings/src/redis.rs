//! What processes share through Redis, as plain values.

use crate::Secret;
use serde::Deserialize;

/// Redis or Valkey.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    /// How the addresses belong together.
    pub mode: RedisMode,
    /// Hosts and ports, such as `redis.example.org:6379`; none means that there is no Redis.
    pub addresses: Vec<String>,
    /// What the sentinels call the master.
    pub sentinel_master: String,
    /// The password the sentinels ask for.
    pub sentinel_password: Option<Secret>,
    /// The user, where it is not the default one.
    pub user: Option<String>,
    /// The user's password.
    pub password: Option<Secret>,
    /// The database's number.
    pub database: u16,
    /// Whether it is TLS that is spoken.
    pub tls: bool,
    /// What every key and channel begins with.
    pub prefix: String,
    /// How long connecting may take, and how long an answer.
    pub timeout_ms: u64,
    /// How long a request waits to be counted there before it is counted here.
    pub limit_timeout_ms: u64,
}

impl Redis {
    /// Hosts and ports. Empty when there is no Redis.
    pub fn hosts(&self) -> Vec<(String, u16)> {
        let split = |address: &String| {
            let (host, port) = address.rsplit_once(':')?;
            Some((host.trim_matches(['[', ']']).to_owned(), port.parse().ok()?))
        };
        self.addresses.iter().filter_map(split).collect()
    }
}

/// How Redis's addresses belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RedisMode {
    /// One server.
    Single,
    /// Sentinels, which know where the master is.
    Sentinel,
    /// Nodes of one cluster.
    Cluster,
}

/// Telling every process something at once.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PubSub {
    /// What carries it.
    pub engine: PubSubEngine,
}

/// What carries messages between processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PubSubEngine {
    /// Redis where there is one, else PostgreSQL where it is everybody's database, else nothing beyond this process.
    Auto,
    /// Nothing: only this process hears.
    Memory,
    /// Redis.
    Redis,
    /// PostgreSQL's LISTEN and NOTIFY, on `store.url`.
    Postgresql,
}
