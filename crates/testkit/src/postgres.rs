//! PostgreSQL for the length of a test: a server of our own, or one that somebody else keeps running.
//!
//! What may not enter: tables, migrations, connection pools. Whoever asks gets a URL.

use crate::absent::{Absent, program};
use crate::leash::Leash;
use crate::patience::PATIENCE;
use crate::ports::free_port;
use crate::process::Process;
use crate::signals;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use std::env;
use std::fs;
use std::ops::Deref;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;
use url::Url;
use uuid::Uuid;

/// Names a running server to use instead of one of our own, as `postgres://user:password@host:port/database`.
const GIVEN_URL: &str = "POLITY_TEST_POSTGRES_URL";

/// Names the directory with `initdb` and `postgres`, when it is not a usual one.
const GIVEN_BINARIES: &str = "PGBIN";

/// The system user that runs the server when we are root: PostgreSQL refuses to run as root.
const USER: &str = "postgres";

const ABSENT: Absent = Absent { key: "postgresql", name: "PostgreSQL" };

/// A commit survives the server but not the machine, which costs no waiting; logical decoding, and connections for many
/// pools.
const SETTINGS: [&str; 6] = [
    "listen_addresses=127.0.0.1",
    "fsync=off",
    "full_page_writes=off",
    "wal_level=logical",
    "max_connections=200",
    "dynamic_shared_memory_type=mmap",
];

/// The server all tests of this process share: the one `POLITY_TEST_POSTGRES_URL` names, else one started now. Prints
/// that the test is skipped, and gives nothing, when PostgreSQL is not installed.
///
/// # Panics
/// When the server does not start, or is absent though `POLITY_REQUIRE` lists `postgresql`.
pub async fn postgres() -> Option<&'static PostgresServer> {
    match EphemeralPostgres::shared().await {
        Ok(server) => Some(server),
        Err(absent) => absent.skip(),
    }
}

/// A running server, whoever started it.
#[derive(Debug, Clone)]
pub struct PostgresServer {
    url: Url,
}

impl PostgresServer {
    /// A server that runs already. The URL's user must be allowed to create databases.
    ///
    /// # Panics
    /// When it is not a URL.
    pub fn at(url: &str) -> Self {
        Self { url: Url::parse(url).unwrap_or_else(|error| panic!("`{url}` is not a URL: {error}")) }
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Makes a new database and returns its URL. `name` is a hint for whoever looks into the server: the real name is
    /// unique to this call.
    ///
    /// # Panics
    /// When the server does not answer or refuses.
    pub async fn database(&self, name: &str) -> String {
        let hint: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(24).collect();
        let unique = format!("{}_{}", hint.to_ascii_lowercase(), Uuid::new_v4().simple());
        let mut connection = PgConnection::connect(self.url.as_str()).await.expect("PostgreSQL answers");
        let create = AssertSqlSafe(format!("CREATE DATABASE \"{unique}\""));
        connection.execute(create).await.expect("PostgreSQL lets us create a database");
        connection.close().await.expect("PostgreSQL says goodbye");
        let mut url = self.url.clone();
        url.set_path(&unique);
        url.into()
    }
}

/// A server of our own: its data lives in a temporary directory, and both go with this value or with the test process.
#[derive(Debug)]
pub struct EphemeralPostgres {
    server: PostgresServer,
    installation: Installation,
    port: u16,
    // Before the leash: the server must be gone when its directory is removed.
    process: Option<Process>,
    leash: Arc<Leash>,
}

impl Deref for EphemeralPostgres {
    type Target = PostgresServer;

    fn deref(&self) -> &PostgresServer {
        &self.server
    }
}

impl EphemeralPostgres {
    /// The server all tests of this process share. It is never stopped before the process ends.
    ///
    /// # Errors
    /// [`Absent`] when PostgreSQL is not installed and no server is given.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn shared() -> Result<&'static PostgresServer, Absent> {
        static GIVEN: OnceCell<PostgresServer> = OnceCell::const_new();
        static OWN: OnceCell<EphemeralPostgres> = OnceCell::const_new();
        if let Ok(url) = env::var(GIVEN_URL) {
            return Ok(GIVEN.get_or_init(async || PostgresServer::at(&url)).await);
        }
        Ok(OWN.get_or_try_init(Self::launch).await?)
    }

    /// A server for one test alone, to be stopped and paused at will. Skips the test when PostgreSQL is not installed.
    ///
    /// # Panics
    /// When it does not start, or is absent though `POLITY_REQUIRE` lists `postgresql`.
    pub async fn start() -> Option<Self> {
        match Self::launch().await {
            Ok(server) => Some(server),
            Err(absent) => absent.skip(),
        }
    }

    async fn launch() -> Result<Self, Absent> {
        let installation = Installation::find()?;
        // SIGQUIT is PostgreSQL's immediate shutdown: it takes the backends and the shared memory with it.
        let leash = Arc::new(Leash::with_directory("QUIT", "polity-postgres-"));
        installation.initialise(&leash).await;
        for _ in 0..5 {
            let port = free_port();
            if let Some(process) = installation.run(&leash, port).await {
                let server = PostgresServer::at(&format!("postgres://{USER}@127.0.0.1:{port}/postgres"));
                return Ok(Self { server, installation, port, process: Some(process), leash });
            }
        }
        panic!("five ports in a row were taken before PostgreSQL could listen on them");
    }

    /// Stops the server as a crash would. Its data and its port stay reserved for [`Self::restart`].
    ///
    /// # Panics
    /// When it has not stopped after 10 s.
    pub async fn stop(&mut self) {
        if let Some(process) = self.process.take() {
            process.signal("QUIT");
            process.exited(PATIENCE).await;
        }
    }

    /// Starts the server again after [`Self::stop`], on the same data and the same port: all URLs stay good.
    ///
    /// # Panics
    /// When it does not start, because somebody took the port meanwhile.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.process = self.installation.run(&self.leash, self.port).await;
        assert!(self.process.is_some(), "somebody took port {} while PostgreSQL was stopped", self.port);
    }

    /// Freezes the server: connections stay open, and nobody answers on them. Linux only.
    pub fn pause(&self) {
        if let Some(process) = &self.process {
            // The postmaster first, so that it starts no more backends while the others are counted.
            signals::send("STOP", &[process.pid()]);
            signals::send("STOP", &signals::children_of(process.pid()));
        }
    }

    /// Lets a frozen server go on.
    pub fn resume(&self) {
        if let Some(process) = &self.process {
            signals::send("CONT", &signals::children_of(process.pid()));
            signals::send("CONT", &[process.pid()]);
        }
    }
}

impl Drop for EphemeralPostgres {
    fn drop(&mut self) {
        // A frozen backend could not follow the order to end.
        self.resume();
    }
}

/// Where the server's programs are.
#[derive(Debug)]
struct Installation {
    binaries: PathBuf,
}

impl Installation {
    fn find() -> Result<Self, Absent> {
        let found = match env::var_os(GIVEN_BINARIES) {
            Some(given) => Some(PathBuf::from(given)),
            None => debian().or_else(|| Some(program(&["postgres"])?.parent()?.to_owned())),
        };
        let complete = |dir: &PathBuf| ["initdb", "postgres"].iter().all(|name| dir.join(name).is_file());
        found.filter(complete).map(|binaries| Self { binaries }).ok_or(ABSENT)
    }

    async fn initialise(&self, leash: &Arc<Leash>) {
        let directory = leash.directory();
        if we_are_root() {
            let status = Command::new("chown").arg(USER).arg(directory).status();
            assert!(
                status.is_ok_and(|status| status.success()),
                "the user `{USER}` must exist to run PostgreSQL as root"
            );
        }
        let fixed = ["-U", USER, "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8", "-D"];
        let process = self.spawn(leash, "initdb", &[&fixed[..], &[&data(leash)]].concat());
        let status = process.exited(Duration::from_secs(60)).await;
        assert!(status.success(), "initdb failed:\n{}", process.output());
    }

    /// Runs the server until it accepts connections; nothing when the port is taken.
    async fn run(&self, leash: &Arc<Leash>, port: u16) -> Option<Process> {
        let (data, port, socket) = (data(leash), port.to_string(), leash.directory().to_string_lossy());
        let mut args = vec!["-D", &data, "-p", &port, "-k", &socket];
        args.extend(SETTINGS.iter().flat_map(|setting| ["-c", *setting]));
        let process = self.spawn(leash, "postgres", &args);
        if process.find_line("ready to accept connections", Duration::from_secs(60)).await.is_some() {
            return Some(process);
        }
        let output = process.output();
        assert!(output.contains("could not bind"), "PostgreSQL does not start:\n{output}");
        process.exited(PATIENCE).await;
        None
    }

    fn spawn(&self, leash: &Arc<Leash>, name: &str, args: &[&str]) -> Process {
        let binary = self.binaries.join(name);
        if !we_are_root() {
            return Process::spawn_on(Arc::clone(leash), &binary, args, &[], leash.directory());
        }
        let (user, group) = (format!("--reuid={USER}"), format!("--regid={USER}"));
        let binary = binary.to_string_lossy();
        let with_user = [&[&*user, &group, "--clear-groups", "--reset-env", &binary], args].concat();
        Process::spawn_on(Arc::clone(leash), Path::new("setpriv"), &with_user, &[], leash.directory())
    }
}

/// The newest of the versions Debian's packages put side by side.
fn debian() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let numbered = versions.filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path())));
    Some(numbered.max()?.1.join("bin"))
}

fn data(leash: &Leash) -> String {
    leash.directory().join("data").to_string_lossy().into_owned()
}

/// Linux gives a process's directory in `/proc` to its effective user (proc(5)).
pub(crate) fn we_are_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}
