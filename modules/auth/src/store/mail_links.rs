//! Links that travel by mail. Several may be good at once, because mail is slow and people are not; when one is used, all
//! of its purpose are spent.

use super::{AuthStore, run};
use crate::domain::{LinkState, Purpose};
use ::store::{Change, ChangeError, Changed, statement};
use kernel::{Fault, Revision, TenantId, Time, UserId};
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult, Statement};
use serde_json::json;
use uuid::Uuid;

/// A link, found by its token.
#[derive(Debug, Clone, FromQueryResult)]
pub(crate) struct MailLink {
    pub(crate) id: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) email: String,
    pub(crate) expires_at: Time,
    pub(crate) spent_at: Option<Time>,
}

impl MailLink {
    pub(crate) fn state(&self) -> LinkState {
        LinkState { expires_at: self.expires_at, spent_at: self.spent_at }
    }
}

impl AuthStore {
    pub(crate) async fn mail_link(
        &self,
        tenant: TenantId,
        purpose: Purpose,
        token_hash: &str,
    ) -> Result<Option<MailLink>, Fault> {
        let sql = "SELECT id, user_id, email, expires_at, spent_at FROM mail_links \
                   WHERE token_hash = $1 AND tenant_id = $2 AND purpose = $3";
        self.one(sql, [token_hash.into(), tenant.0.into(), purpose.name().into()]).await
    }
}

/// A new link.
pub(crate) struct AddMailLink {
    pub(crate) id: Uuid,
    pub(crate) tenant: TenantId,
    pub(crate) user: UserId,
    pub(crate) purpose: Purpose,
    pub(crate) token_hash: String,
    pub(crate) email: String,
    pub(crate) created_at: Time,
}

#[async_trait::async_trait]
impl Change for AddMailLink {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let sql = "INSERT INTO mail_links (id, tenant_id, user_id, purpose, token_hash, email, created_at, expires_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let values = [
            self.id.into(),
            self.tenant.0.into(),
            self.user.0.into(),
            self.purpose.name().into(),
            self.token_hash.as_str().into(),
            self.email.as_str().into(),
            self.created_at.into(),
            (self.created_at + self.purpose.lifetime()).into(),
        ];
        run(tx, sql, values).await?;
        Ok(vec![revision(self.id, 1, self.user.0, None)])
    }
}

/// Spends the link, and with it every other one of its purpose that the user has. Stale when it was spent already.
pub(super) async fn spend(
    tx: &DatabaseTransaction,
    link: &MailLink,
    purpose: Purpose,
    at: Time,
) -> Result<Changed, ChangeError> {
    let open = "SELECT id FROM mail_links WHERE user_id = $1 AND purpose = $2 AND spent_at IS NULL ORDER BY id";
    let open = statement(tx.get_database_backend(), open, [link.user_id.into(), purpose.name().into()]);
    let changed = spend_found(tx, open, link.user_id, at).await?;
    if changed.iter().any(|revision| revision.id == link.id) { Ok(changed) } else { Err(ChangeError::Stale) }
}

/// Spends every link that the user has, whatever its purpose.
pub(super) async fn spend_all(tx: &DatabaseTransaction, user: Uuid, at: Time) -> Result<Changed, ChangeError> {
    let open = "SELECT id FROM mail_links WHERE user_id = $1 AND spent_at IS NULL ORDER BY id";
    spend_found(tx, statement(tx.get_database_backend(), open, [user.into()]), user, at).await
}

async fn spend_found(tx: &DatabaseTransaction, open: Statement, user: Uuid, at: Time) -> Result<Changed, ChangeError> {
    let mut changed = Vec::new();
    for row in tx.query_all_raw(open).await? {
        let id: Uuid = row.try_get("", "id")?;
        let sql = "UPDATE mail_links SET spent_at = $1 WHERE id = $2 AND spent_at IS NULL";
        if run(tx, sql, [at.into(), id.into()]).await? > 0 {
            changed.push(revision(id, 2, user, Some(at)));
        }
    }
    Ok(changed)
}

fn revision(id: Uuid, version: i64, user: Uuid, spent_at: Option<Time>) -> Revision {
    Revision { kind: "mail_link", id, version, state: Some(json!({ "user_id": user, "spent_at": spent_at })) }
}
