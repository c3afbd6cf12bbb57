//! Where the queues are measured: one PostgreSQL for everyone; beside it a MariaDB and files of SQLite for ours.

use crate::mariadb::MariaDb;
use crate::server::Server;
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

/// What a queue keeps its tasks in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Postgres,
    Sqlite,
    MariaDb,
}

/// Everything that runs for the length of the run.
pub(crate) struct Engines {
    postgres: Server,
    mariadb: Option<MariaDb>,
    files: TempDir,
    made: AtomicU32,
}

impl Engines {
    pub(crate) async fn start(postgres: Option<PathBuf>) -> Result<Self> {
        let files = tempfile::Builder::new().prefix("bench-taskmill-files-").tempdir()?;
        let (postgres, mariadb) = (Server::start(postgres).await?, MariaDb::start().await?);
        Ok(Self { postgres, mariadb, files, made: AtomicU32::new(0) })
    }

    /// Makes an empty database and gives its URL.
    pub(crate) async fn database(&self, engine: Engine) -> Result<Database<'_>> {
        let name = format!("measured_{}", self.made.fetch_add(1, Ordering::Relaxed));
        let url = match engine {
            Engine::Postgres => self.postgres.create(&name).await?,
            Engine::MariaDb => self.mariadb.as_ref().context("MariaDB is not installed")?.create(&name).await?,
            Engine::Sqlite => format!("sqlite://{}/{name}.db", self.files.path().display()),
        };
        Ok(Database { engines: self, engine, name, url })
    }

    pub(crate) async fn stop(self) -> Result<()> {
        if let Some(mariadb) = self.mariadb {
            mariadb.stop().await?;
        }
        self.postgres.stop().await
    }
}

/// A database for one measurement.
pub(crate) struct Database<'a> {
    engines: &'a Engines,
    engine: Engine,
    name: String,
    pub(crate) url: String,
}

impl Database<'_> {
    pub(crate) async fn drop(self) -> Result<()> {
        let Self { engines, engine, name, .. } = self;
        match (engine, &engines.mariadb) {
            (Engine::Postgres, _) => engines.postgres.drop_database(&name).await?,
            (Engine::MariaDb, Some(mariadb)) => mariadb.drop_database(&name).await?,
            (Engine::MariaDb, None) => {}
            (Engine::Sqlite, _) => {
                for end in ["", "-wal", "-shm"] {
                    let file = engines.files.path().join(format!("{name}.db{end}"));
                    if file.exists() {
                        std::fs::remove_file(file)?;
                    }
                }
            }
        }
        Ok(())
    }
}
