//! MariaDB for the length of a test: a server of our own, or one that somebody else keeps running.
//!
//! What may not enter: tables, migrations, connection pools. Whoever asks gets a URL.

use crate::absent::{Absent, program};
use crate::ephemeral::{CommandLine, Ephemeral, Installation, Shared, we_are_root};
use crate::patience::PATIENCE;
use crate::signals;
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};
use url::Url;
use uuid::Uuid;

/// Names the directory MariaDB was installed in, when it is not `/usr`.
const GIVEN_HOME: &str = "MARIADB_HOME";

/// The system user that runs the server when we are root: MariaDB refuses to run as root.
const USER: &str = "mysql";

/// A commit survives the server but not the machine, which costs no waiting. The rest is what a stranger's server may
/// well be set to: another character set, another time zone, and forgiving values that do not fit, so that a test
/// notices a client that relies on the server's settings.
const SETTINGS: [&str; 12] = [
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--skip-log-bin",
    "--innodb-flush-log-at-trx-commit=2",
    "--innodb-flush-method=nosync",
    "--innodb-buffer-pool-size=64M",
    "--innodb-log-file-size=32M",
    "--max-connections=300",
    "--character-set-server=latin1",
    "--default-time-zone=-09:30",
    "--sql-mode=",
    "--loose-innodb-doublewrite=0",
];

/// The server all tests of this process share: the one `POLITY_TEST_MARIADB_URL` names, else one started now. Prints
/// that the test is skipped, and gives nothing, when MariaDB is not installed.
///
/// # Panics
/// When the server does not start, or is absent though `POLITY_REQUIRE` lists `mariadb`.
pub async fn mariadb() -> Option<&'static MariaDbServer> {
    EphemeralMariaDb::shared().await.map_or_else(Absent::skip, Some)
}

/// A running server, whoever started it.
#[derive(Debug, Clone)]
pub struct MariaDbServer {
    url: Url,
}

impl MariaDbServer {
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
    /// unique to this call, and short enough for a client that puts a name of its own behind it.
    ///
    /// # Panics
    /// When the server does not answer or refuses.
    pub async fn database(&self, name: &str) -> String {
        let hint: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(12).collect();
        let unique = format!("{}_{}", hint.to_ascii_lowercase(), Uuid::new_v4().simple());
        let mut connection = MySqlConnection::connect(self.url.as_str()).await.expect("MariaDB answers");
        let create = AssertSqlSafe(format!("CREATE DATABASE `{unique}`"));
        connection.execute(create).await.expect("MariaDB lets us create a database");
        connection.close().await.expect("MariaDB says goodbye");
        let mut url = self.url.clone();
        url.set_path(&unique);
        url.into()
    }
}

/// A MariaDB of our own: its data lives in a temporary directory, and both go with this value or with the test process.
pub type EphemeralMariaDb = Ephemeral<MariaDbInstallation>;

impl EphemeralMariaDb {
    /// A server for one test alone, to be stopped and paused at will. Skips the test when MariaDB is not installed.
    ///
    /// # Panics
    /// When it does not start, or is absent though `POLITY_REQUIRE` lists `mariadb`.
    pub async fn start() -> Option<Self> {
        Self::start_on(MariaDbInstallation::find()).await
    }
}

/// Where the server's programs are.
#[derive(Debug)]
pub struct MariaDbInstallation {
    home: PathBuf,
    install: PathBuf,
    server: PathBuf,
}

impl Installation for MariaDbInstallation {
    type Server = MariaDbServer;

    const ABSENT: Absent = Absent { key: "mariadb", name: "MariaDB" };
    /// As `mysql://user:password@host:port/database`.
    const GIVEN_URL: &'static str = "POLITY_TEST_MARIADB_URL";
    const DIRECTORY: &'static str = "polity-mariadb-";
    /// The server is one process without shared memory, and its log makes good what a sudden end leaves behind.
    const SIGNAL: &'static str = "KILL";
    const USER: Option<&'static str> = Some(USER);
    const READY: &'static str = "ready for connections";
    const PORT_TAKEN: &'static str = "Can't start server: Bind on";

    fn find() -> Option<Self> {
        let given = env::var_os(GIVEN_HOME).map(PathBuf::from);
        let home = given.clone().unwrap_or_else(|| PathBuf::from("/usr"));
        let within = |places: &[&str]| places.iter().map(|place| home.join(place)).find(|file| file.is_file());
        let elsewhere = |name: &str| if given.is_none() { program(&[name]) } else { None };
        let install = within(&["bin/mariadb-install-db", "scripts/mariadb-install-db"]);
        let install = install.or_else(|| elsewhere("mariadb-install-db"))?;
        let server = within(&["sbin/mariadbd", "bin/mariadbd"]).or_else(|| elsewhere("mariadbd"))?;
        Some(Self { home, install, server })
    }

    fn cells() -> &'static Shared<Self> {
        static CELLS: Shared<MariaDbInstallation> = Shared::new();
        &CELLS
    }

    fn server(url: &str) -> MariaDbServer {
        MariaDbServer::at(url)
    }

    fn url(port: u16) -> String {
        format!("mysql://root@127.0.0.1:{port}/mysql")
    }

    fn initialise(&self, directory: &Path) -> Option<CommandLine> {
        let home = format!("--basedir={}", self.home.display());
        let fixed =
            [&*home, "--auth-root-authentication-method=normal", "--skip-test-db", "--innodb-flush-method=nosync"];
        Some(on_data(&self.install, directory, &fixed))
    }

    fn serve(&self, directory: &Path, port: u16) -> CommandLine {
        let place = directory.display();
        let (socket, pid_file) = (format!("--socket={place}/s"), format!("--pid-file={place}/pid"));
        let (home, port) = (format!("--basedir={}", self.home.display()), format!("--port={port}"));
        on_data(&self.server, directory, &[&[&*home, &port, &socket, &pid_file], &SETTINGS[..]].concat())
    }

    fn freeze(leader: u32) {
        signals::send("STOP", &[leader]);
        // On a busy machine a thread goes on until it is its turn to stop.
        let began = Instant::now();
        while !is_frozen(leader) {
            assert!(began.elapsed() < PATIENCE, "MariaDB does not stop");
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Whether every thread has stopped, as Linux's `/proc` shows it.
fn is_frozen(pid: u32) -> bool {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let states = threads.map(|thread| fs::read_to_string(thread.path().join("stat")).unwrap_or_default());
    states.into_iter().all(|stat| stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('T')))
}

/// One of the server's programs on the data in this directory.
fn on_data(program: &Path, directory: &Path, args: &[&str]) -> CommandLine {
    let directory = directory.display();
    // A starting server clears away every temporary table it finds, those of other servers too.
    let (data, temporary) = (format!("--datadir={directory}/data"), format!("--tmpdir={directory}"));
    let mut all = vec!["--no-defaults", &data, &temporary];
    let user = format!("--user={USER}");
    if we_are_root() {
        all.push(&user);
    }
    all.extend(args);
    CommandLine::new(program, &all)
}
