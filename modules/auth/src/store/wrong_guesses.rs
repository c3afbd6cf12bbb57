//! Wrong guesses at passwords, by the hash of what they were aimed at. They are no aggregate: history would keep for
//! years who mistyped.

use super::{AuthStore, run};
use crate::domain::{FORGOTTEN_AFTER, WrongGuesses};
use ::store::{Change, ChangeError, Changed, placeholders, statement};
use kernel::{Fault, Time};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, FromQueryResult, Value};
use std::collections::HashMap;

#[derive(FromQueryResult)]
struct Row {
    target: String,
    guesses: i64,
    last_at: Time,
}

impl AuthStore {
    /// The wrong guesses at each of these targets so far.
    pub(crate) async fn wrong_guesses(&self, targets: &[String]) -> Result<HashMap<String, WrongGuesses>, Fault> {
        let values = targets.iter().map(|target| Value::from(target.as_str()));
        let marks = placeholders(1, targets.len());
        let sql = format!("SELECT target, guesses, last_at FROM wrong_guesses WHERE target IN {marks}");
        let query = Row::find_by_statement(statement(self.inner().backend(), sql, values));
        let rows = self.inner().read(query.all(self.inner().primary())).await?;
        let found = |row: Row| (row.target, WrongGuesses { guesses: row.guesses, last_at: row.last_at });
        Ok(rows.into_iter().map(found).collect())
    }
}

/// One more wrong guess at each of these targets.
pub(crate) struct CountWrongGuess {
    pub(crate) targets: Vec<String>,
    pub(crate) at: Time,
}

#[async_trait::async_trait]
impl Change for CountWrongGuess {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let forgotten = self.at - FORGOTTEN_AFTER;
        run(tx, "DELETE FROM wrong_guesses WHERE last_at < $1", [forgotten.into()]).await?;
        let insert = "INSERT INTO wrong_guesses (target, guesses, last_at) VALUES ($1, 1, $2)";
        let sql = match tx.get_database_backend() {
            DbBackend::MySql => {
                format!("{insert} ON DUPLICATE KEY UPDATE guesses = guesses + 1, last_at = VALUES(last_at)")
            }
            _ => format!(
                "{insert} ON CONFLICT (target) DO UPDATE SET guesses = wrong_guesses.guesses + 1, \
                 last_at = excluded.last_at"
            ),
        };
        // Always in one order, so that two at a time do not wait for each other.
        let mut targets: Vec<&str> = self.targets.iter().map(String::as_str).collect();
        targets.sort_unstable();
        for target in targets {
            run(tx, &sql, [target.into(), self.at.into()]).await?;
        }
        Ok(Vec::new())
    }
}

/// Forgets wrong guesses at these targets: somebody has guessed right.
pub(super) async fn forget(tx: &DatabaseTransaction, targets: &[String]) -> Result<(), ChangeError> {
    if targets.is_empty() {
        return Ok(());
    }
    let sql = format!("DELETE FROM wrong_guesses WHERE target IN {}", placeholders(1, targets.len()));
    run(tx, &sql, targets.iter().map(|target| Value::from(target.as_str()))).await.map(drop)
}
