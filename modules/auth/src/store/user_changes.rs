//! What becomes of accounts. Each change names the version it was decided on.

use super::mail_links::{self, MailLink};
use super::{EndSession, Proof, RevokeFamily, User, run, wrong_guesses};
use crate::domain::Purpose;
use ::store::{Change, ChangeError, Changed, statement};
use kernel::{SessionId, Time, UserId};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use uuid::Uuid;

/// Another password. Whoever is logged in with the old one is logged out.
pub(crate) struct ChangePassword {
    /// The account as it was.
    pub(crate) user: User,
    pub(crate) password_hash: String,
    /// The link it was set by, which proves the account's address too.
    pub(crate) link: Option<MailLink>,
    /// The log-in that goes on.
    pub(crate) keep: Option<SessionId>,
    /// The wrong guesses that do not count any more.
    pub(crate) forgets: Vec<String>,
    pub(crate) at: Time,
}

#[async_trait::async_trait]
impl Change for ChangePassword {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        // Every link: whoever knew the old password may have had some mailed to themselves.
        let mut changed = mail_links::spend_all(tx, self.user.id, self.at).await?;
        if self.link.as_ref().is_some_and(|link| !changed.iter().any(|spent| spent.id == link.id)) {
            return Err(ChangeError::Stale);
        }
        let mut user = User { password_hash: self.password_hash.clone(), ..self.user.clone() };
        if self.link.is_some() {
            user.email_proven_at = Some(self.at);
        }
        changed.push(update(tx, user).await?);
        wrong_guesses::forget(tx, &self.forgets).await?;
        changed.extend(log_out_everywhere(tx, self.user.user_id(), self.keep, self.at).await?);
        Ok(changed)
    }
}

/// The proof that somebody reads the mail of an address, which is their account's from then on.
pub(crate) struct ProveEmail {
    /// The account as it was.
    pub(crate) user: User,
    pub(crate) link: MailLink,
    pub(crate) at: Time,
}

#[async_trait::async_trait]
impl Change for ProveEmail {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let mut changed = mail_links::spend(tx, &self.link, Purpose::ProveEmail, self.at).await?;
        let user = User { email: self.link.email.clone(), email_proven_at: Some(self.at), ..self.user.clone() };
        changed.push(update(tx, user).await?);
        Ok(changed)
    }
}

/// Nothing but the password that was shown, which must still be the account's.
pub(crate) struct HoldProof {
    pub(crate) user: UserId,
    pub(crate) proof: Proof,
}

#[async_trait::async_trait]
impl Change for HoldProof {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        self.proof.still_holds(tx, self.user).await?;
        Ok(Vec::new())
    }
}

/// The end of every log-in but one.
pub(crate) struct EndOthers {
    pub(crate) user: UserId,
    pub(crate) keep: Option<SessionId>,
    pub(crate) at: Time,
}

#[async_trait::async_trait]
impl Change for EndOthers {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        log_out_everywhere(tx, self.user, self.keep, self.at).await
    }
}

/// The account under its next version, itself unchanged: what else there is to it has changed.
pub(super) async fn touch(tx: &DatabaseTransaction, user: &User) -> Result<kernel::Revision, ChangeError> {
    update(tx, user.clone()).await
}

/// Writes the account under its next version.
pub(super) async fn update(tx: &DatabaseTransaction, user: User) -> Result<kernel::Revision, ChangeError> {
    let decided_on = user.version;
    let user = User { version: decided_on + 1, ..user };
    let sql = "UPDATE users SET email = $1, handle = $2, display_name = $3, password_hash = $4, email_proven_at = $5, \
               version = $6 WHERE id = $7 AND version = $8";
    let values = [
        user.email.as_str().into(),
        user.handle.as_str().into(),
        user.display_name.as_str().into(),
        user.password_hash.as_str().into(),
        user.email_proven_at.into(),
        user.version.into(),
        user.id.into(),
        decided_on.into(),
    ];
    match run(tx, sql, values).await? {
        0 => Err(ChangeError::Stale),
        _ => Ok(user.revision()),
    }
}

/// Ends every log-in of the user but one.
pub(super) async fn log_out_everywhere(
    tx: &DatabaseTransaction,
    user: UserId,
    keep: Option<SessionId>,
    at: Time,
) -> Result<Changed, ChangeError> {
    let mut changed = Vec::new();
    let sessions = "SELECT id FROM sessions WHERE user_id = $1 AND ended_at IS NULL ORDER BY id";
    for id in log_ins(tx, sessions, user, keep).await? {
        changed.extend(unless_ended(EndSession { id, user, at }.apply(tx).await)?);
    }
    let families = "SELECT DISTINCT family_id AS id FROM refresh_tokens WHERE user_id = $1 AND revoked_at IS NULL";
    for family in log_ins(tx, families, user, keep).await? {
        changed.extend(unless_ended(RevokeFamily { family, user, at }.apply(tx).await)?);
    }
    Ok(changed)
}

async fn log_ins(
    tx: &DatabaseTransaction,
    sql: &str,
    user: UserId,
    keep: Option<SessionId>,
) -> Result<Vec<SessionId>, ChangeError> {
    let rows = tx.query_all_raw(statement(tx.get_database_backend(), sql, [user.0.into()])).await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.try_get("", "id")).collect::<Result<_, _>>()?;
    Ok(ids.into_iter().map(SessionId).filter(|id| Some(*id) != keep).collect())
}

/// One that has ended meanwhile is where it is wanted.
fn unless_ended(ended: Result<Changed, ChangeError>) -> Result<Changed, ChangeError> {
    match ended {
        Err(ChangeError::Stale) => Ok(Vec::new()),
        ended => ended,
    }
}
