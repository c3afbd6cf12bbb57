//! The tables every module's database has, and how migrations are run.

mod m20261120_000001_base;
mod m20261121_000002_tasks;
mod m20261121_000003_streams;
mod m20261121_000004_schedules;
mod m20261121_000005_sagas;
mod m20261121_000006_housekeeping;
mod m20261121_000007_replays;
mod m20261121_000008_signals;
mod m20261122_000009_data_keys;
mod m20261122_000010_digests;

use crate::{OpenError, Store, mysql};
use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use sea_orm_migration::{MigrationTrait, MigratorTrait};

/// The store's own migrations; every module's migrator begins with them.
pub fn base_migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Box::new(m20261120_000001_base::Migration),
        Box::new(m20261121_000002_tasks::Migration),
        Box::new(m20261121_000003_streams::Migration),
        Box::new(m20261121_000004_schedules::Migration),
        Box::new(m20261121_000005_sagas::Migration),
        Box::new(m20261121_000006_housekeeping::Migration),
        Box::new(m20261121_000007_replays::Migration),
        Box::new(m20261121_000008_signals::Migration),
        Box::new(m20261122_000009_data_keys::Migration),
        Box::new(m20261122_000010_digests::Migration),
    ]
}

/// Brings the module's schema up to date, all or nothing; on MySQL and MariaDB step by step, and whatever was cut short
/// goes on where it stopped. Processes that start at the same time take turns.
///
/// # Errors
/// `TooNew` when the database knows migrations this program does not; `Migration` when one fails.
pub async fn migrate<M: MigratorTrait>(store: &Store) -> Result<(), OpenError> {
    let module = store.module();
    let failed = |source: DbErr| classify(module, source);
    if store.backend() == DbBackend::MySql {
        let turn = mysql::take_turn(&store.shared.writer).await.map_err(failed)?;
        let done = M::up(&turn, None).await;
        let closed = turn.close().await;
        return done.and(closed).map_err(failed);
    }
    let turn = store.begin().await.map_err(failed)?;
    if store.backend() == DbBackend::Postgres {
        // A turn may be long in coming, and an index long in the making. SQLite's write lock was taken by beginning.
        turn.execute_unprepared("SET LOCAL lock_timeout = 0").await.map_err(failed)?;
        turn.execute_unprepared("SET LOCAL statement_timeout = 0").await.map_err(failed)?;
        let lock = format!("SELECT pg_advisory_xact_lock(hashtext('polity.migrate.{module}'))");
        turn.execute_unprepared(&lock).await.map_err(failed)?;
    }
    M::up(&turn, None).await.map_err(failed)?;
    turn.commit().await.map_err(failed)
}

/// How many migrations are due.
///
/// # Errors
/// `TooNew` when the database knows migrations this program does not.
pub async fn pending_migrations<M: MigratorTrait>(store: &Store) -> Result<usize, OpenError> {
    let pending = M::get_pending_migrations(&store.shared.writer).await;
    pending.map(|list| list.len()).map_err(|source| classify(store.module(), source))
}

fn classify(module: &'static str, source: DbErr) -> OpenError {
    let text = source.to_string();
    // The migration crate has no type for this; its own test suite pins the words.
    match text.split_once("Migration file of version '") {
        Some((_, rest)) => OpenError::TooNew { module, detail: rest.split('\'').next().unwrap_or(rest).to_owned() },
        None => OpenError::Migration { module, source },
    }
}
