//! Versions of communities' own policies.

use super::reads::AdminStore;
use super::standings::one_row;
use crate::domain::{PolicyStatus, PolicyVersion};
use kernel::{Fault, Revision, TenantId};
use sea_orm::{DatabaseTransaction, DbErr, QueryResult, Value};
use serde_json::json;
use std::collections::BTreeMap;
use store::{Change, ChangeError, Changed};

/// A version in its new state.
#[derive(Debug, Clone)]
pub(crate) struct WrittenPolicies {
    pub(crate) tenant: TenantId,
    pub(crate) written: PolicyVersion,
    /// The version that it takes the place of, in its new state.
    pub(crate) before: Option<PolicyVersion>,
    /// The roster that an approval was decided on.
    pub(crate) roster_version: Option<i64>,
}

#[async_trait::async_trait]
impl Change for WrittenPolicies {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        if let Some(version) = self.roster_version {
            // How many administrators there are decides who may approve, and of two approvals one comes first.
            let sql = "UPDATE tenants SET roster_version = roster_version + 1 WHERE id = $1 AND roster_version = $2";
            one_row(tx, sql, [self.tenant.0.into(), version.into()]).await?;
        }
        let mut changed = Vec::new();
        for written in self.before.iter().chain([&self.written]) {
            write(tx, self.tenant, written).await?;
            let state = json!({
                "tenant_id": self.tenant,
                "number": written.number,
                "policies": written.policies,
                "cases": written.cases,
                "note": written.note,
                "author": written.author,
                "status": written.status,
                "decided_by": written.decided_by,
            });
            let (id, version) = (written.id, written.version);
            changed.push(Revision { kind: "policies", id, version, state: Some(state) });
        }
        Ok(changed)
    }
}

async fn write(tx: &DatabaseTransaction, tenant: TenantId, written: &PolicyVersion) -> Result<(), ChangeError> {
    if written.version > 1 {
        let sql = "UPDATE policy_versions SET status = $1, decided_by = $2, decided_at = $3, version = version + 1 \
                   WHERE id = $4 AND version = $5 AND tenant_id = $6";
        let values: [Value; 6] = [
            written.status.name().into(),
            written.decided_by.clone().into(),
            written.decided_at.into(),
            written.id.into(),
            (written.version - 1).into(),
            tenant.0.into(),
        ];
        return one_row(tx, sql, values).await;
    }
    let sql = "INSERT INTO policy_versions (id, tenant_id, number, policies, cases, note, author, proposed_at, status, \
               version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)";
    let values: [Value; 9] = [
        written.id.into(),
        tenant.0.into(),
        written.number.into(),
        written.policies.as_str().into(),
        written.cases.as_str().into(),
        written.note.as_str().into(),
        written.author.as_str().into(),
        written.proposed_at.into(),
        written.status.name().into(),
    ];
    one_row(tx, sql, values).await
}

const VERSION: &str = "SELECT tenant_id, id, number, policies, cases, note, author, proposed_at, status, decided_by, \
                       decided_at, version FROM policy_versions";

impl AdminStore {
    /// Some versions, the newest first, before the one of that number.
    pub(crate) async fn policy_versions(
        &self,
        tenant: TenantId,
        before: Option<i64>,
        most: u64,
    ) -> Result<Vec<PolicyVersion>, Fault> {
        let sql = format!("{VERSION} WHERE tenant_id = $1 AND number < $2 ORDER BY number DESC LIMIT $3");
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let values = [tenant.0.into(), before.unwrap_or(i64::MAX).into(), most.into()];
        self.all(&sql, values, |row| version(row).map(|(_, version)| version)).await
    }

    /// The version of that number.
    pub(crate) async fn policy_version(&self, tenant: TenantId, number: i64) -> Result<Option<PolicyVersion>, Fault> {
        let sql = format!("{VERSION} WHERE tenant_id = $1 AND number = $2");
        self.one(&sql, [tenant.0.into(), number.into()], |row| version(row).map(|(_, version)| version)).await
    }

    /// The version in force.
    pub(crate) async fn active_policies(&self, tenant: TenantId) -> Result<Option<PolicyVersion>, Fault> {
        let sql = format!("{VERSION} WHERE tenant_id = $1 AND status = 'active'");
        self.one(&sql, [tenant.0.into()], |row| version(row).map(|(_, version)| version)).await
    }

    /// Of every community the policies in force and, behind them, those that were, the latest first.
    pub(crate) async fn policies_in_force(&self) -> Result<BTreeMap<TenantId, Vec<String>>, Fault> {
        let sql = format!(
            "{VERSION} WHERE status IN ('{}', '{}') ORDER BY tenant_id, status, decided_at DESC",
            PolicyStatus::Active.name(),
            PolicyStatus::Superseded.name()
        );
        let mut all: BTreeMap<TenantId, Vec<String>> = BTreeMap::new();
        for (tenant, version) in self.all(&sql, [], version).await? {
            all.entry(tenant).or_default().push(version.policies);
        }
        Ok(all)
    }
}

fn version(row: &QueryResult) -> Result<(TenantId, PolicyVersion), DbErr> {
    let status: String = row.try_get("", "status")?;
    let status = PolicyStatus::parse(&status).ok_or_else(|| DbErr::Type(format!("no status is called `{status}`")))?;
    let version = PolicyVersion {
        id: row.try_get("", "id")?,
        number: row.try_get("", "number")?,
        policies: row.try_get("", "policies")?,
        cases: row.try_get("", "cases")?,
        note: row.try_get("", "note")?,
        author: row.try_get("", "author")?,
        proposed_at: row.try_get("", "proposed_at")?,
        status,
        decided_by: row.try_get("", "decided_by")?,
        decided_at: row.try_get("", "decided_at")?,
        version: row.try_get("", "version")?,
    };
    Ok((TenantId(row.try_get("", "tenant_id")?), version))
}
