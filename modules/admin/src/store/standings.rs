//! Roles and groups of communities, and who holds them.

use super::reads::AdminStore;
use crate::domain::{Held, Holder, Standing, StandingKind, StandingName};
use kernel::{CustomRole, Fault, Revision, TenantId, Time, UserId};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, QueryResult, Value};
use serde_json::json;
use std::collections::BTreeMap;
use store::{Change, ChangeError, Changed, statement};
use uuid::Uuid;

/// A role or a group in its new state.
#[derive(Debug, Clone)]
pub(crate) struct WrittenStanding {
    pub(crate) tenant: TenantId,
    pub(crate) standing: Standing,
    pub(crate) by: String,
    pub(crate) at: Time,
}

#[async_trait::async_trait]
impl Change for WrittenStanding {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let standing = &self.standing;
        let sql = if standing.version == 1 {
            "INSERT INTO standings (about, operations, changed_by, changed_at, version, id, tenant_id, kind, name) \
             VALUES ($1, $2, $3, $4, $5 + 1, $6, $7, $8, $9)"
        } else {
            "UPDATE standings SET about = $1, operations = $2, changed_by = $3, changed_at = $4, \
             version = version + 1 WHERE version = $5 AND id = $6 AND tenant_id = $7 AND kind = $8 AND name = $9"
        };
        let values: [Value; 9] = [
            standing.about.as_str().into(),
            serde_json::to_string(&standing.operations).map_err(Fault::internal)?.into(),
            self.by.as_str().into(),
            self.at.into(),
            (standing.version - 1).into(),
            standing.id.into(),
            self.tenant.0.into(),
            standing.kind.name().into(),
            standing.name.as_str().into(),
        ];
        one_row(tx, sql, values).await?;
        let state = json!({
            "tenant_id": self.tenant,
            "kind": standing.kind,
            "name": standing.name,
            "about": standing.about,
            "operations": standing.operations,
        });
        Ok(vec![Revision { kind: "standing", id: standing.id, version: standing.version, state: Some(state) }])
    }
}

/// Somebody holds something, for another time or for good.
#[derive(Debug, Clone)]
pub(crate) struct GivenStanding {
    pub(crate) tenant: TenantId,
    pub(crate) held: Held,
    /// The role or group that it was decided on; none for a built-in role. It must still be as it was.
    pub(crate) decided_on: Option<(Uuid, i64)>,
    pub(crate) by: String,
    pub(crate) at: Time,
}

#[async_trait::async_trait]
impl Change for GivenStanding {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        if let Some((id, version)) = self.decided_on {
            // Whoever gives has what the role gives; a role that grew in between is decided on again.
            let hold = "UPDATE standings SET version = version WHERE id = $1 AND version = $2";
            one_row(tx, hold, [id.into(), version.into()]).await?;
        }
        let held = &self.held;
        let sql = if held.version == 1 {
            "INSERT INTO belongings (ends_at, given_by, given_at, version, id, tenant_id, kind, name, holder) \
             VALUES ($1, $2, $3, $4 + 1, $5, $6, $7, $8, $9)"
        } else {
            "UPDATE belongings SET ends_at = $1, given_by = $2, given_at = $3, version = version + 1 \
             WHERE version = $4 AND id = $5 AND tenant_id = $6 AND kind = $7 AND name = $8 AND holder = $9"
        };
        let values: [Value; 9] = [
            held.ends_at.into(),
            self.by.as_str().into(),
            self.at.into(),
            (held.version - 1).into(),
            held.id.into(),
            self.tenant.0.into(),
            held.kind.name().into(),
            held.name.as_str().into(),
            held.holder.as_str().into(),
        ];
        one_row(tx, sql, values).await?;
        let state = json!({
            "tenant_id": self.tenant,
            "kind": held.kind,
            "name": held.name,
            "holder": held.holder,
            "ends_at": held.ends_at,
            "given_by": self.by,
        });
        Ok(vec![Revision { kind: "belonging", id: held.id, version: held.version, state: Some(state) }])
    }
}

/// These are not held any more.
#[derive(Debug, Clone)]
pub(crate) struct TakenStandings(pub(crate) Vec<Held>);

#[async_trait::async_trait]
impl Change for TakenStandings {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let mut changed = Vec::new();
        for held in &self.0 {
            let sql = "DELETE FROM belongings WHERE id = $1 AND version = $2";
            one_row(tx, sql, [held.id.into(), held.version.into()]).await?;
            changed.push(Revision { kind: "belonging", id: held.id, version: held.version + 1, state: None });
        }
        Ok(changed)
    }
}

/// One row was written, or somebody else was quicker.
pub(super) async fn one_row(
    tx: &DatabaseTransaction,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<(), ChangeError> {
    let written = tx.execute_raw(statement(tx.get_database_backend(), sql, values)).await?;
    if written.rows_affected() == 1 { Ok(()) } else { Err(ChangeError::Stale) }
}

const STANDING: &str = "SELECT id, kind, name, about, operations, version FROM standings WHERE tenant_id = $1";
const HELD: &str = "SELECT id, kind, name, holder, ends_at, version FROM belongings";

impl AdminStore {
    /// The community's roles and groups, by kind and name.
    pub(crate) async fn standings(&self, tenant: TenantId) -> Result<Vec<Standing>, Fault> {
        let sql = format!("{STANDING} ORDER BY kind DESC, name");
        self.all(&sql, [tenant.0.into()], standing).await
    }

    /// One of them.
    pub(crate) async fn standing(
        &self,
        tenant: TenantId,
        kind: StandingKind,
        name: &str,
    ) -> Result<Option<Standing>, Fault> {
        let sql = format!("{STANDING} AND kind = $2 AND name = $3");
        self.one(&sql, [tenant.0.into(), kind.name().into(), name.into()], standing).await
    }

    /// Who holds that role, or is in that group.
    pub(crate) async fn holders(
        &self,
        tenant: TenantId,
        kind: StandingKind,
        name: &str,
        most: u64,
    ) -> Result<Vec<Held>, Fault> {
        let sql = format!("{HELD} WHERE tenant_id = $1 AND kind = $2 AND name = $3 ORDER BY holder LIMIT $4");
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.all(&sql, [tenant.0.into(), kind.name().into(), name.into(), most.into()], held).await
    }

    /// Everything given to `holder` by itself, ended or not.
    pub(crate) async fn held_by(&self, tenant: TenantId, holder: &Holder) -> Result<Vec<Held>, Fault> {
        let sql = format!("{HELD} WHERE tenant_id = $1 AND holder = $2");
        self.all(&sql, [tenant.0.into(), holder.to_string().into()], held).await
    }

    /// That one holds that, ended or not.
    pub(crate) async fn holding(
        &self,
        tenant: TenantId,
        kind: StandingKind,
        name: &StandingName,
        holder: &Holder,
    ) -> Result<Option<Held>, Fault> {
        let sql = format!("{HELD} WHERE tenant_id = $1 AND kind = $2 AND name = $3 AND holder = $4");
        let values = [tenant.0.into(), kind.name().into(), name.as_str().into(), holder.to_string().into()];
        self.one(&sql, values, held).await
    }

    /// Everything that holds of `user` at the instant `now`: their groups, their roles, and those of their groups.
    pub(crate) async fn belongings(&self, tenant: TenantId, user: UserId, now: Time) -> Result<Vec<Held>, Fault> {
        let own = format!("{HELD} WHERE tenant_id = $1 AND holder = $2 AND (ends_at IS NULL OR ends_at > $3)");
        let holder = Holder::User(user).to_string();
        let mut all = self.all(&own, [tenant.0.into(), holder.into(), now.into()], held).await?;
        let groups: Vec<String> =
            all.iter().filter(|held| held.kind == StandingKind::Group).map(|held| held.name.clone()).collect();
        if groups.is_empty() {
            return Ok(all);
        }
        let places: Vec<String> = (0..groups.len()).map(|n| format!("${}", n + 3)).collect();
        let sql = format!(
            "{HELD} WHERE tenant_id = $1 AND (ends_at IS NULL OR ends_at > $2) AND holder IN ({})",
            places.join(", ")
        );
        let mut values: Vec<Value> = vec![tenant.0.into(), now.into()];
        values.extend(groups.into_iter().map(|name| format!("group:{name}").into()));
        all.extend(self.all(&sql, values, held).await?);
        Ok(all)
    }

    /// The communities in which something has ended by `now`.
    pub(crate) async fn tenants_with_ended(&self, now: Time) -> Result<Vec<TenantId>, Fault> {
        let sql = "SELECT DISTINCT tenant_id FROM belongings WHERE ends_at <= $1 ORDER BY tenant_id";
        self.all(sql, [now.into()], |row| row.try_get("", "tenant_id").map(TenantId)).await
    }

    /// Some of what the community gave and has ended by `now`.
    pub(crate) async fn ended(&self, tenant: TenantId, now: Time, most: u64) -> Result<Vec<Held>, Fault> {
        let sql = format!("{HELD} WHERE ends_at <= $1 AND tenant_id = $2 ORDER BY ends_at LIMIT $3");
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.all(&sql, [now.into(), tenant.0.into(), most.into()], held).await
    }

    /// Every community's own roles, as the policy engine takes them.
    pub(crate) async fn custom_roles(&self) -> Result<BTreeMap<TenantId, Vec<CustomRole>>, Fault> {
        let sql = "SELECT tenant_id, name, operations FROM standings WHERE kind = 'role' ORDER BY tenant_id, name";
        let rows = self
            .all(sql, [], |row| {
                let operations: String = row.try_get("", "operations")?;
                let operations = list(&operations)?;
                Ok((TenantId(row.try_get("", "tenant_id")?), CustomRole { name: row.try_get("", "name")?, operations }))
            })
            .await?;
        let mut roles: BTreeMap<TenantId, Vec<CustomRole>> = BTreeMap::new();
        for (tenant, role) in rows {
            roles.entry(tenant).or_default().push(role);
        }
        Ok(roles)
    }

    pub(super) async fn all<T>(
        &self,
        sql: &str,
        values: impl IntoIterator<Item = Value>,
        parse: impl Fn(&QueryResult) -> Result<T, DbErr>,
    ) -> Result<Vec<T>, Fault> {
        let query = statement(self.base().backend(), sql, values);
        let rows = self.base().read(self.base().primary().query_all_raw(query)).await?;
        rows.iter().map(parse).collect::<Result<_, _>>().map_err(Fault::internal)
    }
}

fn list(text: &str) -> Result<Vec<String>, DbErr> {
    serde_json::from_str(text).map_err(|error| DbErr::Json(error.to_string()))
}

fn kind(row: &QueryResult) -> Result<StandingKind, DbErr> {
    let name: String = row.try_get("", "kind")?;
    StandingKind::parse(&name).map_err(|_| DbErr::Type(format!("nothing is of the kind `{name}`")))
}

fn standing(row: &QueryResult) -> Result<Standing, DbErr> {
    let (name, operations): (String, String) = (row.try_get("", "name")?, row.try_get("", "operations")?);
    Ok(Standing {
        id: row.try_get("", "id")?,
        kind: kind(row)?,
        name: StandingName::parse(&name).map_err(|_| DbErr::Type(format!("`{name}` is no name")))?,
        about: row.try_get("", "about")?,
        operations: list(&operations)?,
        version: row.try_get("", "version")?,
    })
}

fn held(row: &QueryResult) -> Result<Held, DbErr> {
    Ok(Held {
        id: row.try_get("", "id")?,
        kind: kind(row)?,
        name: row.try_get("", "name")?,
        holder: row.try_get("", "holder")?,
        ends_at: row.try_get("", "ends_at")?,
        version: row.try_get("", "version")?,
    })
}
