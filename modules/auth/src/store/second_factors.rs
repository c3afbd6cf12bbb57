//! Second factors: authenticator apps, whose secrets lie sealed, and recovery codes, of which hashes do.

use super::{AuthStore, Proof, User, run, user_changes};
use ::store::{Change, ChangeError, Changed, Place, statement};
use kernel::{Fault, Revision, SessionId, TenantId, Time, UserId};
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult};
use serde_json::json;
use uuid::Uuid;

/// An authenticator app.
#[derive(Clone, FromQueryResult)]
pub(crate) struct TotpFactor {
    pub(crate) id: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) tenant_id: Uuid,
    pub(crate) sealed: String,
    pub(crate) last_step: Option<i64>,
    pub(crate) created_at: Time,
    pub(crate) confirmed_at: Option<Time>,
}

impl TotpFactor {
    /// Where its secret opens: in its own row, for as long as its owner is not erased.
    pub(crate) fn place(&self) -> Place {
        Place::new("auth.totp", TenantId(self.tenant_id), self.id).of_subject(self.user_id)
    }

    fn revision(&self, version: i64, removed_at: Option<Time>) -> Revision {
        let state = json!({ "user_id": self.user_id, "confirmed_at": self.confirmed_at, "removed_at": removed_at });
        Revision { kind: "totp_factor", id: self.id, version, state: Some(state) }
    }
}

#[derive(FromQueryResult)]
struct Found {
    id: Uuid,
}

#[derive(FromQueryResult)]
struct Left {
    n: i64,
}

impl AuthStore {
    /// The user's authenticator app, confirmed or not.
    pub(crate) async fn totp(&self, user: UserId) -> Result<Option<TotpFactor>, Fault> {
        let sql = "SELECT id, user_id, tenant_id, sealed, last_step, created_at, confirmed_at FROM totp_factors \
                   WHERE user_id = $1";
        self.one(sql, [user.0.into()]).await
    }

    /// The unused recovery code of that hash.
    pub(crate) async fn recovery_code(&self, user: UserId, hash: &str) -> Result<Option<Uuid>, Fault> {
        let sql = "SELECT id FROM recovery_codes WHERE user_id = $1 AND code_hash = $2 AND used_at IS NULL";
        Ok(self.one::<Found>(sql, [user.0.into(), hash.into()]).await?.map(|found| found.id))
    }

    /// How many recovery codes the user has left.
    pub(crate) async fn recovery_codes_left(&self, user: UserId) -> Result<u32, Fault> {
        let sql = "SELECT COUNT(*) AS n FROM recovery_codes WHERE user_id = $1 AND used_at IS NULL";
        let left = self.one::<Left>(sql, [user.0.into()]).await?;
        Ok(left.and_then(|left| u32::try_from(left.n).ok()).unwrap_or(0))
    }
}

/// A code that was right, and is spent with what it is shown for.
#[derive(Debug, Clone)]
pub(crate) struct ShownCode {
    pub(crate) of: CodeOf,
    /// What wrong codes are counted under.
    pub(crate) target: String,
    /// How many wrong ones there were when this one was looked at.
    pub(crate) wrong_before: i64,
}

/// What showed the code.
#[derive(Debug, Clone)]
pub(crate) enum CodeOf {
    /// The app with that id, for this time step.
    Totp(Uuid, i64),
    /// The recovery codes: the one with that id.
    Recovery(Uuid),
}

impl ShownCode {
    /// Spends it. Stale when it was spent already, or a later one of the same app was; and when wrong ones were counted
    /// meanwhile: of many guesses made at once, those that were looked at first count for the others. The account's row
    /// is locked by whoever calls.
    pub(super) async fn spend(&self, tx: &DatabaseTransaction, at: Time) -> Result<(), ChangeError> {
        let sql = "SELECT guesses FROM wrong_guesses WHERE target = $1 AND guesses > $2";
        let values = [self.target.as_str().into(), self.wrong_before.into()];
        if tx.query_one_raw(statement(tx.get_database_backend(), sql, values)).await?.is_some() {
            return Err(ChangeError::Stale);
        }
        let spent = match &self.of {
            CodeOf::Totp(id, step) => {
                let sql =
                    "UPDATE totp_factors SET last_step = $1 WHERE id = $2 AND (last_step IS NULL OR last_step < $1)";
                run(tx, sql, [(*step).into(), (*id).into()]).await?
            }
            CodeOf::Recovery(id) => {
                let sql = "UPDATE recovery_codes SET used_at = $1 WHERE id = $2 AND used_at IS NULL";
                run(tx, sql, [at.into(), (*id).into()]).await?
            }
        };
        if spent == 0 { Err(ChangeError::Stale) } else { Ok(()) }
    }
}

/// An app that is to be set up. It takes the place of one that was begun and never confirmed.
pub(crate) struct BeginTotp {
    pub(crate) factor: TotpFactor,
    pub(crate) proof: Proof,
}

#[async_trait::async_trait]
impl Change for BeginTotp {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let factor = &self.factor;
        self.proof.still_holds(tx, UserId(factor.user_id)).await?;
        let clear = "DELETE FROM totp_factors WHERE user_id = $1 AND confirmed_at IS NULL";
        run(tx, clear, [factor.user_id.into()]).await?;
        let sql = "INSERT INTO totp_factors (id, tenant_id, user_id, sealed, created_at) VALUES ($1, $2, $3, $4, $5)";
        let values = [
            factor.id.into(),
            factor.tenant_id.into(),
            factor.user_id.into(),
            factor.sealed.as_str().into(),
            factor.created_at.into(),
        ];
        run(tx, sql, values).await?;
        Ok(vec![factor.revision(1, None)])
    }
}

/// The app shows the right codes: from now on it is asked for. The log-in it was set up in has shown it.
pub(crate) struct ConfirmTotp {
    pub(crate) user: User,
    pub(crate) factor: TotpFactor,
    pub(crate) step: i64,
    pub(crate) code_hashes: Vec<(Uuid, String)>,
    pub(crate) session: Option<SessionId>,
    pub(crate) amr: String,
    pub(crate) forgets: Vec<String>,
    pub(crate) at: Time,
}

#[async_trait::async_trait]
impl Change for ConfirmTotp {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        // The account's version changes: a log-in that is being made without the app is decided on again.
        let mut changed = vec![user_changes::touch(tx, &self.user).await?];
        let sql = "UPDATE totp_factors SET confirmed_at = $1, last_step = $2 WHERE id = $3 AND confirmed_at IS NULL";
        if run(tx, sql, [self.at.into(), self.step.into(), self.factor.id.into()]).await? == 0 {
            return Err(ChangeError::Stale);
        }
        replace_codes(tx, &self.user, &self.code_hashes, self.at).await?;
        super::wrong_guesses::forget(tx, &self.forgets).await?;
        if let Some(session) = self.session {
            raise(tx, session, &self.amr, self.at).await?;
        }
        changed.push(TotpFactor { confirmed_at: Some(self.at), ..self.factor.clone() }.revision(2, None));
        Ok(changed)
    }
}

/// The end of the second factor, and of the recovery codes that went with it.
pub(crate) struct RemoveTotp {
    pub(crate) user: User,
    pub(crate) factor: TotpFactor,
    /// The code it was shown with; none where an operator removes it.
    pub(crate) code: Option<ShownCode>,
    pub(crate) forgets: Vec<String>,
    pub(crate) at: Time,
}

#[async_trait::async_trait]
impl Change for RemoveTotp {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let mut changed = vec![user_changes::touch(tx, &self.user).await?];
        if let Some(code) = &self.code {
            code.spend(tx, self.at).await?;
        }
        run(tx, "DELETE FROM recovery_codes WHERE user_id = $1", [self.user.id.into()]).await?;
        if run(tx, "DELETE FROM totp_factors WHERE id = $1", [self.factor.id.into()]).await? == 0 {
            return Err(ChangeError::Stale);
        }
        super::wrong_guesses::forget(tx, &self.forgets).await?;
        changed.push(self.factor.revision(3, Some(self.at)));
        Ok(changed)
    }
}

/// New recovery codes instead of those so far.
pub(crate) struct RenewRecoveryCodes {
    pub(crate) user: User,
    pub(crate) code: ShownCode,
    pub(crate) code_hashes: Vec<(Uuid, String)>,
    pub(crate) forgets: Vec<String>,
    pub(crate) at: Time,
}

#[async_trait::async_trait]
impl Change for RenewRecoveryCodes {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let changed = vec![user_changes::touch(tx, &self.user).await?];
        self.code.spend(tx, self.at).await?;
        replace_codes(tx, &self.user, &self.code_hashes, self.at).await?;
        super::wrong_guesses::forget(tx, &self.forgets).await?;
        Ok(changed)
    }
}

async fn replace_codes(
    tx: &DatabaseTransaction,
    user: &User,
    code_hashes: &[(Uuid, String)],
    at: Time,
) -> Result<(), ChangeError> {
    run(tx, "DELETE FROM recovery_codes WHERE user_id = $1", [user.id.into()]).await?;
    let sql = "INSERT INTO recovery_codes (id, tenant_id, user_id, code_hash, created_at) VALUES ($1, $2, $3, $4, $5)";
    for (id, hash) in code_hashes {
        let values = [(*id).into(), user.tenant_id.into(), user.id.into(), hash.as_str().into(), at.into()];
        tx.execute_raw(statement(tx.get_database_backend(), sql, values)).await?;
    }
    Ok(())
}

/// Notes in a log-in of either kind what was shown in it, and when.
async fn raise(tx: &DatabaseTransaction, log_in: SessionId, amr: &str, at: Time) -> Result<(), ChangeError> {
    let browser = "UPDATE sessions SET amr = $1, authenticated_at = $2 WHERE id = $3 AND ended_at IS NULL";
    let api = "UPDATE refresh_tokens SET amr = $1, authenticated_at = $2 WHERE family_id = $3 AND revoked_at IS NULL";
    for sql in [browser, api] {
        run(tx, sql, [amr.into(), at.into(), log_in.0.into()]).await?;
    }
    Ok(())
}
