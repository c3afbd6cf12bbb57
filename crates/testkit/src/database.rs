//! A fresh, empty database on each relational engine, for tests that must pass on all of them.
//!
//! What may not enter: connections and schemas. Whoever asks gets a URL.

use crate::mariadb::mariadb;
use crate::postgres::postgres;
use std::fs::File;
use tempfile::TempDir;

/// A relational engine that Polity supports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    /// A file in a temporary directory.
    Sqlite,
    /// A database on the server that all tests of the process share.
    Postgres,
    /// The same on MariaDB, which stands for MySQL too.
    MariaDb,
}

/// A database that nobody else uses. Keep it for as long as the URL is needed.
#[derive(Debug)]
pub struct TestDatabase {
    /// Where it is: `sqlite:///…`, `postgres://…` or `mysql://…`.
    pub url: String,
    /// What runs it.
    pub engine: Engine,
    _directory: Option<TempDir>,
}

impl TestDatabase {
    /// Makes one. Prints that the test is skipped, and gives nothing, when the engine is not installed.
    ///
    /// # Panics
    /// When the engine does not start, or is absent though `POLITY_REQUIRE` lists it.
    pub async fn new(engine: Engine) -> Option<Self> {
        match engine {
            Engine::Sqlite => Some(Self::sqlite()),
            Engine::Postgres => {
                let url = postgres().await?.database("test").await;
                Some(Self { url, engine, _directory: None })
            }
            Engine::MariaDb => {
                let url = mariadb().await?.database("test").await;
                Some(Self { url, engine, _directory: None })
            }
        }
    }

    fn sqlite() -> Self {
        let directory = TempDir::with_prefix("polity-sqlite-").expect("a directory can be made");
        let file = directory.path().join("test.db");
        // An empty file is an empty database, so that no client need be told to create it.
        File::create(&file).expect("a file can be made");
        Self { url: format!("sqlite://{}", file.display()), engine: Engine::Sqlite, _directory: Some(directory) }
    }
}
