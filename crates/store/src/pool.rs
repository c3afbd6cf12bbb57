//! Pools of connections, and what every session is set to.

use crate::mysql;
use crate::open::{Pooler, StoreOptions, Synchronous};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr};
use std::time::Duration;

/// Opens a pool for a module. Every session in it means the same by the same statement, however the server is set.
pub(crate) async fn connect(
    module: &'static str,
    url: &str,
    options: &StoreOptions,
    connections: u32,
) -> Result<DatabaseConnection, DbErr> {
    let mut connect = ConnectOptions::new(url);
    let synchronous = options.synchronous;
    let (pooler, timeout) = (options.pooler, options.statement_timeout);
    let timeout_ms = timeout.as_millis();
    connect
        .max_connections(connections)
        .acquire_timeout(options.acquire_timeout)
        .connect_timeout(options.acquire_timeout)
        .sqlx_logging(false)
        .test_before_acquire(false)
        // A server that was restarted leaves dead connections behind; and a future dropped while `BEGIN` was on its way
        // leaves a transaction open that the driver does not know of. One statement finds the first and ends the second.
        .map_sqlx_postgres_before_acquire(|connection, _| {
            Box::pin(async move {
                use sqlx::Executor;
                connection.execute("ROLLBACK").await.map(|_| true)
            })
        })
        .map_sqlx_mysql_before_acquire(|connection, _| {
            Box::pin(async move {
                use sqlx::Executor;
                connection.execute("ROLLBACK").await.map(|_| true)
            })
        })
        .map_sqlx_mysql_pool_opts(move |pool| {
            pool.after_connect(move |connection, _| Box::pin(mysql::set_up(connection, Some(timeout))))
                .after_release(|connection, _| Box::pin(mysql::answers(connection)))
        })
        .map_sqlx_mysql_opts(|server| {
            server.charset("utf8mb4").collation("utf8mb4_bin").timezone(Some("+00:00".to_owned()))
        })
        .map_sqlx_sqlite_opts(move |file| {
            use sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
            file.create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(match synchronous {
                    Synchronous::Normal => SqliteSynchronous::Normal,
                    Synchronous::Full => SqliteSynchronous::Full,
                })
                .foreign_keys(true)
                .busy_timeout(Duration::from_secs(5))
                // What was destroyed is not left in the gaps of the page it lay on.
                .pragma("secure_delete", "fast")
                .pragma("temp_store", "memory")
                .pragma("cache_size", "-16000")
                .statement_cache_capacity(256)
        })
        .map_sqlx_sqlite_pool_opts(|pool| {
            pool.after_release(|connection, _| Box::pin(has_left_its_transaction(connection)))
        })
        .map_sqlx_postgres_opts(move |server| {
            let server = server.application_name(&format!("polity-{module}"));
            match pooler {
                Pooler::Transaction => server.statement_cache_capacity(256),
                Pooler::Session => server.statement_cache_capacity(256).options([
                    ("search_path", module.to_owned()),
                    // Who waited for a lock sees what was done under it.
                    ("default_transaction_isolation", "read committed".to_owned()),
                    ("lock_timeout", "5s".to_owned()),
                    ("statement_timeout", format!("{timeout_ms}ms")),
                    ("idle_in_transaction_session_timeout", format!("{}ms", timeout_ms * 2)),
                    // The roll-back before each use says each time that there was nothing to roll back.
                    ("client_min_messages", "error".to_owned()),
                ]),
            }
        });
    Database::connect(connect).await
}

/// When a commit fails on a full disk, SQLite rolls back by itself while the driver goes on counting: its next BEGIN would
/// be a SAVEPOINT inside a transaction that nobody ever commits. Such a connection is closed instead of kept.
async fn has_left_its_transaction(connection: &mut sqlx::SqliteConnection) -> Result<bool, sqlx::Error> {
    use sqlx::Connection;
    // A transaction that was dropped is rolled back before this is answered.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}
