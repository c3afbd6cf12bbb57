//! Feature flags: what decisions load, what they write, what pages read, and everything at once for the book.

use super::reads::{AdminStore, contains};
use crate::domain::{Definition, Difference, Entry, Flag, FlagId, FlagKey, NoVerdict, Snapshot, differences};
use kernel::{Fault, Page, Revision, TenantId, Time, UserId};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, QueryResult, Value};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use store::{Change, ChangeError, Changed, placeholders, statement};
use uuid::Uuid;

/// A flag in its new state.
#[derive(Debug, Clone)]
pub(crate) struct WrittenFlag {
    /// The community.
    pub(crate) tenant: TenantId,
    /// The flag from now on.
    pub(crate) flag: Flag,
    /// Whoever changed it.
    pub(crate) by: String,
    /// When.
    pub(crate) at: Time,
}

#[async_trait::async_trait]
impl Change for WrittenFlag {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let flag = &self.flag;
        let sql = if flag.version == 1 {
            "INSERT INTO flags (enabled, archived, definition, search_text, changed_by, changed_at, version, id, \
             tenant_id, flag_key) VALUES ($1, $2, $3, $4, $5, $6, $7 + 1, $8, $9, $10)"
        } else {
            "UPDATE flags SET enabled = $1, archived = $2, definition = $3, search_text = $4, changed_by = $5, \
             changed_at = $6, version = version + 1 WHERE version = $7 AND id = $8 AND tenant_id = $9 AND flag_key = $10"
        };
        let search_text = format!("{} {}", flag.key.as_str(), flag.definition.description).to_lowercase();
        let values: [Value; 10] = [
            flag.enabled.into(),
            flag.archived.into(),
            flag.definition.source().to_string().into(),
            search_text.into(),
            self.by.as_str().into(),
            self.at.into(),
            (flag.version - 1).into(),
            flag.id.0.into(),
            self.tenant.0.into(),
            flag.key.as_str().into(),
        ];
        let written = tx.execute_raw(statement(tx.get_database_backend(), sql, values)).await?;
        if written.rows_affected() != 1 {
            return Err(ChangeError::Stale);
        }
        let state = json!({
            "tenant_id": self.tenant,
            "key": flag.key,
            "enabled": flag.enabled,
            "archived": flag.archived,
            "definition": flag.definition.source(),
        });
        Ok(vec![Revision { kind: "flag", id: flag.id.0, version: flag.version, state: Some(state) }])
    }
}

/// A flag as people see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct FlagView {
    pub(crate) id: FlagId,
    pub(crate) key: String,
    pub(crate) enabled: bool,
    pub(crate) archived: bool,
    /// As it was written.
    pub(crate) definition: Json,
    pub(crate) version: i64,
    pub(crate) changed_by: String,
    /// The name of whoever changed it; nothing for services and people admin has not heard of.
    pub(crate) changed_by_name: Option<String>,
    pub(crate) changed_at: Time,
}

impl FlagView {
    /// The type of its values.
    pub(crate) fn kind(&self) -> &str {
        self.definition["kind"].as_str().unwrap_or_default()
    }

    /// What it is for.
    pub(crate) fn description(&self) -> &str {
        self.definition["description"].as_str().unwrap_or_default()
    }

    /// Whether guests may ask for it.
    pub(crate) fn public(&self) -> bool {
        self.definition["public"].as_bool().unwrap_or_default()
    }
}

/// One version of a flag.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct FlagVersion {
    pub(crate) version: i64,
    /// What made it.
    pub(crate) operation: String,
    pub(crate) by: String,
    pub(crate) by_name: Option<String>,
    pub(crate) at: Time,
    /// Switch and definition as they were from then on.
    pub(crate) state: Json,
    /// What is different from the version before; nothing for the first one.
    pub(crate) changes: Vec<Difference>,
}

/// Which flags are listed.
#[derive(Debug, Clone, Default)]
pub(crate) struct FlagFilter {
    /// Part of a key or a description.
    pub(crate) words: Option<String>,
    /// Whether those put away are listed, and only those.
    pub(crate) archived: bool,
    /// The key of the last one seen.
    pub(crate) after: Option<FlagKey>,
    /// How many at most.
    pub(crate) size: u64,
}

const FLAG: &str = "SELECT id, flag_key, enabled, archived, definition, version, changed_by, changed_at FROM flags";

impl AdminStore {
    /// The flag of that key, for a decision.
    pub(crate) async fn flag(&self, tenant: TenantId, key: &str) -> Result<Option<Flag>, Fault> {
        let Some(view) = self.bare_flag(tenant, key).await? else { return Ok(None) };
        Ok(Some(Flag {
            id: view.id,
            key: FlagKey::parse(&view.key).map_err(Fault::internal)?,
            enabled: view.enabled,
            archived: view.archived,
            definition: Definition::parse(view.definition).map_err(Fault::internal)?,
            version: view.version,
        }))
    }

    /// The flag of that key, for people.
    pub(crate) async fn flag_view(&self, tenant: TenantId, key: &str) -> Result<Option<FlagView>, Fault> {
        let Some(mut view) = self.bare_flag(tenant, key).await? else { return Ok(None) };
        view.changed_by_name = self.names(tenant, [view.changed_by.as_str()]).await?.remove(&view.changed_by);
        Ok(Some(view))
    }

    /// Flags by key. May lag behind the last commit when a replica is configured.
    pub(crate) async fn flags(&self, tenant: TenantId, filter: FlagFilter) -> Result<Page<FlagView>, Fault> {
        let mut sql = format!("{FLAG} WHERE tenant_id = $1 AND archived = $2");
        let mut values: Vec<Value> = vec![tenant.0.into(), filter.archived.into()];
        if let Some(words) = filter.words {
            values.push(contains(&words).into());
            sql.push_str(&format!(" AND search_text LIKE ${} ESCAPE '!'", values.len()));
        }
        if let Some(after) = filter.after {
            values.push(after.as_str().into());
            sql.push_str(&format!(" AND flag_key > ${}", values.len()));
        }
        values.push(i64::try_from(filter.size + 1).unwrap_or(i64::MAX).into());
        sql.push_str(&format!(" ORDER BY flag_key LIMIT ${}", values.len()));
        let query = statement(self.base().backend(), sql, values);
        let rows = self.base().read(self.base().replica().query_all_raw(query)).await?;
        let views = rows.iter().map(flag_view).collect::<Result<Vec<_>, _>>().map_err(Fault::internal)?;
        let mut page = Page::cut(views, filter.size, |flag| flag.key.clone());
        let names = self.names(tenant, page.items.iter().map(|flag| flag.changed_by.as_str())).await?;
        for flag in &mut page.items {
            flag.changed_by_name = names.get(&flag.changed_by).cloned();
        }
        Ok(page)
    }

    /// Every version of a flag with what it changed, the first one first.
    pub(crate) async fn flag_versions(&self, tenant: TenantId, id: FlagId) -> Result<Vec<FlagVersion>, Fault> {
        let versions = self.base().versions("flag", id.0).await?;
        let names = self.names(tenant, versions.iter().map(|version| version.actor.as_str())).await?;
        let mut before = None;
        let version = |version: store::Version| {
            let state = version.state.map(shown_state).unwrap_or_default();
            let changes = before.replace(state.clone()).map(|before| differences(&before, &state));
            FlagVersion {
                version: version.version,
                operation: version.operation,
                by_name: names.get(&version.actor).cloned(),
                by: version.actor,
                at: version.valid_from,
                state,
                changes: changes.unwrap_or_default(),
            }
        };
        Ok(versions.into_iter().map(version).collect())
    }

    /// Every flag of every community that is in use, ready to be evaluated.
    pub(crate) async fn every_flag(&self) -> Result<HashMap<TenantId, Arc<Snapshot>>, Fault> {
        let sql = "SELECT tenant_id, id, flag_key, enabled, archived, definition, version, changed_by, changed_at \
                   FROM flags WHERE archived = $1";
        let query = statement(self.base().backend(), sql, [false.into()]);
        let rows = self.base().read(self.base().primary().query_all_raw(query)).await?;
        let mut flags: HashMap<TenantId, Vec<(String, Entry)>> = HashMap::new();
        for row in &rows {
            let (tenant, entry) = entry(row).map_err(Fault::internal)?;
            flags.entry(tenant).or_default().push(entry);
        }
        Ok(flags.into_iter().map(|(tenant, flags)| (tenant, Arc::new(flags.into_iter().collect()))).collect())
    }

    async fn bare_flag(&self, tenant: TenantId, key: &str) -> Result<Option<FlagView>, Fault> {
        if FlagKey::parse(key).is_err() {
            return Ok(None);
        }
        let sql = format!("{FLAG} WHERE tenant_id = $1 AND flag_key = $2");
        self.one(&sql, [tenant.0.into(), key.into()], flag_view).await
    }

    /// What the people among these principals are called.
    async fn names<'a>(
        &self,
        tenant: TenantId,
        principals: impl IntoIterator<Item = &'a str>,
    ) -> Result<HashMap<String, String>, Fault> {
        let person = |principal: &str| principal.strip_prefix("user:")?.parse::<UserId>().ok();
        let people: BTreeSet<UserId> = principals.into_iter().filter_map(person).collect();
        if people.is_empty() {
            return Ok(HashMap::new());
        }
        let places = placeholders(1, people.len());
        let sql = format!("SELECT user_id, display_name FROM people WHERE user_id IN {places} AND tenant_id = ");
        let sql = format!("{sql}${}", people.len() + 1);
        let values = people.iter().map(|user| Value::from(user.0)).chain([tenant.0.into()]);
        let query = statement(self.base().backend(), sql, values);
        let rows = self.base().read(self.base().replica().query_all_raw(query)).await?;
        let name = |row: &QueryResult| -> Result<(String, String), DbErr> {
            let user: Uuid = row.try_get("", "user_id")?;
            Ok((format!("user:{user}"), row.try_get("", "display_name")?))
        };
        rows.iter().map(name).collect::<Result<_, _>>().map_err(Fault::internal)
    }
}

/// What people look at of a version's state: ids and the key are the same in all of them.
fn shown_state(state: Json) -> Json {
    let part = |name: &str| state.get(name).cloned().unwrap_or_default();
    json!({ "enabled": part("enabled"), "archived": part("archived"), "definition": part("definition") })
}

fn flag_view(row: &QueryResult) -> Result<FlagView, DbErr> {
    let definition: String = row.try_get("", "definition")?;
    Ok(FlagView {
        id: FlagId(row.try_get("", "id")?),
        key: row.try_get("", "flag_key")?,
        enabled: row.try_get("", "enabled")?,
        archived: row.try_get("", "archived")?,
        definition: serde_json::from_str(&definition).map_err(|error| DbErr::Json(error.to_string()))?,
        version: row.try_get("", "version")?,
        changed_by: row.try_get("", "changed_by")?,
        changed_by_name: None,
        changed_at: row.try_get("", "changed_at")?,
    })
}

/// One flag for the book. One that this program cannot read keeps its place, and says so to whoever asks for it.
fn entry(row: &QueryResult) -> Result<(TenantId, (String, Entry)), DbErr> {
    let (name, text): (String, String) = (row.try_get("", "flag_key")?, row.try_get("", "definition")?);
    let read = || -> Result<(FlagKey, Definition), Fault> {
        let written = serde_json::from_str(&text).map_err(|error| Fault::invalid("definition", error.to_string()))?;
        Ok((FlagKey::parse(&name)?, Definition::parse(written)?))
    };
    let entry = match read() {
        Ok((key, definition)) => Ok(Flag {
            id: FlagId(row.try_get("", "id")?),
            key,
            enabled: row.try_get("", "enabled")?,
            archived: row.try_get("", "archived")?,
            definition,
            version: row.try_get("", "version")?,
        }),
        Err(fault) => {
            tracing::error!(flag = name, %fault, "a flag cannot be read by this program");
            Err(NoVerdict::ParseError)
        }
    };
    Ok((TenantId(row.try_get("", "tenant_id")?), (name, entry)))
}
