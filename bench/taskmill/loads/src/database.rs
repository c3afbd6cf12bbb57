//! What a measurement does to the database beside the queue, on each engine in its own way.

use anyhow::{Result, bail};
use sqlx::{Connection, Executor, PgConnection};

/// Leaves the server as an idle hour would: statistics fresh, dead rows gone where they can go, nothing left to write.
pub(crate) async fn settle(url: &str) -> Result<()> {
    match url.split(':').next() {
        Some("postgres" | "postgresql") => {
            let mut connection = PgConnection::connect(url).await?;
            connection.execute("VACUUM (ANALYZE)").await?;
            connection.execute("CHECKPOINT").await?;
            Ok(connection.close().await?)
        }
        #[cfg(feature = "every-engine")]
        Some("sqlite") => every_engine::settle_sqlite(url).await,
        #[cfg(feature = "every-engine")]
        Some("mysql") => every_engine::settle_mariadb(url).await,
        _ => bail!("`{url}` is a database that nothing here knows how to settle"),
    }
}

/// A snapshot that stays open until this is dropped.
pub(crate) struct Hold {
    _connection: Box<dyn Send>,
}

impl Hold {
    pub(crate) async fn take(url: &str) -> Result<Self> {
        let connection: Box<dyn Send> = match url.split(':').next() {
            Some("postgres" | "postgresql") => {
                let mut connection = PgConnection::connect(url).await?;
                connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
                connection.execute("SELECT txid_current()").await?;
                Box::new(connection)
            }
            #[cfg(feature = "every-engine")]
            Some("sqlite") => Box::new(every_engine::hold_sqlite(url).await?),
            #[cfg(feature = "every-engine")]
            Some("mysql") => Box::new(every_engine::hold_mariadb(url).await?),
            _ => bail!("`{url}` is a database in which nothing here knows how to hold a snapshot"),
        };
        Ok(Self { _connection: connection })
    }
}

#[cfg(feature = "every-engine")]
mod every_engine {
    use anyhow::Result;
    use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, Row, SqliteConnection};

    /// The log is written into the database and starts again.
    pub(super) async fn settle_sqlite(url: &str) -> Result<()> {
        let mut connection = SqliteConnection::connect(url).await?;
        connection.execute("PRAGMA busy_timeout = 5000").await?;
        connection.execute("ANALYZE").await?;
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").await?;
        Ok(connection.close().await?)
    }

    /// Waits until nothing is left to purge. MariaDB writes its pages when it likes; nobody can ask for a checkpoint.
    pub(super) async fn settle_mariadb(url: &str) -> Result<()> {
        let mut connection = MySqlConnection::connect(url).await?;
        let list = "SELECT CAST(table_name AS CHAR) FROM information_schema.tables WHERE table_schema = DATABASE()";
        for row in connection.fetch_all(list).await? {
            let table: String = row.try_get(0)?;
            connection.execute(AssertSqlSafe(format!("ANALYZE TABLE `{table}`"))).await?;
        }
        connection.execute("SET GLOBAL innodb_max_purge_lag_wait = 0").await?;
        Ok(connection.close().await?)
    }

    pub(super) async fn hold_sqlite(url: &str) -> Result<SqliteConnection> {
        let mut connection = SqliteConnection::connect(url).await?;
        connection.execute("BEGIN").await?;
        connection.execute("SELECT COUNT(*) FROM sqlite_master").await?;
        Ok(connection)
    }

    pub(super) async fn hold_mariadb(url: &str) -> Result<MySqlConnection> {
        let mut connection = MySqlConnection::connect(url).await?;
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").await?;
        connection.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT").await?;
        Ok(connection)
    }
}
