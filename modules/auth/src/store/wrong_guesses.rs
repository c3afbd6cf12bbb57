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

    /// At most so many targets at which nobody has guessed for long.
    pub(super) async fn stale_guesses(&self, now: Time, at_most: u64) -> Result<Vec<String>, Fault> {
        let sql = "SELECT target FROM wrong_guesses WHERE last_at < $1 ORDER BY last_at LIMIT $2";
        let at_most = i64::try_from(at_most).unwrap_or(i64::MAX);
        let query = statement(self.inner().backend(), sql, [(now - FORGOTTEN_AFTER).into(), at_most.into()]);
        let rows = self.inner().read(self.inner().primary().query_all_raw(query)).await?;
        rows.iter().map(|row| row.try_get("", "target")).collect::<Result<_, _>>().map_err(Fault::internal)
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
        let insert = "INSERT INTO wrong_guesses (target, guesses, last_at) VALUES ($1, 1, $2)";
        let again = |row: &str, new: &str| {
            format!("guesses = CASE WHEN {row}last_at < $3 THEN 1 ELSE {row}guesses + 1 END, last_at = {new}")
        };
        let sql = match tx.get_database_backend() {
            DbBackend::MySql => format!("{insert} ON DUPLICATE KEY UPDATE {}", again("", "VALUES(last_at)")),
            _ => format!("{insert} ON CONFLICT (target) DO UPDATE SET {}", again("wrong_guesses.", "excluded.last_at")),
        };
        // Always in one order, so that two at a time do not wait for each other.
        let mut targets: Vec<&str> = self.targets.iter().map(String::as_str).collect();
        targets.sort_unstable();
        for target in targets {
            run(tx, &sql, [target.into(), self.at.into(), forgotten.into()]).await?;
        }
        Ok(Vec::new())
    }
}

/// Forgets wrong guesses at these targets; how many there were.
pub(super) async fn forget(tx: &DatabaseTransaction, targets: &[String]) -> Result<usize, ChangeError> {
    if targets.is_empty() {
        return Ok(0);
    }
    let sql = format!("DELETE FROM wrong_guesses WHERE target IN {}", placeholders(1, targets.len()));
    let gone = run(tx, &sql, targets.iter().map(|target| Value::from(target.as_str()))).await?;
    Ok(usize::try_from(gone).unwrap_or(targets.len()))
}
