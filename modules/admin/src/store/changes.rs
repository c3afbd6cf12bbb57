//! What admin writes. Every change says which version it was decided on.

use super::NewOperator;
use crate::domain::HeldRole;
use kernel::{Revision, TenantId, Time, UserId};
use sea_orm::{ConnectionTrait, DatabaseTransaction, Value};
use serde_json::json;
use store::{Change, ChangeError, Changed, statement};
use uuid::Uuid;

/// Somebody holds another role.
#[derive(Debug, Clone)]
pub(crate) struct ChangeRole {
    /// The community.
    pub(crate) tenant: TenantId,
    /// The roster the decision was made on.
    pub(crate) roster_version: i64,
    /// The grant's id, new or old.
    pub(crate) id: Uuid,
    /// Who holds it.
    pub(crate) user: UserId,
    /// What is held from now on.
    pub(crate) role: HeldRole,
    /// Whoever gave it.
    pub(crate) granted_by: String,
    /// When.
    pub(crate) granted_at: Time,
    /// The grant's version from now on; 1 for a new one.
    pub(crate) version: i64,
}

#[async_trait::async_trait]
impl Change for ChangeRole {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        self.move_roster_on(tx).await?;
        self.write_grant(tx).await?;
        let state = json!({
            "tenant_id": self.tenant,
            "user_id": self.user,
            "role": self.role.name(),
            "granted_by": self.granted_by,
            "granted_at": self.granted_at,
        });
        Ok(vec![Revision { kind: "role_grant", id: self.id, version: self.version, state: Some(state) }])
    }
}

/// Whoever founds the first community runs the installation from the same moment.
#[derive(Debug, Clone)]
pub(crate) struct Founded {
    pub(crate) role: ChangeRole,
    pub(crate) operator: NewOperator,
}

#[async_trait::async_trait]
impl Change for Founded {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let mut changed = self.role.apply(tx).await?;
        changed.extend(self.operator.apply(tx).await?);
        Ok(changed)
    }
}

impl ChangeRole {
    /// Two administrators who demote each other write different grants. This one row is what only one of them can move.
    async fn move_roster_on(&self, tx: &DatabaseTransaction) -> Result<(), ChangeError> {
        let sql = "UPDATE tenants SET roster_version = roster_version + 1 WHERE id = $1 AND roster_version = $2";
        let values: [Value; 2] = [self.tenant.0.into(), self.roster_version.into()];
        let moved = tx.execute_raw(statement(tx.get_database_backend(), sql, values)).await?;
        if moved.rows_affected() == 1 { Ok(()) } else { Err(ChangeError::Stale) }
    }

    async fn write_grant(&self, tx: &DatabaseTransaction) -> Result<(), ChangeError> {
        let backend = tx.get_database_backend();
        if self.version == 1 {
            let sql = "INSERT INTO role_grants (id, tenant_id, user_id, role, granted_by, granted_at, version) \
                       VALUES ($1, $2, $3, $4, $5, $6, 1)";
            let values: [Value; 6] = [
                self.id.into(),
                self.tenant.0.into(),
                self.user.0.into(),
                self.role.name().into(),
                self.granted_by.as_str().into(),
                self.granted_at.into(),
            ];
            tx.execute_raw(statement(backend, sql, values)).await?;
            return Ok(());
        }
        let sql = "UPDATE role_grants SET role = $1, granted_by = $2, granted_at = $3, version = version + 1 \
                   WHERE id = $4 AND version = $5";
        let values: [Value; 5] = [
            self.role.name().into(),
            self.granted_by.as_str().into(),
            self.granted_at.into(),
            self.id.into(),
            (self.version - 1).into(),
        ];
        let written = tx.execute_raw(statement(backend, sql, values)).await?;
        if written.rows_affected() == 1 { Ok(()) } else { Err(ChangeError::Stale) }
    }
}

/// Somebody registered, or goes by another name.
#[derive(Debug, Clone)]
pub(crate) struct RecordedPerson {
    /// The community.
    pub(crate) tenant: TenantId,
    /// Who.
    pub(crate) user: UserId,
    /// The unique name.
    pub(crate) handle: String,
    /// The name shown.
    pub(crate) display_name: String,
    /// When they registered.
    pub(crate) registered_at: Time,
    /// The record's version from now on; 1 for a new one.
    pub(crate) version: i64,
}

#[async_trait::async_trait]
impl Change for RecordedPerson {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let search_text = format!("{} {}", self.handle, self.display_name).to_lowercase();
        let sql = if self.version == 1 {
            "INSERT INTO people (handle, display_name, search_text, registered_at, version, user_id, tenant_id) \
             VALUES ($1, $2, $3, $4, $5 + 1, $6, $7)"
        } else {
            "UPDATE people SET handle = $1, display_name = $2, search_text = $3, registered_at = $4, \
             version = version + 1 WHERE version = $5 AND user_id = $6 AND tenant_id = $7"
        };
        let values: [Value; 7] = [
            self.handle.as_str().into(),
            self.display_name.as_str().into(),
            search_text.into(),
            self.registered_at.into(),
            (self.version - 1).into(),
            self.user.0.into(),
            self.tenant.0.into(),
        ];
        let written = tx.execute_raw(statement(tx.get_database_backend(), sql, values)).await?;
        if written.rows_affected() != 1 {
            return Err(ChangeError::Stale);
        }
        let state = json!({
            "tenant_id": self.tenant,
            "user_id": self.user,
            "handle": self.handle,
            "display_name": self.display_name,
            "registered_at": self.registered_at,
        });
        Ok(vec![Revision { kind: "person", id: self.user.0, version: self.version, state: Some(state) }])
    }
}
