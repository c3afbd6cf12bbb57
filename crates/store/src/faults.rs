//! Database errors as faults: a constraint violation is a domain answer, mapped by the constraint's name.

use kernel::{Fault, Reason, reasons};
use sea_orm::{DbErr, RuntimeErr};
use sqlx::mysql::MySqlDatabaseError;

/// What a module's constraints mean when they are violated: index or check name to reason.
///
/// Unique indexes are named `ux_<table>_<column>[_<column>…]`. SQLite reports the columns instead of the name, and the
/// name is rebuilt from them, which is why the convention must hold.
pub type Constraints = &'static [(&'static str, &'static Reason)];

/// Why a change could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// Somebody else changed the aggregate since it was loaded.
    #[error("the aggregate was changed in between")]
    Stale,
    /// The change found out, while being written, that it must not be.
    #[error(transparent)]
    Refused(Fault),
    /// The database says no.
    #[error(transparent)]
    Database(DbErr),
}

impl From<DbErr> for ChangeError {
    fn from(error: DbErr) -> Self {
        Self::Database(error)
    }
}

impl From<Fault> for ChangeError {
    fn from(fault: Fault) -> Self {
        Self::Refused(fault)
    }
}

impl ChangeError {
    /// A deadlock's victim has lost against somebody quicker: nothing of it is left, and whoever decided decides again.
    pub(crate) fn or_stale(self) -> Self {
        match self {
            Self::Database(error) if is_deadlock(&error) => {
                tracing::debug!(%error, "a commit gives way to another one");
                Self::Stale
            }
            other => other,
        }
    }

    /// The fault callers see.
    pub(crate) fn into_fault(self, constraints: Constraints) -> Fault {
        match self {
            Self::Stale => reasons::STALE.fault(),
            Self::Refused(fault) => fault,
            Self::Database(error) => write_fault(error, constraints),
        }
    }
}

/// A failed read as a fault.
pub fn read_fault(error: DbErr) -> Fault {
    if is_unavailable(&error) { reasons::STORE_DOWN.fault().because(error) } else { Fault::internal(error) }
}

fn write_fault(error: DbErr, constraints: Constraints) -> Fault {
    let Some(name) = violated_constraint(&error) else {
        return read_fault(error);
    };
    match constraints.iter().find(|(known, _)| *known == name) {
        Some((_, reason)) => reason.fault().because(error),
        None => reasons::STORE_CONSTRAINT.fault().detail(format!("It would break the rule {name}.")).because(error),
    }
}

/// The name of the unique or check constraint this error is about.
pub(crate) fn violated_constraint(error: &DbErr) -> Option<String> {
    let database = driver_error(error).and_then(|e| e.as_database_error())?;
    if let Some(name) = database.constraint() {
        return Some(name.to_owned());
    }
    let message = database.message();
    if let Some(server) = database.try_downcast_ref::<MySqlDatabaseError>() {
        return mysql_constraint(server.number(), message);
    }
    if let Some(columns) = message.strip_prefix("UNIQUE constraint failed: ") {
        return Some(unique_index_name(columns));
    }
    message.strip_prefix("CHECK constraint failed: ").map(str::to_owned)
}

/// `users.tenant_id, users.email` → `ux_users_tenant_id_email`; `index 'ux_a_b'` → `ux_a_b`.
fn unique_index_name(columns: &str) -> String {
    if let Some(index) = columns.strip_prefix("index '") {
        return index.trim_end_matches('\'').to_owned();
    }
    let mut name = String::from("ux");
    for (nth, column) in columns.split(", ").enumerate() {
        let (table, column) = column.split_once('.').unwrap_or(("", column));
        if nth == 0 {
            name.push('_');
            name.push_str(table);
        }
        name.push('_');
        name.push_str(column);
    }
    name
}

/// MySQL and MariaDB name the constraint in the message alone; the number says in which words.
fn mysql_constraint(number: u16, message: &str) -> Option<String> {
    let between = |before: &str, end: char| message.rsplit_once(before)?.1.split(end).next();
    let name = match number {
        // `Duplicate entry 'x' for key 'ux_notes_text'`, and MySQL writes `notes.ux_notes_text`.
        1062 | 1586 => between(" for key '", '\'').map(|key| key.rsplit('.').next().unwrap_or(key)),
        // `… a foreign key constraint fails (`db`.`posts`, CONSTRAINT `fk_posts_thread_id` FOREIGN KEY …`
        1451 | 1452 => message.split_once("CONSTRAINT `").and_then(|(_, rest)| rest.split('`').next()),
        // MySQL: `Check constraint 'positive' is violated.`
        3819 => between("constraint '", '\''),
        // MariaDB: `CONSTRAINT `positive` failed for `db`.`table``
        4025 => message.split_once("CONSTRAINT `").and_then(|(_, rest)| rest.split('`').next()),
        _ => None,
    };
    name.map(str::to_owned)
}

/// Whether a migration made an index that is there already.
pub(crate) fn says_index_exists(error: &DbErr) -> bool {
    mysql_number(error) == Some(1061)
}

fn mysql_number(error: &DbErr) -> Option<u16> {
    let database = driver_error(error)?.as_database_error()?;
    Some(database.try_downcast_ref::<MySqlDatabaseError>()?.number())
}

/// Whether MySQL or MariaDB may be able to do the same later.
fn is_passing(number: u16) -> bool {
    match number {
        // Locks: waited for too long, a deadlock, and a row that changed under a snapshot.
        1205 | 1213 | 1020 => true,
        // Too many connections, for all or for this user; being shut down.
        1040 | 1203 | 1226 | 1053 | 1077 | 1079 => true,
        // The disk is full: as the server, a table and a storage engine say it.
        1021 | 1114 | 1030 => true,
        // Interrupted: by somebody, by the limit of MariaDB, by that of MySQL, with the connection killed.
        1317 | 1969 | 3024 | 1927 | 4031 => true,
        // The network; a node that has not joined its cluster; a server that is read-only, as in a fail-over.
        1158..=1161 | 1047 | 1290 | 1836 => true,
        _ => false,
    }
}

fn driver_error(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(e))
        | DbErr::Exec(RuntimeErr::SqlxError(e))
        | DbErr::Query(RuntimeErr::SqlxError(e)) => Some(e),
        _ => None,
    }
}

/// Whether the server undid the transaction so that another one could go on.
fn is_deadlock(error: &DbErr) -> bool {
    if let Some(number) = mysql_number(error) {
        return [1213, 1020].contains(&number);
    }
    let code = driver_error(error).and_then(|e| e.as_database_error()).and_then(|e| e.code());
    code.is_some_and(|code| ["40001", "40P01"].contains(&code.as_ref()))
}

/// Whether the same statement may succeed later: no connection, a full disk, a busy or restarting server.
pub(crate) fn is_unavailable(error: &DbErr) -> bool {
    if matches!(error, DbErr::ConnectionAcquire(_) | DbErr::Conn(_)) {
        return true;
    }
    match driver_error(error) {
        Some(
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Protocol(_),
        ) => true,
        Some(sqlx::Error::Database(database)) => {
            if let Some(server) = database.try_downcast_ref::<MySqlDatabaseError>() {
                return is_passing(server.number());
            }
            let code = database.code().unwrap_or_default();
            // PostgreSQL classes 08 connection, 53 resources, 57 operator intervention, 55P03 lock timeout, 40001/40P01
            // serialization and deadlock; SQLite primary codes 5 busy, 6 locked, 10 I/O error, 13 full.
            let postgres = ["08", "53", "57"].iter().any(|class| code.len() == 5 && code.starts_with(class))
                || ["55P03", "40001", "40P01"].contains(&code.as_ref());
            let sqlite = code.parse::<i32>().is_ok_and(|c| code.len() < 5 && [5, 6, 10, 13].contains(&(c & 0xff)));
            postgres || sqlite
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{mysql_constraint, unique_index_name};

    #[test]
    fn messages_of_both_servers_name_the_constraint() {
        let cases = [
            (1062, "Duplicate entry 'it's for key 'x'' for key 'ux_notes_text'", Some("ux_notes_text")),
            (1062, "Duplicate entry 'a-b' for key 'notes.ux_notes_text'", Some("ux_notes_text")),
            (3819, "Check constraint 'ck_positive' is violated.", Some("ck_positive")),
            (4025, "CONSTRAINT `ck_positive` failed for `db`.`notes`", Some("ck_positive")),
            (
                1452,
                "Cannot add or update a child row: a foreign key constraint fails (`db`.`posts`, CONSTRAINT \
                 `fk_posts_thread_id` FOREIGN KEY (`thread_id`) REFERENCES `threads` (`id`))",
                Some("fk_posts_thread_id"),
            ),
            (1406, "Data too long for column 'text' at row 1", None),
        ];
        for (number, message, name) in cases {
            assert_eq!(mysql_constraint(number, message).as_deref(), name, "{message}");
        }
    }

    #[test]
    fn sqlite_columns_become_the_index_name() {
        assert_eq!(unique_index_name("users.tenant_id, users.email"), "ux_users_tenant_id_email");
        assert_eq!(unique_index_name("index 'ux_users_lower'"), "ux_users_lower");
    }
}
