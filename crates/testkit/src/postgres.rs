//! PostgreSQL for the length of a test: a server of our own, or one that somebody else keeps running.
//!
//! What may not enter: tables, migrations, connection pools. Whoever asks gets a URL.

use crate::absent::{Absent, program};
use crate::ephemeral::{CommandLine, Ephemeral, Installation, Shared, we_are_root};
use crate::signals;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use url::Url;
use uuid::Uuid;

/// Names the directory with `initdb` and `postgres`, when it is not a usual one.
const GIVEN_BINARIES: &str = "PGBIN";

/// The system user that runs the server when we are root: PostgreSQL refuses to run as root.
const USER: &str = "postgres";

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
    EphemeralPostgres::shared().await.map_or_else(Absent::skip, Some)
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

/// A PostgreSQL of our own: its data lives in a temporary directory, and both go with this value or with the test
/// process.
pub type EphemeralPostgres = Ephemeral<PostgresInstallation>;

impl EphemeralPostgres {
    /// A server for one test alone, to be stopped and paused at will. Skips the test when PostgreSQL is not installed.
    ///
    /// # Panics
    /// When it does not start, or is absent though `POLITY_REQUIRE` lists `postgresql`.
    pub async fn start() -> Option<Self> {
        Self::start_on(PostgresInstallation::find()).await
    }
}

/// Where the server's programs are.
#[derive(Debug)]
pub struct PostgresInstallation {
    binaries: PathBuf,
}

impl Installation for PostgresInstallation {
    type Server = PostgresServer;

    const ABSENT: Absent = Absent { key: "postgresql", name: "PostgreSQL" };
    /// As `postgres://user:password@host:port/database`.
    const GIVEN_URL: &'static str = "POLITY_TEST_POSTGRES_URL";
    const DIRECTORY: &'static str = "polity-postgres-";
    /// SIGQUIT is PostgreSQL's immediate shutdown: it takes the backends and the shared memory with it.
    const SIGNAL: &'static str = "QUIT";
    const USER: Option<&'static str> = Some(USER);
    const READY: &'static str = "ready to accept connections";
    const PORT_TAKEN: &'static str = "could not bind";

    fn find() -> Option<Self> {
        let found = match env::var_os(GIVEN_BINARIES) {
            Some(given) => Some(PathBuf::from(given)),
            None => debian().or_else(|| Some(program(&["postgres"])?.parent()?.to_owned())),
        };
        let complete = |dir: &PathBuf| ["initdb", "postgres"].iter().all(|name| dir.join(name).is_file());
        found.filter(complete).map(|binaries| Self { binaries })
    }

    fn cells() -> &'static Shared<Self> {
        static CELLS: Shared<PostgresInstallation> = Shared::new();
        &CELLS
    }

    fn server(url: &str) -> PostgresServer {
        PostgresServer::at(url)
    }

    fn url(port: u16) -> String {
        format!("postgres://{USER}@127.0.0.1:{port}/postgres")
    }

    fn initialise(&self, directory: &Path) -> Option<CommandLine> {
        let data = data(directory);
        let args = ["-U", USER, "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8", "-D", &data];
        Some(self.command("initdb", &args))
    }

    fn serve(&self, directory: &Path, port: u16) -> CommandLine {
        let (data, port, socket) = (data(directory), port.to_string(), directory.to_string_lossy());
        let mut args = vec!["-D", &data, "-p", &port, "-k", &socket];
        args.extend(SETTINGS.iter().flat_map(|setting| ["-c", *setting]));
        self.command("postgres", &args)
    }

    fn freeze(leader: u32) {
        // The postmaster first, so that it starts no more backends while the others are counted.
        signals::send("STOP", &[leader]);
        signals::send("STOP", &signals::children_of(leader));
    }

    fn thaw(leader: u32) {
        signals::send("CONT", &signals::children_of(leader));
        signals::send("CONT", &[leader]);
    }
}

impl PostgresInstallation {
    fn command(&self, name: &str, args: &[&str]) -> CommandLine {
        let binary = self.binaries.join(name);
        if !we_are_root() {
            return CommandLine::new(&binary, args);
        }
        let (user, group) = (format!("--reuid={USER}"), format!("--regid={USER}"));
        let binary = binary.to_string_lossy();
        let with_user = [&[&*user, &group, "--clear-groups", "--reset-env", &binary], args].concat();
        CommandLine::new(Path::new("setpriv"), &with_user)
    }
}

/// The newest of the versions Debian's packages put side by side.
fn debian() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let numbered = versions.filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path())));
    Some(numbered.max()?.1.join("bin"))
}

fn data(directory: &Path) -> String {
    directory.join("data").to_string_lossy().into_owned()
}
