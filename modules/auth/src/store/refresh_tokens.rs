//! Log-ins of API clients: families of refresh tokens, each token taking the place of the one before. A family's
//! version in history is its newest generation; its revocation is one more.

use super::{AuthStore, Ground, run};
use crate::domain::{Amr, RefreshState};
use ::store::{Change, ChangeError, Changed, statement};
use kernel::{Fault, Revision, SessionId, TenantId, Time, UserId};
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult};
use serde_json::json;
use uuid::Uuid;

/// A refresh token together with its user's names.
#[derive(Debug, Clone, FromQueryResult)]
pub(crate) struct RefreshTokenRow {
    pub(crate) id: Uuid,
    pub(crate) family_id: Uuid,
    pub(crate) generation: i64,
    pub(crate) user_id: Uuid,
    pub(crate) authenticated_at: Time,
    pub(crate) expires_at: Time,
    pub(crate) used_at: Option<Time>,
    pub(crate) revoked_at: Option<Time>,
    pub(crate) amr: Option<String>,
    pub(crate) handle: String,
    pub(crate) display_name: String,
}

impl RefreshTokenRow {
    pub(crate) fn state(&self) -> RefreshState {
        RefreshState { expires_at: self.expires_at, used_at: self.used_at, revoked_at: self.revoked_at }
    }
}

impl AuthStore {
    pub(crate) async fn refresh_token(&self, tenant: TenantId, hash: &str) -> Result<Option<RefreshTokenRow>, Fault> {
        let sql = "SELECT t.id, t.family_id, t.generation, t.user_id, t.authenticated_at, t.expires_at, t.used_at, \
                   t.revoked_at, t.amr, u.handle, u.display_name FROM refresh_tokens t JOIN users u ON u.id = t.user_id \
                   WHERE t.token_hash = $1 AND t.tenant_id = $2";
        self.one(sql, [hash.into(), tenant.0.into()]).await
    }
}

/// A new refresh token: the first of its family, or one that takes another's place.
pub(crate) struct IssueRefreshToken {
    pub(crate) id: Uuid,
    pub(crate) tenant: TenantId,
    pub(crate) family: SessionId,
    pub(crate) generation: i64,
    pub(crate) user: UserId,
    pub(crate) token_hash: String,
    pub(crate) authenticated_at: Time,
    pub(crate) issued_at: Time,
    pub(crate) expires_at: Time,
    pub(crate) amr: Amr,
    pub(crate) ground: Ground,
}

#[async_trait::async_trait]
impl Change for IssueRefreshToken {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        self.ground.take(tx, self.user, self.issued_at).await?;
        // What has expired is refused with or without its row; without this the table would only ever grow.
        let sweep = "DELETE FROM refresh_tokens WHERE user_id = $1 AND expires_at < $2";
        run(tx, sweep, [self.user.0.into(), self.issued_at.into()]).await?;
        let sql = "INSERT INTO refresh_tokens (id, tenant_id, family_id, generation, user_id, token_hash, \
                   authenticated_at, issued_at, expires_at, amr) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let values = [
            self.id.into(),
            self.tenant.0.into(),
            self.family.0.into(),
            self.generation.into(),
            self.user.0.into(),
            self.token_hash.as_str().into(),
            self.authenticated_at.into(),
            self.issued_at.into(),
            self.expires_at.into(),
            self.amr.text().into(),
        ];
        run(tx, sql, values).await?;
        Ok(vec![revision(self.family, self.user, self.generation, None)])
    }
}

/// The end of a family: none of its tokens is good for anything any more. Stale when it has ended already.
pub(crate) struct RevokeFamily {
    pub(crate) family: SessionId,
    pub(crate) user: UserId,
    pub(crate) at: Time,
}

#[async_trait::async_trait]
impl Change for RevokeFamily {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        // The first update waits for whoever is rotating the family right now; the next one sees the token they added.
        let sql = "UPDATE refresh_tokens SET revoked_at = $1 WHERE family_id = $2 AND revoked_at IS NULL";
        let mut revoked = 0;
        loop {
            match run(tx, sql, [self.at.into(), self.family.0.into()]).await? {
                0 => break,
                some => revoked += some,
            }
        }
        if revoked == 0 {
            return Err(ChangeError::Stale);
        }
        let newest = "SELECT MAX(generation) AS newest FROM refresh_tokens WHERE family_id = $1";
        let newest = statement(tx.get_database_backend(), newest, [self.family.0.into()]);
        let row = tx.query_one_raw(newest).await?.ok_or(ChangeError::Stale)?;
        let newest: i64 = row.try_get("", "newest")?;
        Ok(vec![revision(self.family, self.user, newest + 1, Some(self.at))])
    }
}

fn revision(family: SessionId, user: UserId, version: i64, revoked_at: Option<Time>) -> Revision {
    let state = json!({ "user_id": user, "revoked_at": revoked_at });
    Revision { kind: "token_family", id: family.0, version, state: Some(state) }
}
