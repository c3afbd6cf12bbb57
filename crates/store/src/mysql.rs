//! MySQL and MariaDB: a database for each module on one server, and sessions that mean by every statement what the other
//! engines mean by it.
//!
//! What may not enter: statements of the store itself; those are written once for every engine.

use crate::{OpenError, StoreOptions};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, SqlxMySqlConnector, Statement};
use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection, Executor, MySqlConnection, Row};
use std::str::FromStr;
use std::time::Duration;
use url::Url;

/// What the servers' own names for databases may have at most.
const LONGEST_NAME: usize = 64;
/// How long a statement waits for a row that somebody else has locked, in seconds.
const LOCK_WAIT_S: u32 = 5;
/// How long a connection that was let go may take to end what it was at.
const COMES_BACK_WITHIN: Duration = Duration::from_secs(1);
/// How long a migration waits for its turn, and for those who read what it changes, in seconds.
const A_DAY_S: u32 = 86_400;
/// Before anything stricter of our own: values that do not fit are refused, and nothing is made up in their place.
const SQL_MODE: &str = "STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ZERO_DATE,NO_ZERO_IN_DATE,\
                        NO_ENGINE_SUBSTITUTION,ONLY_FULL_GROUP_BY,PIPES_AS_CONCAT";

/// Which of the two it is, and which version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Server {
    mariadb: bool,
    version: (u32, u32, u32),
}

impl Server {
    /// From what `SELECT VERSION()` says: `10.11.6-MariaDB-0+deb12u1`, `8.0.36`.
    fn parse(text: &str) -> Self {
        let mut numbers = text.split(|c: char| !c.is_ascii_digit()).map(|digits| digits.parse().unwrap_or(0));
        let mut next = || numbers.next().unwrap_or(0);
        Self { mariadb: text.contains("MariaDB"), version: (next(), next(), next()) }
    }

    /// The first version with everything the store relies on: window functions, checks, SKIP LOCKED.
    fn is_new_enough(self) -> bool {
        self.version >= if self.mariadb { (10, 6, 0) } else { (8, 0, 19) }
    }

    /// Compares by code points, and counts trailing spaces, as the other engines do.
    fn collation(self) -> &'static str {
        if self.mariadb { "utf8mb4_nopad_bin" } else { "utf8mb4_0900_bin" }
    }
}

/// Whether the address is one of MySQL's. MariaDB's clients write the same.
pub(crate) fn is_address(url: &str) -> bool {
    url.starts_with("mysql://")
}

/// The address of `module`'s own database: `…/polity` is the beginning of its name, `…/polity_forum` is already the
/// whole name for the forum.
pub(crate) fn address_of(module: &'static str, url: &str) -> Result<Url, OpenError> {
    let wrong = || OpenError::Address { module, url: settings::mask_url(url) };
    let mut parsed = Url::parse(url).map_err(|_| wrong())?;
    let given = parsed.path().trim_matches('/').to_owned();
    let mine = match given.as_str() {
        "" => format!("polity_{module}"),
        given if given == module || given.ends_with(&format!("_{module}")) => given.to_owned(),
        given => format!("{given}_{module}"),
    };
    let plain = mine.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if !plain || mine.len() > LONGEST_NAME || MySqlConnectOptions::from_str(url).is_err() {
        return Err(wrong());
    }
    parsed.set_path(&mine);
    Ok(parsed)
}

/// Makes sure that the module's database is there and compares texts as the other engines do.
pub(crate) async fn prepare(module: &'static str, address: &Url, options: &StoreOptions) -> Result<(), OpenError> {
    let unreachable = |source: sqlx::Error| OpenError::Unreachable {
        module,
        url: settings::mask_url(address.as_str()),
        source: DbErr::Conn(sea_orm::RuntimeErr::SqlxError(source.into())),
    };
    let mut server = address.clone();
    server.set_path("");
    let connect = MySqlConnectOptions::from_str(server.as_str()).map_err(unreachable)?.disable_statement_logging();
    let patience = options.acquire_timeout;
    let connected = tokio::time::timeout(patience, connect.connect()).await;
    let mut connection = connected.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map_err(unreachable)?;
    let made = tokio::time::timeout(patience.max(options.statement_timeout), make(module, address, &mut connection));
    let made = made.await.unwrap_or_else(|_| Err(unreachable(sqlx::Error::PoolTimedOut)));
    if let Err(error) = connection.close().await {
        tracing::debug!(module, %error, "closing the connection that looked for the database");
    }
    made
}

async fn make(module: &'static str, address: &Url, connection: &mut MySqlConnection) -> Result<(), OpenError> {
    let database = address.path().trim_matches('/').to_owned();
    let unreachable = |source: sqlx::Error| OpenError::Unreachable {
        module,
        url: settings::mask_url(address.as_str()),
        source: DbErr::Conn(sea_orm::RuntimeErr::SqlxError(source.into())),
    };
    let version: String =
        sqlx::query_scalar("SELECT VERSION()").fetch_one(&mut *connection).await.map_err(unreachable)?;
    let server = Server::parse(&version);
    if !server.is_new_enough() {
        return Err(OpenError::TooOld { module, version });
    }
    let collation = server.collation();
    let shape = format!("`{database}` CHARACTER SET utf8mb4 COLLATE {collation}");
    let look = "SELECT DEFAULT_COLLATION_NAME AS name, (SELECT COUNT(*) FROM information_schema.TABLES \
                WHERE TABLE_SCHEMA = SCHEMA_NAME) AS tables FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?";
    let found = sqlx::query(look).bind(&database).fetch_optional(&mut *connection).await.map_err(unreachable)?;
    let statement = match found {
        None => format!("CREATE DATABASE IF NOT EXISTS {shape}"),
        Some(row) => {
            let (name, tables): (String, i64) = (text(&row, "name").map_err(unreachable)?, row.get("tables"));
            if name == collation {
                return Ok(());
            }
            if tables > 0 {
                return Err(OpenError::Collation { module, database, collation });
            }
            format!("ALTER DATABASE {shape}")
        }
    };
    let made = connection.execute(AssertSqlSafe(statement.clone())).await;
    made.map(drop).map_err(|source| OpenError::NoDatabase { module, database, statement, source })
}

/// The columns of the information schema have whatever collation the server likes.
fn text(row: &sqlx::mysql::MySqlRow, column: &str) -> Result<String, sqlx::Error> {
    row.try_get_unchecked::<String, _>(column)
}

/// A session in which statements mean what they mean elsewhere. `limit` bounds each statement; without one they take the
/// time they need, whatever the server is set to.
pub(crate) async fn set_up(connection: &mut MySqlConnection, limit: Option<Duration>) -> Result<(), sqlx::Error> {
    let version: String = sqlx::query_scalar("SELECT VERSION()").fetch_one(&mut *connection).await?;
    let mariadb = Server::parse(&version).mariadb;
    connection.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED").await?;
    // Changes of the schema wait for their readers; nobody else should wait for long.
    let wait_s = if limit.is_some() { LOCK_WAIT_S } else { A_DAY_S };
    // 0 is no limit.
    let limit = limit.unwrap_or_default();
    let bounds = if mariadb {
        let idle_s = if limit.is_zero() { 0 } else { limit.as_secs().saturating_mul(2).max(1) };
        format!("max_statement_time = {}, idle_transaction_timeout = {idle_s}", limit.as_secs_f64())
    } else {
        // MySQL bounds reading statements only.
        format!("max_execution_time = {}", limit.as_millis())
    };
    let set = format!(
        "SET SESSION sql_mode = '{SQL_MODE}', innodb_lock_wait_timeout = {LOCK_WAIT_S}, lock_wait_timeout = {wait_s}, \
         {bounds}"
    );
    connection.execute(AssertSqlSafe(set)).await.map(drop)
}

/// Whether a connection that comes back may be used again. Where a future was dropped while its statement was being prepared,
/// the driver waits for an answer that nobody sends, for ever: such a connection is closed, and its place is free.
pub(crate) async fn answers(connection: &mut MySqlConnection) -> Result<bool, sqlx::Error> {
    let answered = tokio::time::timeout(COMES_BACK_WITHIN, connection.ping()).await;
    answered.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map(|()| true)
}

/// A connection of its own for migrations, with no limit in time, that has waited for its turn. Closing it ends the turn,
/// and so does dropping it.
///
/// These servers end a transaction at each change of the schema, so that a transaction cannot be what makes processes take
/// turns, or what undoes half a migration.
pub(crate) async fn take_turn(store: &DatabaseConnection) -> Result<DatabaseConnection, DbErr> {
    let options = (*store.get_mysql_connection_pool().connect_options()).clone();
    let one = MySqlPoolOptions::new()
        .max_connections(1)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(|connection, _| Box::pin(set_up(connection, None)));
    let driver = |error: sqlx::Error| DbErr::Conn(sea_orm::RuntimeErr::SqlxError(error.into()));
    let turn = SqlxMySqlConnector::from_sqlx_mysql_pool(one.connect_with(options).await.map_err(driver)?);
    let lock = format!("SELECT GET_LOCK(CONCAT('polity.migrate.', MD5(DATABASE())), {A_DAY_S}) AS mine");
    let row = turn.query_one_raw(Statement::from_string(DbBackend::MySql, lock)).await?;
    let mine: Option<i64> = row.map(|row| row.try_get("", "mine")).transpose()?.flatten();
    if mine == Some(1) {
        Ok(turn)
    } else {
        Err(DbErr::Custom("another process has been migrating for a day".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Server, address_of};

    #[test]
    fn address_names_the_module_in_its_database() {
        let path = |url: &str| address_of("forum", url).map(|url| url.path().to_owned());
        assert_eq!(path("mysql://u:p@db:3306/polity").unwrap(), "/polity_forum");
        assert_eq!(path("mysql://db/polity_forum?ssl-mode=required").unwrap(), "/polity_forum");
        assert_eq!(path("mysql://db/forum").unwrap(), "/forum");
        assert_eq!(path("mysql://db").unwrap(), "/polity_forum");
        assert_eq!(path("mysql://db/myforum").unwrap(), "/myforum_forum");
        for wrong in ["mysql://db/a`b", "mysql://db/a/b", "mysql://db/a%20b"] {
            assert!(path(wrong).is_err(), "{wrong}");
        }
        assert!(path(&format!("mysql://db/{}", "x".repeat(59))).is_err());
    }

    #[test]
    fn servers_say_who_they_are() {
        let debian = Server::parse("10.11.19-MariaDB-0+deb12u1");
        assert_eq!(debian, Server { mariadb: true, version: (10, 11, 19) });
        assert_eq!(Server::parse("8.0.36"), Server { mariadb: false, version: (8, 0, 36) });
        assert!(debian.is_new_enough() && !Server::parse("10.5.29-MariaDB").is_new_enough());
        assert!(Server::parse("8.4.0").is_new_enough() && !Server::parse("5.7.44-log").is_new_enough());
    }
}
