//! The settings as plain values. Their names and nesting are the keys of the table, so that deserialising the merged
//! configuration fails in a test when the two disagree. Units are in the names.

use crate::{Communities, DatabaseUrl, Mail, Network, PubSub, Redis, Secret, Secrets};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

/// Which installation a process belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// Somebody's own machine.
    Local,
    /// Automatic tests.
    Test,
    /// A rehearsal of production.
    Staging,
    /// The real thing.
    Production,
}

impl Environment {
    /// Every environment.
    pub const ALL: [Self; 4] = [Self::Local, Self::Test, Self::Staging, Self::Production];

    /// Its name in `ENVIRONMENT` and in the file's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Test => "test",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }

    /// The environment of that name, if there is one.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|environment| environment.name() == name)
    }

    /// Whether strangers can reach it: staging and production.
    pub const fn is_exposed(self) -> bool {
        matches!(self, Self::Staging | Self::Production)
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The whole configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Which installation this is.
    pub environment: Environment,
    /// The folder for SQLite files, generated keys and uploads.
    pub data_dir: PathBuf,
    /// The public server.
    pub http: Http,
    /// The server for other processes of this installation.
    pub internal: Internal,
    /// The relational store.
    pub store: Store,
    /// What differs from module to module; modules nobody spoke of are absent.
    #[serde(default)]
    pub modules: BTreeMap<String, Module>,
    /// Calls to other processes.
    pub portals: Portals,
    /// Events between modules.
    pub feed: Feed,
    /// Durable tasks.
    pub tasks: Tasks,
    /// What secrets at rest are sealed with.
    pub secrets: Secrets,
    /// What processes share through Redis.
    pub redis: Redis,
    /// Telling every process something at once.
    pub pubsub: PubSub,
    /// More than one community.
    pub communities: Communities,
    /// Credentials.
    pub auth: Auth,
    /// Mail to people.
    pub mail: Mail,
    /// The record.
    pub audit: Audit,
    /// Logging.
    pub log: Log,
    /// Traces and metrics.
    pub telemetry: Telemetry,
    /// Going away.
    pub shutdown: Shutdown,
}

impl Settings {
    /// The database of `module`: its own, or else the shared one; `None` means a SQLite file under `data_dir`.
    pub fn store_url(&self, module: &str) -> Option<&DatabaseUrl> {
        self.own_store_url(module).or(self.store.url.as_ref())
    }

    /// The read replica of `module`'s database. A module with its own database never reads the shared replica.
    pub fn replica_url(&self, module: &str) -> Option<&DatabaseUrl> {
        match self.own_store_url(module) {
            Some(_) => self.modules.get(module).and_then(|module| module.store.replica_url.as_ref()),
            None => self.store.replica_url.as_ref(),
        }
    }

    fn own_store_url(&self, module: &str) -> Option<&DatabaseUrl> {
        self.modules.get(module).and_then(|module| module.store.url.as_ref())
    }
}

/// The public server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// The address it listens on.
    pub address: IpAddr,
    /// The port it listens on; 0 lets the system choose.
    pub port: u16,
    /// The URL people reach it by, without a slash at the end.
    pub public_url: String,
    /// How long one request may take.
    pub request_timeout_ms: u64,
    /// How large a request body may be.
    pub body_limit_bytes: usize,
    /// How long a client may take to send its request's head.
    pub header_timeout_ms: u64,
    /// How long an open connection may stay silent.
    pub idle_timeout_ms: u64,
    /// How many connections may be open at a time.
    pub max_connections: usize,
    /// The proxies whose word on the client's address is taken.
    pub trusted_proxies: Vec<Network>,
    /// How many requests a client may make.
    pub rate_limit: RateLimit,
    /// The other sites whose pages may call the API, as ASCII origins.
    pub cors_origins: Vec<String>,
    /// Whether answers are compressed.
    pub compression: bool,
}

/// How many requests a client may make.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// Whether there is a limit.
    pub enabled: bool,
    /// Requests per minute in the long run.
    pub per_minute: u32,
    /// Requests at once.
    pub burst: u32,
}

/// The server for other processes of this installation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Internal {
    /// The address it listens on.
    pub address: IpAddr,
    /// The port it listens on; 0 means that there is no such server.
    pub port: u16,
    /// What the processes show each other.
    pub token: Option<Secret>,
}

/// The relational store.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// The database shared by the modules; `None` means a SQLite file per module under `data_dir`.
    pub url: Option<DatabaseUrl>,
    /// A read replica of it.
    pub replica_url: Option<DatabaseUrl>,
    /// Connections per module.
    pub max_connections: u32,
    /// How long to wait for a free connection.
    pub acquire_timeout_ms: u64,
    /// How long one statement may run on a database server.
    pub statement_timeout_ms: u64,
    /// When SQLite waits for the disk.
    pub sqlite_synchronous: Synchronous,
    /// What stands before PostgreSQL.
    pub pooler: Pooler,
    /// Whether a starting process brings its schemas up to date.
    pub migrate_on_start: bool,
    /// Whether database servers must be spoken to over TLS. The URLs here already say so then.
    pub require_tls: bool,
}

/// When SQLite waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Synchronous {
    /// At checkpoints: a power cut may lose the last commits, never the file.
    Normal,
    /// At every commit.
    Full,
}

/// What stands before PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooler {
    /// Nothing, or a pooler that keeps a connection for a session.
    Session,
    /// A pooler that gives a connection per transaction, such as PgBouncer in transaction mode.
    Transaction,
}

/// What is different for one module.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Module {
    /// Its own database.
    pub store: ModuleStore,
    /// Where its internal port is when it runs in other processes. Empty: in this one.
    pub address: Vec<String>,
    /// Where the gateway forwards its pages and REST to. Empty: they are served here.
    pub http_address: Vec<String>,
}

/// A module's own database. Read it through [`Settings::store_url`] and [`Settings::replica_url`].
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModuleStore {
    /// Its URL.
    pub url: Option<DatabaseUrl>,
    /// A read replica of it.
    pub replica_url: Option<DatabaseUrl>,
}

/// Calls to other processes.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Portals {
    /// How long a call may take, all its tries together.
    pub timeout_ms: u64,
    /// How often an idempotent call is tried again.
    pub retries: u32,
    /// How many failures in a row open the breaker.
    pub breaker_failures: u32,
    /// How long an open breaker stays open.
    pub breaker_open_ms: u64,
    /// How many calls to one service may be under way.
    pub bulkhead: usize,
    /// How long a process believes who shows a credential, unless it is told otherwise.
    pub identity_ms: u64,
}

/// Events between modules.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feed {
    /// Events pulled at a time.
    pub batch: u32,
    /// How long to wait at most before looking for what another process committed to the same database.
    pub poll_ms: u64,
    /// How long a pull from another process may stay open without events.
    pub wait_ms: u64,
    /// How often an event is tried before it becomes a dead letter.
    pub max_attempts: u32,
    /// How long to wait before the second try; doubled for each further one.
    pub backoff_ms: u64,
    /// The longest wait between two tries.
    pub backoff_max_ms: u64,
}

/// Durable tasks.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tasks {
    /// How many tasks of each module a process does at a time.
    pub concurrency: usize,
    /// How long nothing may be heard of a process before others do its tasks.
    pub lease_ms: u64,
    /// How long to wait at most before looking for tasks that nobody told of.
    pub poll_ms: u64,
    /// How long tasks under way may take to end when the process is told to stop; half the grace at most.
    pub drain_ms: u64,
}

/// Credentials.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// The Ed25519 seed, 32 bytes in base64; `None` (local and test only) means one kept in `data_dir`.
    pub signing_key: Option<Secret>,
    /// How long an access token is valid.
    pub access_token_ttl_s: u64,
    /// How long a refresh token is valid.
    pub refresh_token_ttl_s: u64,
    /// How long a session lives without being used.
    pub session_idle_s: u64,
    /// How long a session lives at most.
    pub session_absolute_s: u64,
    /// How many passwords are hashed at a time.
    pub password_hash_concurrency: usize,
    /// The memory of one Argon2id hash.
    pub password_memory_kib: u32,
    /// The passes of one Argon2id hash.
    pub password_iterations: u32,
    /// How long an API key lives at most.
    pub api_key_max_life_s: u64,
    /// Whether anybody may make an account.
    pub registration: Registration,
    /// Who may invite people.
    pub inviters: Inviters,
    /// For how many days an account that was deleted can be restored.
    pub deletion_grace_days: u32,
    /// Whether people must prove that an address is theirs.
    pub email_verification: EmailVerification,
}

/// Whether people must prove that an address is theirs before they can log in with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EmailVerification {
    /// They are asked to, and get in all the same.
    Optional,
    /// They must.
    Required,
}

/// The record.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// The Ed25519 seed, 32 bytes in base64; `None` (local and test only) means one kept in `data_dir`.
    pub signing_key: Option<Secret>,
    /// For how many days entries stay in the database; 0 is for ever.
    pub retention_days: u32,
}

/// Whether anybody may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Anybody may.
    Open,
    /// Whoever was invited may.
    Invitation,
    /// Only operators make accounts.
    Closed,
}

/// Who may invite people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Inviters {
    /// Moderators and administrators.
    Moderators,
    /// Every member.
    Members,
}

/// Logging.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// What is logged, as filter directives such as `info,sqlx=warn`.
    pub level: String,
    /// How lines look.
    pub format: LogFormat,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One line for eyes.
    Pretty,
    /// One JSON object per line.
    Json,
}

/// Traces and metrics.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// The OTLP/gRPC collector; `None` exports nothing.
    pub otlp_endpoint: Option<String>,
    /// The share of traces kept when the caller has not decided, 0 to 1.
    pub sample_ratio: f64,
    /// What this process calls itself.
    pub service_name: String,
    /// Whether `/metrics` is served.
    pub metrics_enabled: bool,
}

/// Going away.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shutdown {
    /// How long readiness stays red before the listener closes.
    pub pause_ms: u64,
    /// How long work under way may take to finish.
    pub grace_ms: u64,
}
