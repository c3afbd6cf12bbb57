//! Database errors as faults: a constraint violation is a domain answer, mapped by the constraint's name.

use kernel::{Fault, Reason, reasons};
use sea_orm::{DbErr, RuntimeErr};

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

fn driver_error(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(e))
        | DbErr::Exec(RuntimeErr::SqlxError(e))
        | DbErr::Query(RuntimeErr::SqlxError(e)) => Some(e),
        _ => None,
    }
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
    use super::unique_index_name;

    #[test]
    fn sqlite_columns_become_the_index_name() {
        assert_eq!(unique_index_name("users.tenant_id, users.email"), "ux_users_tenant_id_email");
        assert_eq!(unique_index_name("index 'ux_users_lower'"), "ux_users_lower");
    }
}
