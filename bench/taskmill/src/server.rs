//! One PostgreSQL as it comes, for the length of the run. The test kit's does not fsync; this one does.

use anyhow::{Context, Result, bail};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// The system user that runs the server when we are root: PostgreSQL refuses to run as root.
const USER: &str = "postgres";

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server.
pub(crate) struct Server {
    port: u16,
    process: Child,
    _folder: TempDir,
}

impl Server {
    pub(crate) async fn start(binaries: Option<PathBuf>) -> Result<Self> {
        let binaries = binaries.or_else(debian).context("PostgreSQL is not installed; say where with --postgres")?;
        let folder = tempfile::Builder::new().prefix("bench-taskmill-").tempdir()?;
        if we_are_root()? {
            let status = Command::new("chown").arg(USER).arg(folder.path()).status().await?;
            anyhow::ensure!(status.success(), "the user `{USER}` must exist to run PostgreSQL as root");
        }
        let (data, socket) = (folder.path().join("data"), folder.path().to_string_lossy().into_owned());
        let data = data.to_string_lossy();
        let fixed = ["-U", USER, "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "-D", &data];
        let made = program(&binaries, "initdb", &fixed)?.status().await?;
        anyhow::ensure!(made.success(), "initdb failed");
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let (number, listen) = (port.to_string(), "listen_addresses=127.0.0.1");
        // Containers may lack POSIX shared memory; it is no setting that a figure depends on.
        let memory = "dynamic_shared_memory_type=mmap";
        let arguments = ["-D", &data, "-p", &number, "-k", &socket, "-c", listen, "-c", memory];
        let process = program(&binaries, "postgres", &arguments)?.spawn()?;
        let server = Self { port, process, _folder: folder };
        server.answer().await?;
        Ok(server)
    }

    async fn answer(&self) -> Result<()> {
        let asked = std::time::Instant::now();
        while let Err(error) = PgConnection::connect(&self.url(USER)).await {
            if asked.elapsed() > PATIENCE {
                bail!("PostgreSQL does not start: {error}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes an empty database and gives its URL.
    pub(crate) async fn create(&self, name: &str) -> Result<String> {
        self.execute(format!("CREATE DATABASE {name}")).await?;
        Ok(self.url(name))
    }

    pub(crate) async fn drop_database(&self, name: &str) -> Result<()> {
        self.execute(format!("DROP DATABASE {name} WITH (FORCE)")).await
    }

    async fn execute(&self, sql: String) -> Result<()> {
        let mut connection = PgConnection::connect(&self.url(USER)).await?;
        connection.execute(AssertSqlSafe(sql)).await?;
        Ok(connection.close().await?)
    }

    /// Ends it at once: nothing of it is kept.
    pub(crate) async fn stop(mut self) -> Result<()> {
        let process = self.process.id().context("the server ended by itself")?;
        Command::new("kill").args(["-QUIT", &process.to_string()]).status().await?;
        self.process.wait().await?;
        Ok(())
    }
}

/// A program of the server's, under a user it accepts.
fn program(binaries: &Path, name: &str, arguments: &[&str]) -> Result<Command> {
    let binary = binaries.join(name);
    let mut command = if we_are_root()? {
        let mut command = Command::new("setpriv");
        command.args([&format!("--reuid={USER}"), &format!("--regid={USER}"), "--clear-groups", "--reset-env"]);
        command.arg(binary);
        command
    } else {
        Command::new(binary)
    };
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    Ok(command)
}

/// PostgreSQL 15, or else the newest of the versions Debian's packages put side by side.
fn debian() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let numbered = versions.filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path())));
    let (_, newest) = numbered.max_by_key(|(version, _)| (*version == 15, *version))?;
    Some(newest.join("bin"))
}

/// Linux gives a process's directory in `/proc` to its effective user (proc(5)).
pub(crate) fn we_are_root() -> Result<bool> {
    Ok(std::fs::metadata("/proc/self")?.uid() == 0)
}
