//! One-time links that make the first superuser. A link is made once and spent once: two versions in history.

use super::{AuthStore, run};
use ::store::{Change, ChangeError, Changed, statement};
use kernel::{Fault, Revision, TenantId, Time};
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult};
use serde_json::json;
use uuid::Uuid;

/// A link.
#[derive(Debug, Clone, Copy, FromQueryResult)]
pub(crate) struct SetupLink {
    pub(crate) id: Uuid,
    pub(crate) spent_at: Option<Time>,
}

impl AuthStore {
    pub(crate) async fn setup_link(&self, tenant: TenantId, token_hash: &str) -> Result<Option<SetupLink>, Fault> {
        let sql = "SELECT id, spent_at FROM setup_links WHERE token_hash = $1 AND tenant_id = $2";
        self.one(sql, [token_hash.into(), tenant.0.into()]).await
    }
}

/// A new link, in place of every unspent one.
pub(crate) struct ReplaceSetupLinks {
    pub(crate) id: Uuid,
    pub(crate) tenant: TenantId,
    pub(crate) token_hash: String,
    pub(crate) created_at: Time,
}

#[async_trait::async_trait]
impl Change for ReplaceSetupLinks {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let mut changed = spend_all(tx, self.tenant.0, self.created_at).await?;
        let sql = "INSERT INTO setup_links (id, tenant_id, token_hash, created_at) VALUES ($1, $2, $3, $4)";
        let values = [self.id.into(), self.tenant.0.into(), self.token_hash.as_str().into(), self.created_at.into()];
        run(tx, sql, values).await?;
        changed.push(Revision {
            kind: "setup_link",
            id: self.id,
            version: 1,
            state: Some(json!({ "spent_at": null })),
        });
        Ok(changed)
    }
}

/// Spends one link. Stale when somebody else did.
pub(super) async fn spend(tx: &DatabaseTransaction, id: Uuid, at: Time) -> Result<Revision, ChangeError> {
    let sql = "UPDATE setup_links SET spent_at = $1 WHERE id = $2 AND spent_at IS NULL";
    if run(tx, sql, [at.into(), id.into()]).await? == 0 {
        return Err(ChangeError::Stale);
    }
    Ok(Revision { kind: "setup_link", id, version: 2, state: Some(json!({ "spent_at": at })) })
}

/// Spends every link that is not spent yet.
pub(super) async fn spend_all(tx: &DatabaseTransaction, tenant: Uuid, at: Time) -> Result<Changed, ChangeError> {
    let open = "SELECT id FROM setup_links WHERE tenant_id = $1 AND spent_at IS NULL ORDER BY id";
    let rows = tx.query_all_raw(statement(tx.get_database_backend(), open, [tenant.into()])).await?;
    let mut changed = Vec::new();
    for row in rows {
        changed.push(spend(tx, row.try_get("", "id")?, at).await?);
    }
    Ok(changed)
}
