//! Opening a module's database: its schema, and words for whoever finds it closed.

use crate::pool::connect;
use crate::sealing::Sealing;
use crate::sequencer::Sequencer;
use crate::wake::Wake;
use crate::{Constraints, Shared, Store, mysql};
use kernel::{Clock, Ids};
use keys::MasterSource;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};
use sea_orm_migration::MigratorTrait;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// When SQLite asks the disk to keep what it has been given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synchronous {
    /// At checkpoints. Survives the process being killed; a power cut may take the last moments (the default).
    Normal,
    /// At every commit. Survives a power cut.
    Full,
}

/// What stands between this process and PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooler {
    /// Nothing, or a pooler in session mode.
    Session,
    /// A pooler in transaction mode that follows prepared statements, such as PgBouncer from 1.21 on with
    /// `max_prepared_statements`: no session state. The role's own `search_path` must name the module's schema.
    Transaction,
}

/// Where a module's database is and how it is used.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// `sqlite://path`, `postgres://…` or `mysql://…`.
    pub url: String,
    /// A read replica for views.
    pub replica_url: Option<String>,
    /// Connections in each pool.
    pub max_connections: u32,
    /// How long to wait for a free connection.
    pub acquire_timeout: Duration,
    /// How long one statement may take.
    pub statement_timeout: Duration,
    /// SQLite only.
    pub synchronous: Synchronous,
    /// PostgreSQL only.
    pub pooler: Pooler,
    /// The longest time between two looks for what another process committed to the same database.
    pub poll: Duration,
    /// Where the master keys come from that secrets at rest are protected by.
    pub master_keys: MasterSource,
}

impl StoreOptions {
    /// The defaults for this address.
    pub fn at(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            replica_url: None,
            max_connections: 8,
            acquire_timeout: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(10),
            synchronous: Synchronous::Normal,
            pooler: Pooler::Session,
            poll: Duration::from_millis(250),
            master_keys: MasterSource::None,
        }
    }
}

/// Why a database could not be opened, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address is not one of an engine this build has.
    #[error(
        "{module}: the database address {url} is not understood; it begins with sqlite://, postgres:// or mysql://"
    )]
    Address {
        /// Whose.
        module: &'static str,
        /// The address, password masked.
        url: String,
    },
    /// Nobody answers there.
    #[error(
        "{module}: the database {url} cannot be reached: {source}. Check that it runs and that the address is right"
    )]
    Unreachable {
        /// Whose.
        module: &'static str,
        /// The address, password masked.
        url: String,
        /// What the driver said.
        source: DbErr,
    },
    /// A pooler in transaction mode, and the role does not know its schema.
    #[error(
        "{module}: behind a transaction pooler the role's search path must begin with the module's schema, but it begins \
         with {found}. Run: ALTER ROLE <role> SET search_path = {module}"
    )]
    SearchPath {
        /// Whose.
        module: &'static str,
        /// The schema found.
        found: String,
    },
    /// A pooler in transaction mode, and a role whose transactions would see what was committed when they began.
    #[error(
        "{module}: behind a transaction pooler the role's transactions must be read committed, but they are {found}. Run: \
         ALTER ROLE <role> SET default_transaction_isolation = 'read committed'"
    )]
    Isolation {
        /// Whose.
        module: &'static str,
        /// What they are.
        found: String,
    },
    /// A MySQL or MariaDB too old for what the store relies on.
    #[error("{module}: the database server is version {version}. MariaDB must be 10.6 or newer, MySQL 8.0.19 or newer")]
    TooOld {
        /// Whose.
        module: &'static str,
        /// What the server calls itself.
        version: String,
    },
    /// A server on which the module's database is not there, or not as it must be, and cannot be made so.
    #[error(
        "{module}: the database {database} cannot be prepared: {source}. Let somebody who may run: {statement}; and give \
         all rights on it to the user of the address"
    )]
    NoDatabase {
        /// Whose.
        module: &'static str,
        /// Its name.
        database: String,
        /// What makes it.
        statement: String,
        /// What the server said.
        source: sqlx::Error,
    },
    /// A database with tables in it that compares texts in another way than the other engines do.
    #[error(
        "{module}: the database {database} has tables and another collation than {collation}, so that different texts \
         would count as the same. Give the module a new database, or convert this one and its tables"
    )]
    Collation {
        /// Whose.
        module: &'static str,
        /// Its name.
        database: String,
        /// What it must be.
        collation: &'static str,
    },
    /// Another program's newer schema.
    #[error(
        "{module}: the database was migrated by a newer version ({detail}). Run that version, or restore a backup made by \
         this one"
    )]
    TooNew {
        /// Whose.
        module: &'static str,
        /// What is unknown here.
        detail: String,
    },
    /// Migrations are due and may not be run at start.
    #[error("{module}: {count} migrations are due. Run `polity migrate` first, or set store.migrate_on_start")]
    MigrationsDue {
        /// Whose.
        module: &'static str,
        /// How many.
        count: usize,
    },
    /// Something is sealed here that could not be opened.
    #[error("{module}: secrets at rest cannot be opened: {detail}")]
    MasterKey {
        /// Whose.
        module: &'static str,
        /// What is missing.
        detail: String,
    },
    /// A migration failed.
    #[error("{module}: a migration failed: {source}")]
    Migration {
        /// Whose.
        module: &'static str,
        /// What the database said.
        source: DbErr,
    },
}

impl StoreOptions {
    /// Where the configuration puts `module`'s database: its own, the shared one, or a SQLite file in the data folder.
    pub fn of(settings: &settings::Settings, module: &str) -> Self {
        let store = &settings.store;
        let file = || format!("sqlite://{}", settings.data_dir.join(format!("{module}.db")).display());
        let url = settings.store_url(module).map_or_else(file, |url| url.expose().to_owned());
        Self {
            url,
            replica_url: settings.replica_url(module).map(|url| url.expose().to_owned()),
            max_connections: store.max_connections,
            acquire_timeout: Duration::from_millis(store.acquire_timeout_ms),
            statement_timeout: Duration::from_millis(store.statement_timeout_ms),
            synchronous: match store.sqlite_synchronous {
                settings::Synchronous::Normal => Synchronous::Normal,
                settings::Synchronous::Full => Synchronous::Full,
            },
            pooler: match store.pooler {
                settings::Pooler::Session => Pooler::Session,
                settings::Pooler::Transaction => Pooler::Transaction,
            },
            poll: Duration::from_millis(settings.feed.poll_ms),
            master_keys: MasterSource::of(settings),
        }
    }
}

impl Store {
    /// Opens `module`'s database as configured, and brings its schema up to date or refuses to run on an old one.
    ///
    /// # Errors
    /// Everything [`Store::open`] and [`crate::migrate`] fail with; `MigrationsDue` when they are due and `run_migrations`
    /// is false; `MasterKey` when something is sealed here under a master key that the configuration does not give.
    pub async fn start<M: MigratorTrait>(
        module: &'static str,
        settings: &settings::Settings,
        constraints: Constraints,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        run_migrations: bool,
    ) -> Result<Self, OpenError> {
        let store = Self::open(module, &StoreOptions::of(settings, module), constraints, clock, ids).await?;
        if run_migrations {
            crate::migrate::<M>(&store).await?;
        } else {
            match crate::pending_migrations::<M>(&store).await? {
                0 => {}
                count => return Err(OpenError::MigrationsDue { module, count }),
            }
        }
        store.sealer().check().await.map_err(|detail| OpenError::MasterKey { module, detail })?;
        Ok(store)
    }

    /// Opens `module`'s database. The schema is not touched; see [`crate::migrate`].
    ///
    /// # Errors
    /// When the address is not understood, nobody answers, or a pooler hides the schema.
    pub async fn open(
        module: &'static str,
        options: &StoreOptions,
        constraints: Constraints,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Result<Self, OpenError> {
        let address = || OpenError::Address { module, url: settings::mask_url(&options.url) };
        let unreachable = |url: &str, source| OpenError::Unreachable { module, url: settings::mask_url(url), source };
        let (writer, reader) = if options.url.starts_with("sqlite:") {
            if let Some(folder) = sqlite_file(&options.url).as_deref().and_then(Path::parent) {
                // Addresses and password hashes lie there: for the owner alone.
                tokio::fs::DirBuilder::new()
                    .recursive(true)
                    .mode(0o700)
                    .create(folder)
                    .await
                    .map_err(|e| unreachable(&options.url, DbErr::Custom(format!("{}: {e}", folder.display()))))?;
            }
            let open = |connections| connect(module, &options.url, options, connections);
            let writer = open(1).await.map_err(|e| unreachable(&options.url, e))?;
            (writer, open(options.max_connections.max(2)).await.map_err(|e| unreachable(&options.url, e))?)
        } else if options.url.starts_with("postgres:") || options.url.starts_with("postgresql:") {
            let pool = connect(module, &options.url, options, options.max_connections.max(2))
                .await
                .map_err(|e| unreachable(&options.url, e))?;
            prepare_schema(module, &pool, options).await?;
            (pool.clone(), pool)
        } else if mysql::is_address(&options.url) {
            let own = mysql::address_of(module, &options.url)?;
            mysql::prepare(module, &own, options).await?;
            let pool = connect(module, own.as_str(), options, options.max_connections.max(2))
                .await
                .map_err(|e| unreachable(own.as_str(), e))?;
            (pool.clone(), pool)
        } else {
            return Err(address());
        };
        let replica = match &options.replica_url {
            Some(url) => {
                let url = if mysql::is_address(url) { mysql::address_of(module, url)?.into() } else { url.clone() };
                connect(module, &url, options, options.max_connections.max(2))
                    .await
                    .map_err(|e| unreachable(&url, e))?
            }
            None => reader.clone(),
        };
        let shared = Shared {
            module,
            writer,
            reader,
            replica,
            clock,
            ids,
            constraints,
            patience: options.statement_timeout,
            poll: options.poll,
            files: sqlite_file(&options.url).map(|file| [log_of(&file), file]),
            wake: Wake::new(options.pooler),
            outbox: Sequencer::of_outbox(),
            streams: Sequencer::of_streams(),
            sealing: Sealing::new(options.master_keys.clone()),
        };
        Ok(Self { shared: Arc::new(shared) })
    }
}

async fn prepare_schema(
    module: &'static str,
    pool: &DatabaseConnection,
    options: &StoreOptions,
) -> Result<(), OpenError> {
    let unreachable = |source| OpenError::Unreachable { module, url: settings::mask_url(&options.url), source };
    let current =
        "SELECT current_schema()::text AS name, current_setting('default_transaction_isolation') AS isolation";
    let current =
        pool.query_one_raw(Statement::from_string(DbBackend::Postgres, current)).await.map_err(unreachable)?;
    let said = |column: &str| current.as_ref().and_then(|row| row.try_get::<Option<String>>("", column).ok().flatten());
    let (current, isolation) = (said("name"), said("isolation").unwrap_or_default());
    if isolation != "read committed" {
        // A session of our own is set to it.
        return Err(OpenError::Isolation { module, found: isolation });
    }
    if current.as_deref() == Some(module) {
        return Ok(());
    }
    if options.pooler == Pooler::Transaction {
        return Err(OpenError::SearchPath { module, found: current.unwrap_or_else(|| "none".to_owned()) });
    }
    // Several processes may start at once, and IF NOT EXISTS alone can lose that race on the catalogue's own index.
    let create = format!(
        "DO $$ BEGIN CREATE SCHEMA IF NOT EXISTS \"{module}\"; EXCEPTION WHEN unique_violation THEN NULL; END $$"
    );
    pool.execute_unprepared(&create).await.map(drop).map_err(unreachable)
}

/// Where SQLite keeps what was committed and is not in the file yet.
fn log_of(file: &Path) -> PathBuf {
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}

/// The file of a SQLite database, unless it is in memory or the address is another engine's.
fn sqlite_file(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite:")?;
    let path = path.trim_start_matches("//").split('?').next().unwrap_or(path);
    (!path.is_empty() && !path.starts_with(':')).then(|| PathBuf::from(path))
}
