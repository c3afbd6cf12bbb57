//! Service accounts: accounts like any other, but that nobody logs in to. They have no password, and what stands in place of
//! an address is none, so that no way in that begins with an address leads there.

use super::{AddUser, AuthStore, Spends, User, run};
use ::store::{Change, ChangeError, Changed, statement};
use kernel::{Fault, Revision, TenantId, Time, UserId};
use sea_orm::{DatabaseTransaction, FromQueryResult};
use serde_json::json;
use uuid::Uuid;

/// One of them.
#[derive(Debug, Clone, FromQueryResult)]
pub(crate) struct ServiceAccountRow {
    pub(crate) id: Uuid,
    pub(crate) handle: String,
    pub(crate) display_name: String,
    pub(crate) created_at: Time,
    /// How many of its keys were not revoked.
    pub(crate) live_keys: i64,
}

impl ServiceAccountRow {
    pub(crate) fn user_id(&self) -> UserId {
        UserId(self.id)
    }
}

const SELECT: &str = "SELECT u.id, u.handle, u.display_name, s.created_at, \
                      (SELECT COUNT(*) FROM api_keys k WHERE k.user_id = u.id AND k.revoked_at IS NULL) AS live_keys \
                      FROM service_accounts s JOIN users u ON u.id = s.user_id WHERE s.tenant_id = $1";

impl AuthStore {
    pub(crate) async fn service_account(
        &self,
        tenant: TenantId,
        id: UserId,
    ) -> Result<Option<ServiceAccountRow>, Fault> {
        self.one(&format!("{SELECT} AND s.user_id = $2"), [tenant.0.into(), id.0.into()]).await
    }

    /// All of them, by handle.
    pub(crate) async fn service_accounts(&self, tenant: TenantId) -> Result<Vec<ServiceAccountRow>, Fault> {
        let sql = format!("{SELECT} ORDER BY u.handle LIMIT 1000");
        let query = statement(self.inner().backend(), sql, [tenant.0.into()]);
        self.inner().read(ServiceAccountRow::find_by_statement(query).all(self.inner().primary())).await
    }
}

/// A new one.
pub(crate) struct AddServiceAccount {
    pub(crate) user: User,
    pub(crate) made_by: String,
}

#[async_trait::async_trait]
impl Change for AddServiceAccount {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let Self { user, made_by } = self;
        let mut changed = AddUser { user: user.clone(), spends: Spends::Nothing, member_limit: None }.apply(tx).await?;
        let sql = "INSERT INTO service_accounts (user_id, tenant_id, made_by, created_at) VALUES ($1, $2, $3, $4)";
        let values = [user.id.into(), user.tenant_id.into(), made_by.as_str().into(), user.created_at.into()];
        run(tx, sql, values).await?;
        let state = json!({ "user_id": user.id, "made_by": made_by });
        changed.push(Revision { kind: "service_account", id: user.id, version: 1, state: Some(state) });
        Ok(changed)
    }
}
