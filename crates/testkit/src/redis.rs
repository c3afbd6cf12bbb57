//! Redis for the length of a test: a server of our own, or one that somebody else keeps running.
//!
//! What may not enter: a client, and what is kept in Redis. Whoever asks gets a URL.

use crate::absent::{Absent, program};
use crate::leash::Leash;
use crate::patience::PATIENCE;
use crate::ports::free_port;
use crate::process::Process;
use crate::signals;
use std::env;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;
use uuid::Uuid;

/// Names a running server to use instead of one of our own, as `redis://host:port`.
const GIVEN_URL: &str = "POLITY_TEST_REDIS_URL";

/// Names the server's program, such as that of Valkey, when it is not the first in `PATH`.
const GIVEN_PROGRAM: &str = "REDIS_SERVER";

const ABSENT: Absent = Absent { key: "redis", name: "Redis" };

/// What was answered survives the server but not the machine, which costs no waiting.
const SETTINGS: [&str; 8] = ["--bind", "127.0.0.1", "--appendonly", "yes", "--appendfsync", "no", "--save", ""];

/// The server all tests of this process share: the one `POLITY_TEST_REDIS_URL` names, else one started now. Prints that
/// the test is skipped, and gives nothing, when Redis is not installed.
///
/// # Panics
/// When the server does not start, or is absent though `POLITY_REQUIRE` lists `redis`.
pub async fn redis() -> Option<&'static RedisServer> {
    match EphemeralRedis::shared().await {
        Ok(server) => Some(server),
        Err(absent) => absent.skip(),
    }
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

/// A server of our own: its data lives in a temporary directory, and both go with this value or with the test process.
#[derive(Debug)]
pub struct EphemeralRedis {
    server: RedisServer,
    binary: PathBuf,
    port: u16,
    settings: &'static [&'static str],
    // Before the leash: the server must be gone when its directory is removed.
    process: Option<Process>,
    leash: Arc<Leash>,
}

impl Deref for EphemeralRedis {
    type Target = RedisServer;

    fn deref(&self) -> &RedisServer {
        &self.server
    }
}

impl EphemeralRedis {
    /// The server all tests of this process share. It is never stopped before the process ends.
    ///
    /// # Errors
    /// [`Absent`] when Redis is not installed and no server is given.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn shared() -> Result<&'static RedisServer, Absent> {
        static GIVEN: OnceCell<RedisServer> = OnceCell::const_new();
        static OWN: OnceCell<EphemeralRedis> = OnceCell::const_new();
        if let Ok(url) = env::var(GIVEN_URL) {
            return Ok(GIVEN.get_or_init(async || RedisServer::at(&url)).await);
        }
        Ok(OWN.get_or_try_init(async || Self::launch(&[]).await).await?)
    }

    /// A server for one test alone, to be stopped and paused at will, with further settings as its command line takes
    /// them. Skips the test when Redis is not installed.
    ///
    /// # Panics
    /// When it does not start, or is absent though `POLITY_REQUIRE` lists `redis`.
    pub async fn start(settings: &'static [&'static str]) -> Option<Self> {
        match Self::launch(settings).await {
            Ok(server) => Some(server),
            Err(absent) => absent.skip(),
        }
    }

    async fn launch(settings: &'static [&'static str]) -> Result<Self, Absent> {
        let given = env::var_os(GIVEN_PROGRAM).map(PathBuf::from).filter(|file| file.is_file());
        let binary = given.or_else(|| program(&["redis-server", "valkey-server"])).ok_or(ABSENT)?;
        let leash = Arc::new(Leash::with_directory("KILL", "polity-redis-"));
        for _ in 0..5 {
            let port = free_port();
            let server = RedisServer::at(&format!("redis://127.0.0.1:{port}"));
            let mut redis =
                Self { server, binary: binary.clone(), port, settings, process: None, leash: Arc::clone(&leash) };
            redis.process = redis.run().await;
            if redis.process.is_some() {
                return Ok(redis);
            }
        }
        panic!("five ports in a row were taken before Redis could listen on them");
    }

    /// Runs the server until it accepts connections; nothing when the port is taken.
    async fn run(&self) -> Option<Process> {
        let (port, directory) = (self.port.to_string(), self.leash.directory().to_string_lossy());
        let args = [&["--port", &port, "--dir", &directory], &SETTINGS[..], self.settings].concat();
        let process = Process::spawn_on(Arc::clone(&self.leash), &self.binary, &args, &[], self.leash.directory());
        if process.find_line("Ready to accept connections", Duration::from_secs(60)).await.is_some() {
            return Some(process);
        }
        let output = process.output();
        assert!(output.contains("Address already in use"), "Redis does not start:\n{output}");
        process.exited(PATIENCE).await;
        None
    }

    /// Stops the server as a crash would. Its data and its port stay reserved for [`Self::restart`].
    ///
    /// # Panics
    /// When it has not stopped after 10 s.
    pub async fn stop(&mut self) {
        if let Some(process) = self.process.take() {
            process.kill().await;
        }
    }

    /// Starts the server again after [`Self::stop`], on the same data and the same port: all URLs stay good.
    ///
    /// # Panics
    /// When it does not start, because somebody took the port meanwhile.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.process = self.run().await;
        assert!(self.process.is_some(), "somebody took port {} while Redis was stopped", self.port);
    }

    /// Freezes the server: connections stay open, and nobody answers on them.
    pub fn pause(&self) {
        if let Some(process) = &self.process {
            signals::send("STOP", &[process.pid()]);
        }
    }

    /// Lets a frozen server go on.
    pub fn resume(&self) {
        if let Some(process) = &self.process {
            signals::send("CONT", &[process.pid()]);
        }
    }
}
