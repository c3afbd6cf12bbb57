//! What a log-in rests on: the account as it was when its password was shown.

use super::{account_states, run, wrong_guesses};
use ::store::{ChangeError, statement};
use kernel::{Time, UserId};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend};
use uuid::Uuid;

/// A password that was right.
#[derive(Debug, Clone)]
pub(crate) struct Proof {
    /// The account's version whose password it is.
    pub(crate) version: i64,
    /// The wrong guesses that do not count any more.
    pub(crate) forgets: Vec<String>,
}

impl Proof {
    /// Makes sure that the account has not changed since, until the transaction ends: whoever changes the password
    /// either sees the log-in made here, and ends it, or has made this stale.
    pub(super) async fn still_holds(&self, tx: &DatabaseTransaction, user: UserId) -> Result<(), ChangeError> {
        let backend = tx.get_database_backend();
        let lock = if backend == DbBackend::Sqlite { "" } else { " FOR UPDATE" };
        let sql = format!("SELECT version FROM users WHERE id = $1 AND version = $2{lock}");
        let found = tx.query_one_raw(statement(backend, sql, [user.0.into(), self.version.into()])).await?;
        if found.is_none() {
            return Err(ChangeError::Stale);
        }
        wrong_guesses::forget(tx, &self.forgets).await.map(drop)
    }
}

/// What a refresh token is given for.
#[derive(Debug, Clone)]
pub(crate) enum Ground {
    /// It is the first token of its family.
    Proof(Proof),
    /// It takes the place of this one.
    Token(Uuid),
}

impl Ground {
    /// Takes what the token is given for. Stale when that is gone.
    pub(super) async fn take(&self, tx: &DatabaseTransaction, user: UserId, at: Time) -> Result<(), ChangeError> {
        match self {
            Self::Proof(proof) => {
                proof.still_holds(tx, user).await?;
                account_states::come_back(tx, user).await
            }
            Self::Token(replaced) => {
                let sql = "UPDATE refresh_tokens SET used_at = $1 \
                           WHERE id = $2 AND used_at IS NULL AND revoked_at IS NULL";
                match run(tx, sql, [at.into(), (*replaced).into()]).await? {
                    0 => Err(ChangeError::Stale),
                    _ => Ok(()),
                }
            }
        }
    }
}
