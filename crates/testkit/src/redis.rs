//! Redis for the length of a test: a server of our own, or one that somebody else keeps running.
//!
//! What may not enter: a client, and what is kept in Redis. Whoever asks gets a URL.

use crate::absent::{Absent, program};
use crate::ephemeral::{CommandLine, Ephemeral, Installation, Shared};
use std::env;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// Names the server's program, such as that of Valkey, when it is not the first in `PATH`.
const GIVEN_PROGRAM: &str = "REDIS_SERVER";

/// What was answered survives the server but not the machine, which costs no waiting.
const SETTINGS: [&str; 8] = ["--bind", "127.0.0.1", "--appendonly", "yes", "--appendfsync", "no", "--save", ""];

/// The server all tests of this process share: the one `POLITY_TEST_REDIS_URL` names, else one started now. Prints that
/// the test is skipped, and gives nothing, when Redis is not installed.
///
/// # Panics
/// When the server does not start, or is absent though `POLITY_REQUIRE` lists `redis`.
pub async fn redis() -> Option<&'static RedisServer> {
    EphemeralRedis::shared().await.map_or_else(Absent::skip, Some)
}

/// A running server, whoever started it.
#[derive(Debug, Clone)]
pub struct RedisServer {
    url: String,
}

impl RedisServer {
    /// A server that runs already.
    pub fn at(url: &str) -> Self {
        Self { url: url.to_owned() }
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A name that nobody else puts before their keys. `name` is a hint for whoever looks into the server.
    pub fn keyspace(&self, name: &str) -> String {
        format!("{name}_{}", Uuid::new_v4().simple())
    }
}

/// A Redis of our own: its data lives in a temporary directory, and both go with this value or with the test process.
pub type EphemeralRedis = Ephemeral<RedisInstallation>;

impl EphemeralRedis {
    /// A server for one test alone, to be stopped and paused at will, with further settings as its command line takes
    /// them. Skips the test when Redis is not installed.
    ///
    /// # Panics
    /// When it does not start, or is absent though `POLITY_REQUIRE` lists `redis`.
    pub async fn start(settings: &'static [&'static str]) -> Option<Self> {
        Self::start_on(RedisInstallation::find().map(|found| RedisInstallation { settings, ..found })).await
    }
}

/// Where the server's program is, and what it is told beyond our own settings.
#[derive(Debug)]
pub struct RedisInstallation {
    binary: PathBuf,
    settings: &'static [&'static str],
}

/// The server's program: the one that was named, or what is installed.
pub(crate) fn server_program() -> Option<PathBuf> {
    let given = env::var_os(GIVEN_PROGRAM).map(PathBuf::from).filter(|file| file.is_file());
    given.or_else(|| program(&["redis-server", "valkey-server"]))
}

impl Installation for RedisInstallation {
    type Server = RedisServer;

    const ABSENT: Absent = Absent { key: "redis", name: "Redis" };
    /// As `redis://host:port`.
    const GIVEN_URL: &'static str = "POLITY_TEST_REDIS_URL";
    const DIRECTORY: &'static str = "polity-redis-";
    const SIGNAL: &'static str = "KILL";
    const READY: &'static str = "Ready to accept connections";
    const PORT_TAKEN: &'static str = "Address already in use";

    fn find() -> Option<Self> {
        Some(Self { binary: server_program()?, settings: &[] })
    }

    fn cells() -> &'static Shared<Self> {
        static CELLS: Shared<RedisInstallation> = Shared::new();
        &CELLS
    }

    fn server(url: &str) -> RedisServer {
        RedisServer::at(url)
    }

    fn url(port: u16) -> String {
        format!("redis://127.0.0.1:{port}")
    }

    fn serve(&self, directory: &Path, port: u16) -> CommandLine {
        let (port, directory) = (port.to_string(), directory.to_string_lossy());
        let args = [&["--port", &port, "--dir", &directory], &SETTINGS[..], self.settings].concat();
        CommandLine::new(&self.binary, &args)
    }
}
