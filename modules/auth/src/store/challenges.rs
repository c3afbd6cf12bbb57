//! Log-ins whose password was right and which wait for the second factor.

use super::{AuthStore, Proof, ShownCode, run};
use ::store::{Change, ChangeError, Changed};
use kernel::{Fault, Revision, TenantId, Time, UserId};
use sea_orm::{DatabaseTransaction, FromQueryResult};
use serde_json::json;
use uuid::Uuid;

/// A challenge, found by its token.
#[derive(Debug, Clone, FromQueryResult)]
pub(crate) struct Challenge {
    pub(crate) id: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) user_version: i64,
    pub(crate) expires_at: Time,
    pub(crate) spent_at: Option<Time>,
}

impl Challenge {
    /// Whether it may be answered at `now`, for an account of this version.
    pub(crate) fn is_open(&self, version: i64, now: Time) -> bool {
        self.spent_at.is_none() && now < self.expires_at && self.user_version == version
    }
}

impl AuthStore {
    pub(crate) async fn challenge(&self, tenant: TenantId, token_hash: &str) -> Result<Option<Challenge>, Fault> {
        let sql = "SELECT id, user_id, user_version, expires_at, spent_at FROM log_in_challenges \
                   WHERE token_hash = $1 AND tenant_id = $2";
        self.one(sql, [token_hash.into(), tenant.0.into()]).await
    }
}

/// A new challenge.
pub(crate) struct BeginChallenge {
    pub(crate) id: Uuid,
    pub(crate) tenant: TenantId,
    pub(crate) user: UserId,
    pub(crate) token_hash: String,
    pub(crate) proof: Proof,
    pub(crate) created_at: Time,
    pub(crate) expires_at: Time,
}

#[async_trait::async_trait]
impl Change for BeginChallenge {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        self.proof.still_holds(tx, self.user).await?;
        // Everybody's: they live for minutes, and nothing else comes by to clear them away.
        run(tx, "DELETE FROM log_in_challenges WHERE expires_at < $1", [self.created_at.into()]).await?;
        let sql = "INSERT INTO log_in_challenges (id, tenant_id, user_id, token_hash, user_version, created_at, \
                   expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let values = [
            self.id.into(),
            self.tenant.0.into(),
            self.user.0.into(),
            self.token_hash.as_str().into(),
            self.proof.version.into(),
            self.created_at.into(),
            self.expires_at.into(),
        ];
        run(tx, sql, values).await?;
        let state = json!({ "user_id": self.user });
        Ok(vec![Revision { kind: "log_in_challenge", id: self.id, version: 1, state: Some(state) }])
    }
}

/// What a log-in does once its challenge was answered: challenge and code are spent with it.
pub(crate) struct Answered<C> {
    pub(crate) challenge: Uuid,
    pub(crate) code: ShownCode,
    pub(crate) at: Time,
    pub(crate) then: C,
}

#[async_trait::async_trait]
impl<C: Change> Change for Answered<C> {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        // The account first, as whoever changes it does.
        let changed = self.then.apply(tx).await?;
        let spend = "UPDATE log_in_challenges SET spent_at = $1 WHERE id = $2 AND spent_at IS NULL";
        if run(tx, spend, [self.at.into(), self.challenge.into()]).await? == 0 {
            return Err(ChangeError::Stale);
        }
        self.code.spend(tx, self.at).await?;
        Ok(changed)
    }
}
