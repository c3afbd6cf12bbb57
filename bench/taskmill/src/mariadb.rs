//! One MariaDB as it comes, for the length of the run: each commit is on the disk before it is answered.

use crate::server::we_are_root;
use anyhow::{Context, Result, bail};
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection};
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// The system user that runs the server when we are root: MariaDB refuses to run as root.
const USER: &str = "mysql";

/// Where Debian's packages put the programs.
const INSTALL: &str = "/usr/bin/mariadb-install-db";
const SERVER: &str = "/usr/sbin/mariadbd";

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server.
pub(crate) struct MariaDb {
    port: u16,
    process: Child,
    _folder: TempDir,
}

impl MariaDb {
    /// None when it is not installed.
    pub(crate) async fn start() -> Result<Option<Self>> {
        if !Path::new(SERVER).exists() || !Path::new(INSTALL).exists() {
            return Ok(None);
        }
        let folder = tempfile::Builder::new().prefix("bench-taskmill-").tempdir()?;
        let data = format!("--datadir={}", folder.path().join("data").display());
        let socket = format!("--socket={}", folder.path().join("socket").display());
        let mut user = None;
        if we_are_root()? {
            let status = Command::new("chown").arg(USER).arg(folder.path()).status().await?;
            anyhow::ensure!(status.success(), "the user `{USER}` must exist to run MariaDB as root");
            user = Some(format!("--user={USER}"));
        }
        let mut install = Command::new(INSTALL);
        install.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", &data]);
        let made = quiet(install.args(&user)).status().await?;
        anyhow::ensure!(made.success(), "mariadb-install-db failed");
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut server = Command::new(SERVER);
        server.args(["--no-defaults", "--bind-address=127.0.0.1", "--skip-name-resolve", &data, &socket]);
        server.arg(format!("--port={port}")).args(&user);
        let server = Self { port, process: quiet(&mut server).spawn()?, _folder: folder };
        let asked = Instant::now();
        while let Err(error) = MySqlConnection::connect(&server.url(USER)).await {
            if asked.elapsed() > PATIENCE {
                bail!("MariaDB does not start: {error}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(Some(server))
    }

    fn url(&self, database: &str) -> String {
        format!("mysql://root@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes an empty database and gives its URL.
    pub(crate) async fn create(&self, name: &str) -> Result<String> {
        self.execute(format!("CREATE DATABASE {name}")).await?;
        Ok(self.url(name))
    }

    pub(crate) async fn drop_database(&self, name: &str) -> Result<()> {
        self.execute(format!("DROP DATABASE {name}")).await
    }

    async fn execute(&self, sql: String) -> Result<()> {
        // The server's own database is called like its user.
        let mut connection = MySqlConnection::connect(&self.url(USER)).await?;
        connection.execute(AssertSqlSafe(sql)).await?;
        Ok(connection.close().await?)
    }

    /// Ends it at once: nothing of it is kept.
    pub(crate) async fn stop(mut self) -> Result<()> {
        self.process.start_kill().context("the server ended by itself")?;
        self.process.wait().await?;
        Ok(())
    }
}

fn quiet(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true)
}
