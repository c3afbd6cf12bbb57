//! Communities: found by host, by name, in a list; and written. These are the tables that tell communities apart, so
//! they alone are read without saying for which one.

use super::reads::AdminStore;
use crate::domain::{CommunityRow, Profile};
use kernel::{Fault, Page, Revision, TenantId, Time, UserId};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, QueryResult, Value};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Change, ChangeError, Changed, statement};
use uuid::Uuid;

const COMMUNITY: &str =
    "SELECT t.id, t.slug, t.name, t.region, t.state, t.profile, t.leaving_at, t.version FROM tenants t";

/// What of a profile is looked at and never looked for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    accent: Option<String>,
    member_limit: Option<i64>,
    requests_per_minute: Option<i64>,
}

impl AdminStore {
    /// The community that host leads to.
    pub(crate) async fn community_of_host(&self, host: &str) -> Result<Option<CommunityRow>, Fault> {
        let sql = format!("{COMMUNITY} JOIN domains d ON d.tenant_id = t.id WHERE d.domain = $1");
        self.community(&sql, host.into()).await
    }

    /// The community of that short name.
    pub(crate) async fn community_of_slug(&self, slug: &str) -> Result<Option<CommunityRow>, Fault> {
        self.community(&format!("{COMMUNITY} WHERE t.slug = $1"), slug.into()).await
    }

    /// The community of that id.
    pub(crate) async fn community_of_id(&self, id: TenantId) -> Result<Option<CommunityRow>, Fault> {
        self.community(&format!("{COMMUNITY} WHERE t.id = $1"), id.0.into()).await
    }

    /// Communities in the order of their short names, after this one.
    pub(crate) async fn communities(&self, after: Option<&str>, size: u64) -> Result<Page<CommunityRow>, Fault> {
        let sql = format!("{COMMUNITY} WHERE t.slug > $1 ORDER BY t.slug LIMIT $2");
        let count = i64::try_from(size + 1).unwrap_or(i64::MAX);
        let query = statement(self.base().backend(), sql, [after.unwrap_or_default().into(), count.into()]);
        let found = self.base().read(self.base().primary().query_all_raw(query)).await?;
        let mut rows = Vec::with_capacity(found.len());
        for row in &found {
            rows.push(self.with_domains(community(row).map_err(Fault::internal)?).await?);
        }
        Ok(Page::cut(rows, size, |row| row.slug.clone()))
    }

    /// Whether somebody runs the installation.
    pub(crate) async fn is_operator(&self, tenant: TenantId, user: UserId) -> Result<bool, Fault> {
        let sql = "SELECT user_id FROM operators WHERE tenant_id = $1 AND user_id = $2";
        Ok(self.one(sql, [tenant.0.into(), user.0.into()], |_| Ok(())).await?.is_some())
    }

    async fn community(&self, sql: &str, value: Value) -> Result<Option<CommunityRow>, Fault> {
        match self.one(sql, [value], community).await? {
            Some(row) => self.with_domains(row).await.map(Some),
            None => Ok(None),
        }
    }

    async fn with_domains(&self, mut row: CommunityRow) -> Result<CommunityRow, Fault> {
        let sql = "SELECT domain FROM domains WHERE tenant_id = $1 ORDER BY place";
        let query = statement(self.base().backend(), sql, [row.id.0.into()]);
        let found = self.base().read(self.base().primary().query_all_raw(query)).await?;
        let domains = found.iter().map(|row| row.try_get("", "domain")).collect::<Result<_, _>>();
        row.profile.domains = domains.map_err(Fault::internal)?;
        Ok(row)
    }
}

fn community(row: &QueryResult) -> Result<CommunityRow, DbErr> {
    let kept: Option<String> = row.try_get("", "profile")?;
    let kept: Kept = match kept {
        Some(text) => serde_json::from_str(&text).map_err(|error| DbErr::Json(error.to_string()))?,
        None => Kept::default(),
    };
    let Kept { accent, member_limit, requests_per_minute } = kept;
    let (name, region) = (row.try_get("", "name")?, row.try_get("", "region")?);
    Ok(CommunityRow {
        id: TenantId(row.try_get("", "id")?),
        slug: row.try_get::<Option<String>>("", "slug")?.unwrap_or_default(),
        profile: Profile { name, region, domains: Vec::new(), accent, member_limit, requests_per_minute },
        state: row.try_get("", "state")?,
        leaving_at: row.try_get("", "leaving_at")?,
        version: row.try_get("", "version")?,
    })
}

/// A community in its new state.
#[derive(Debug, Clone)]
pub(crate) struct WrittenCommunity {
    pub(crate) community: CommunityRow,
    /// An id for each of its domains.
    pub(crate) domain_ids: Vec<Uuid>,
}

#[async_trait::async_trait]
impl Change for WrittenCommunity {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let CommunityRow { id, slug, profile, state, leaving_at, version } = &self.community;
        let backend = tx.get_database_backend();
        let sql = if *version == 1 {
            "INSERT INTO tenants (slug, name, region, state, profile, leaving_at, version, id, roster_version) \
             VALUES ($1, $2, $3, $4, $5, $6, $7 + 1, $8, 1)"
        } else {
            "UPDATE tenants SET slug = $1, name = $2, region = $3, state = $4, profile = $5, leaving_at = $6, \
             version = version + 1 WHERE version = $7 AND id = $8"
        };
        let Profile { name, region, domains, accent, member_limit, requests_per_minute } = profile.clone();
        let kept = Kept { accent, member_limit, requests_per_minute };
        let kept = serde_json::to_string(&kept).map_err(|error| DbErr::Json(error.to_string()))?;
        let values: [Value; 8] = [
            slug.as_str().into(),
            name.into(),
            region.into(),
            state.as_str().into(),
            kept.into(),
            (*leaving_at).into(),
            (version - 1).into(),
            id.0.into(),
        ];
        if tx.execute_raw(statement(backend, sql, values)).await?.rows_affected() != 1 {
            return Err(ChangeError::Stale);
        }
        let gone = statement(backend, "DELETE FROM domains WHERE tenant_id = $1", [id.0.into()]);
        tx.execute_raw(gone).await?;
        for ((place, domain), domain_id) in (0_i32..).zip(&domains).zip(&self.domain_ids) {
            let sql = "INSERT INTO domains (id, tenant_id, domain, place) VALUES ($1, $2, $3, $4)";
            let values: [Value; 4] = [(*domain_id).into(), id.0.into(), domain.as_str().into(), place.into()];
            tx.execute_raw(statement(backend, sql, values)).await?;
        }
        let state = json!({ "slug": slug, "profile": profile, "state": state, "leaving_at": leaving_at });
        Ok(vec![Revision { kind: "community", id: id.0, version: *version, state: Some(state) }])
    }
}

/// Somebody runs the installation from now on.
#[derive(Debug, Clone)]
pub(crate) struct NewOperator {
    pub(crate) tenant: TenantId,
    pub(crate) user: UserId,
    pub(crate) granted_by: String,
    pub(crate) granted_at: Time,
}

#[async_trait::async_trait]
impl Change for NewOperator {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let backend = tx.get_database_backend();
        let sql = "INSERT INTO operators (tenant_id, user_id, granted_by, granted_at) VALUES ($1, $2, $3, $4)";
        let sql = store::insert_ignoring_duplicates(backend, sql, "user_id");
        let values: [Value; 4] =
            [self.tenant.0.into(), self.user.0.into(), self.granted_by.as_str().into(), self.granted_at.into()];
        tx.execute_raw(statement(backend, sql, values)).await?;
        let state = json!({ "tenant_id": self.tenant, "user_id": self.user, "granted_by": self.granted_by });
        Ok(vec![Revision { kind: "operator", id: self.user.0, version: 1, state: Some(state) }])
    }
}
