//! MariaDB for the length of a test: a server of our own, or one that somebody else keeps running.
//!
//! What may not enter: tables, migrations, connection pools. Whoever asks gets a URL.

use crate::absent::{Absent, program};
use crate::leash::Leash;
use crate::patience::PATIENCE;
use crate::ports::free_port;
use crate::postgres::we_are_root;
use crate::process::Process;
use crate::signals;
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection};
use std::env;
use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::OnceCell;
use url::Url;
use uuid::Uuid;

/// Names a running server to use instead of one of our own, as `mysql://user:password@host:port/database`.
const GIVEN_URL: &str = "POLITY_TEST_MARIADB_URL";

/// Names the directory MariaDB was installed in, when it is not `/usr`.
const GIVEN_HOME: &str = "MARIADB_HOME";

/// The system user that runs the server when we are root: MariaDB refuses to run as root.
const USER: &str = "mysql";

const ABSENT: Absent = Absent { key: "mariadb", name: "MariaDB" };

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
    match EphemeralMariaDb::shared().await {
        Ok(server) => Some(server),
        Err(absent) => absent.skip(),
    }
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

/// A server of our own: its data lives in a temporary directory, and both go with this value or with the test process.
#[derive(Debug)]
pub struct EphemeralMariaDb {
    server: MariaDbServer,
    installation: Installation,
    port: u16,
    // Before the leash: the server must be gone when its directory is removed.
    process: Option<Process>,
    leash: Arc<Leash>,
}

impl Deref for EphemeralMariaDb {
    type Target = MariaDbServer;

    fn deref(&self) -> &MariaDbServer {
        &self.server
    }
}

impl EphemeralMariaDb {
    /// The server all tests of this process share. It is never stopped before the process ends.
    ///
    /// # Errors
    /// [`Absent`] when MariaDB is not installed and no server is given.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn shared() -> Result<&'static MariaDbServer, Absent> {
        static GIVEN: OnceCell<MariaDbServer> = OnceCell::const_new();
        static OWN: OnceCell<EphemeralMariaDb> = OnceCell::const_new();
        if let Ok(url) = env::var(GIVEN_URL) {
            return Ok(GIVEN.get_or_init(async || MariaDbServer::at(&url)).await);
        }
        Ok(OWN.get_or_try_init(Self::launch).await?)
    }

    /// A server for one test alone, to be stopped and paused at will. Skips the test when MariaDB is not installed.
    ///
    /// # Panics
    /// When it does not start, or is absent though `POLITY_REQUIRE` lists `mariadb`.
    pub async fn start() -> Option<Self> {
        match Self::launch().await {
            Ok(server) => Some(server),
            Err(absent) => absent.skip(),
        }
    }

    async fn launch() -> Result<Self, Absent> {
        let installation = Installation::find()?;
        // The server is one process without shared memory, and its log makes good what a sudden end leaves behind.
        let leash = Arc::new(Leash::with_directory("KILL", "polity-mariadb-"));
        installation.initialise(&leash).await;
        for _ in 0..5 {
            let port = free_port();
            if let Some(process) = installation.run(&leash, port).await {
                let server = MariaDbServer::at(&format!("mysql://root@127.0.0.1:{port}/mysql"));
                return Ok(Self { server, installation, port, process: Some(process), leash });
            }
        }
        panic!("five ports in a row were taken before MariaDB could listen on them");
    }

    /// Stops the server as a crash would. Its data and its port stay reserved for [`Self::restart`].
    ///
    /// # Panics
    /// When it has not stopped after 10 s.
    pub async fn stop(&mut self) {
        if let Some(process) = self.process.take() {
            process.signal("KILL");
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
        assert!(self.process.is_some(), "somebody took port {} while MariaDB was stopped", self.port);
    }

    /// Freezes the server: connections stay open, and nobody answers on them.
    pub fn pause(&self) {
        if let Some(process) = &self.process {
            signals::send("STOP", &[process.pid()]);
            // On a busy machine a thread goes on until it is its turn to stop.
            let began = Instant::now();
            while !is_frozen(process.pid()) {
                assert!(began.elapsed() < PATIENCE, "MariaDB does not stop");
                thread::sleep(Duration::from_millis(1));
            }
        }
    }

    /// Lets a frozen server go on.
    pub fn resume(&self) {
        if let Some(process) = &self.process {
            signals::send("CONT", &[process.pid()]);
        }
    }
}

/// Where the server's programs are.
#[derive(Debug)]
struct Installation {
    home: PathBuf,
    install: PathBuf,
    server: PathBuf,
}

impl Installation {
    fn find() -> Result<Self, Absent> {
        let given = env::var_os(GIVEN_HOME).map(PathBuf::from);
        let home = given.clone().unwrap_or_else(|| PathBuf::from("/usr"));
        let within = |places: &[&str]| places.iter().map(|place| home.join(place)).find(|file| file.is_file());
        let elsewhere = |name: &str| if given.is_none() { program(&[name]) } else { None };
        let install = within(&["bin/mariadb-install-db", "scripts/mariadb-install-db"]);
        let install = install.or_else(|| elsewhere("mariadb-install-db")).ok_or(ABSENT)?;
        let server = within(&["sbin/mariadbd", "bin/mariadbd"]).or_else(|| elsewhere("mariadbd")).ok_or(ABSENT)?;
        Ok(Self { home, install, server })
    }

    async fn initialise(&self, leash: &Arc<Leash>) {
        if we_are_root() {
            let status = Command::new("chown").arg(USER).arg(leash.directory()).status();
            assert!(status.is_ok_and(|status| status.success()), "the user `{USER}` must exist to run MariaDB as root");
        }
        let home = format!("--basedir={}", self.home.display());
        let fixed =
            [&*home, "--auth-root-authentication-method=normal", "--skip-test-db", "--innodb-flush-method=nosync"];
        let process = spawn(&self.install, leash, &fixed);
        let status = process.exited(Duration::from_secs(60)).await;
        assert!(status.success(), "mariadb-install-db failed:\n{}", process.output());
    }

    /// Runs the server until it accepts connections; nothing when the port is taken.
    async fn run(&self, leash: &Arc<Leash>, port: u16) -> Option<Process> {
        let directory = leash.directory().display();
        let (socket, pid_file) = (format!("--socket={directory}/s"), format!("--pid-file={directory}/pid"));
        let (home, port) = (format!("--basedir={}", self.home.display()), format!("--port={port}"));
        let process = spawn(&self.server, leash, &[&[&*home, &port, &socket, &pid_file], &SETTINGS[..]].concat());
        if process.find_line("ready for connections", Duration::from_secs(60)).await.is_some() {
            return Some(process);
        }
        let output = process.output();
        assert!(output.contains("Can't start server: Bind on"), "MariaDB does not start:\n{output}");
        process.exited(PATIENCE).await;
        None
    }
}

/// Whether every thread has stopped, as Linux's `/proc` shows it.
fn is_frozen(pid: u32) -> bool {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let states = threads.map(|thread| fs::read_to_string(thread.path().join("stat")).unwrap_or_default());
    states.into_iter().all(|stat| stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('T')))
}

/// Runs one of the server's programs on the data in the leash's directory.
fn spawn(binary: &Path, leash: &Arc<Leash>, args: &[&str]) -> Process {
    let directory = leash.directory().display();
    // A starting server clears away every temporary table it finds, those of other servers too.
    let (data, temporary) = (format!("--datadir={directory}/data"), format!("--tmpdir={directory}"));
    let mut all = vec!["--no-defaults", &data, &temporary];
    let user = format!("--user={USER}");
    if we_are_root() {
        all.push(&user);
    }
    all.extend(args);
    Process::spawn_on(Arc::clone(leash), binary, &all, &[], leash.directory())
}
