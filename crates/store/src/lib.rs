//! A module's relational database, and what every module needs of one: a commit that writes change, events, audit
//! entry, history and answer in one transaction; a log of what was committed; subscribers that handle it once.
//!
//! What may not enter: a module's own tables or rules, a status code, a policy.

mod commit;
mod digests;
mod faults;
mod feed;
mod history;
mod inbox;
mod migrations;
mod mysql;
mod narrowed;
mod open;
mod outbox;
mod pool;
mod refusals;
mod replay;
pub mod schema;
mod sealing;
mod sequencer;
mod sql;
pub mod streams;
mod tasks;
mod wake;

pub use commit::{Change, Changed, Effects, Nothing};
pub use faults::{ChangeError, Constraints, read_fault};
pub use feed::{DeadLetter, FeedOptions, Subscriber, Subscription, run_subscription};
pub use history::Version;
pub use migrations::{base_migrations, migrate, pending_migrations};
pub use narrowed::{AttributeColumn, narrowed};
pub use open::{OpenError, Pooler, StoreOptions, Synchronous};
pub use outbox::Outbox;
pub use sealing::{Place, Sealer, destroy_subject};
pub use sql::{insert_ignoring_duplicates, insert_or_update, placeholders, statement};
pub use tasks::{HAS_ENDED, KEY_TAKEN, NO_SUCH_QUEUE, NO_SUCH_TASK, NOT_DEAD, TaskOrder};
pub use tasks::{SqlTaskQueue, SweepPlace, Swept, result_fits, sagas, schedules};

use kernel::{Clock, Fault, Ids};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend};
use std::sync::Arc;
use std::time::Duration;

/// One module's database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    module: &'static str,
    writer: DatabaseConnection,
    reader: DatabaseConnection,
    replica: DatabaseConnection,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    constraints: Constraints,
    patience: Duration,
    poll: Duration,
    /// A SQLite database and its log of commits.
    files: Option<[std::path::PathBuf; 2]>,
    wake: wake::Wake,
    outbox: sequencer::Sequencer,
    streams: sequencer::Sequencer,
    sealing: sealing::Sealing,
}

impl Store {
    /// The module whose database this is.
    pub fn module(&self) -> &'static str {
        self.shared.module
    }

    /// Where decisions read: never behind the last commit.
    pub fn primary(&self) -> &DatabaseConnection {
        &self.shared.reader
    }

    /// Where views read: the replica when one is configured, and then it may lag behind.
    pub fn replica(&self) -> &DatabaseConnection {
        &self.shared.replica
    }

    /// Which engine it runs on.
    pub fn backend(&self) -> DbBackend {
        self.shared.writer.get_database_backend()
    }

    /// The clock commits are stamped with.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.clock
    }

    /// The source of ids.
    pub fn ids(&self) -> &Arc<dyn Ids> {
        &self.shared.ids
    }

    /// Bounds a read in time, and turns its error into a fault.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer within the statement timeout; `Internal` for anything else.
    pub async fn read<T>(&self, query: impl Future<Output = Result<T, sea_orm::DbErr>>) -> Result<T, Fault> {
        match tokio::time::timeout(self.shared.patience, query).await {
            Ok(answer) => answer.map_err(read_fault),
            Err(_) => Err(kernel::reasons::STORE_DOWN.fault()),
        }
    }

    /// Writes something that nobody decided on and nobody is accountable for, such as when a session was last seen: no
    /// permit, no event, no audit entry. How many rows it touched.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer within the statement timeout; `Internal` for anything else.
    pub async fn note(&self, statement: sea_orm::Statement) -> Result<u64, Fault> {
        self.read(self.shared.writer.execute_raw(statement)).await.map(|done| done.rows_affected())
    }

    /// Whether the database answers now.
    ///
    /// # Errors
    /// `Unavailable` when it does not within a second.
    pub async fn ping(&self) -> Result<(), Fault> {
        // Never the writer: a queue of commits is work, not illness.
        let ask = async {
            self.shared.reader.execute_unprepared("SELECT 1").await?;
            self.shared.replica.execute_unprepared("SELECT 1").await
        };
        match tokio::time::timeout(Duration::from_secs(1), ask).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(kernel::reasons::STORE_DOWN.fault().because(error)),
            Err(_) => Err(kernel::reasons::STORE_DOWN.fault()),
        }
    }

    /// Closes every connection. Later calls fail.
    pub async fn close(&self) {
        for pool in [&self.shared.writer, &self.shared.reader, &self.shared.replica] {
            if let Err(error) = pool.close_by_ref().await {
                tracing::debug!(module = self.module(), %error, "closing the database");
            }
        }
    }
}
