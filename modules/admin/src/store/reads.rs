//! What decisions load and what pages read. A decision's facts come in one statement, so that they hold together.

use crate::domain::{Grant, HeldRole, Roster};
use kernel::{Fault, Page, TenantId, Time, UserId};
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Value};
use serde::{Deserialize, Serialize};
use store::{Store, statement};
use uuid::Uuid;

/// Admin's database.
#[derive(Clone)]
pub(crate) struct AdminStore(Store);

/// Somebody in the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Person {
    /// Who.
    pub(crate) id: UserId,
    /// The unique name.
    pub(crate) handle: String,
    /// The name shown.
    pub(crate) display_name: String,
    /// The role held.
    pub(crate) role: HeldRole,
    /// The version of what they were given; 0 before the first time.
    pub(crate) role_version: i64,
    /// When they registered.
    pub(crate) registered_at: Time,
}

/// Somebody as recorded from auth's events.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KnownPerson {
    /// Who.
    pub(crate) id: UserId,
    /// The name shown.
    pub(crate) display_name: String,
    /// When they registered.
    pub(crate) registered_at: Time,
    /// Counting from 1.
    pub(crate) version: i64,
}

/// Which people are listed.
#[derive(Debug, Clone, Default)]
pub(crate) struct PeopleFilter {
    /// Part of a handle or a name.
    pub(crate) words: Option<String>,
    /// Handle and id of the last one seen.
    pub(crate) after: Option<(String, Uuid)>,
    /// How many at most.
    pub(crate) size: u64,
}

const KNOWN_PERSON: &str = "SELECT user_id, display_name, registered_at, version FROM people WHERE tenant_id = $1";

impl AdminStore {
    /// On this database.
    pub(crate) fn new(store: Store) -> Self {
        Self(store)
    }

    /// The database itself, for commits and the log.
    pub(crate) fn base(&self) -> &Store {
        &self.0
    }

    /// The roster as a decision about `user` needs it; nothing when there is no such community.
    pub(crate) async fn roster(&self, tenant: TenantId, user: UserId) -> Result<Option<Roster>, Fault> {
        let sql = "SELECT t.roster_version, g.id, g.role, g.version, \
                   (SELECT COUNT(*) FROM role_grants a WHERE a.tenant_id = t.id AND a.role = $3) AS administrators \
                   FROM tenants t LEFT JOIN role_grants g ON g.tenant_id = t.id AND g.user_id = $2 WHERE t.id = $1";
        let values: [Value; 3] = [tenant.0.into(), user.0.into(), HeldRole::ADMINISTRATOR.name().into()];
        self.one(sql, values, |row| {
            let grant = match row.try_get::<Option<Uuid>>("", "id")? {
                Some(id) => Some(Grant { id, role: held(row, "role")?, version: row.try_get("", "version")? }),
                None => None,
            };
            let (version, administrators) = (row.try_get("", "roster_version")?, row.try_get("", "administrators")?);
            Ok(Roster { version, administrators, grant })
        })
        .await
    }

    /// The role `user` holds; nothing when there is no such community.
    pub(crate) async fn role(&self, tenant: TenantId, user: UserId) -> Result<Option<HeldRole>, Fault> {
        let sql = "SELECT COALESCE(g.role, 'member') AS role FROM tenants t \
                   LEFT JOIN role_grants g ON g.tenant_id = t.id AND g.user_id = $2 WHERE t.id = $1";
        self.one(sql, [tenant.0.into(), user.0.into()], |row| held(row, "role")).await
    }

    /// What is known of somebody.
    pub(crate) async fn person(&self, tenant: TenantId, user: UserId) -> Result<Option<KnownPerson>, Fault> {
        let sql = format!("{KNOWN_PERSON} AND user_id = $2");
        self.one(&sql, [tenant.0.into(), user.0.into()], known_person).await
    }

    /// What is known of whoever has that handle.
    pub(crate) async fn person_by_handle(&self, tenant: TenantId, handle: &str) -> Result<Option<KnownPerson>, Fault> {
        // Between two events, two people can seem to have the same handle; the later record is the true one.
        let sql = format!("{KNOWN_PERSON} AND handle = $2 ORDER BY registered_at DESC LIMIT 1");
        self.one(&sql, [tenant.0.into(), handle.into()], known_person).await
    }

    /// People by handle. May lag behind the last commit when a replica is configured.
    pub(crate) async fn people(&self, tenant: TenantId, filter: PeopleFilter) -> Result<Page<Person>, Fault> {
        let mut sql = "SELECT p.user_id, p.handle, p.display_name, p.registered_at, \
                       COALESCE(g.role, 'member') AS role, COALESCE(g.version, 0) AS role_version FROM people p \
                       LEFT JOIN role_grants g ON g.tenant_id = p.tenant_id AND g.user_id = p.user_id \
                       WHERE p.tenant_id = $1"
            .to_owned();
        let mut values: Vec<Value> = vec![tenant.0.into()];
        if let Some(words) = filter.words {
            values.push(contains(&words).into());
            sql.push_str(&format!(" AND p.search_text LIKE ${} ESCAPE '!'", values.len()));
        }
        if let Some((handle, id)) = filter.after {
            values.extend([handle.into(), id.into()]);
            // MariaDB compares pairs row by row; the first condition is what it can look up in the index.
            let (handle, id) = (values.len() - 1, values.len());
            sql.push_str(&format!(" AND p.handle >= ${handle} AND (p.handle, p.user_id) > (${handle}, ${id})"));
        }
        values.push(i64::try_from(filter.size + 1).unwrap_or(i64::MAX).into());
        sql.push_str(&format!(" ORDER BY p.handle, p.user_id LIMIT ${}", values.len()));
        let rows = self.0.read(self.0.replica().query_all_raw(statement(self.0.backend(), sql, values))).await?;
        let people = rows.iter().map(person).collect::<Result<Vec<_>, _>>().map_err(Fault::internal)?;
        Ok(Page::cut(people, filter.size, |person| (person.handle.clone(), person.id)))
    }

    pub(super) async fn one<T>(
        &self,
        sql: &str,
        values: impl IntoIterator<Item = Value>,
        parse: impl FnOnce(&QueryResult) -> Result<T, DbErr>,
    ) -> Result<Option<T>, Fault> {
        let query = statement(self.0.backend(), sql, values);
        let row = self.0.read(self.0.primary().query_one_raw(query)).await?;
        row.as_ref().map(parse).transpose().map_err(Fault::internal)
    }
}

/// A pattern for whatever contains `words`, in the lower case that the searched column has.
pub(super) fn contains(words: &str) -> String {
    let mut pattern = String::from("%");
    // No text in a database contains U+0000, and PostgreSQL does not let anybody ask for it.
    for letter in words.to_lowercase().chars().filter(|letter| *letter != '\0') {
        if matches!(letter, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

fn held(row: &QueryResult, column: &str) -> Result<HeldRole, DbErr> {
    let name: String = row.try_get("", column)?;
    HeldRole::parse(&name).map_err(|_| DbErr::Type(format!("no role is called `{name}`")))
}

fn known_person(row: &QueryResult) -> Result<KnownPerson, DbErr> {
    Ok(KnownPerson {
        id: UserId(row.try_get("", "user_id")?),
        display_name: row.try_get("", "display_name")?,
        registered_at: row.try_get("", "registered_at")?,
        version: row.try_get("", "version")?,
    })
}

fn person(row: &QueryResult) -> Result<Person, DbErr> {
    Ok(Person {
        id: UserId(row.try_get("", "user_id")?),
        handle: row.try_get("", "handle")?,
        display_name: row.try_get("", "display_name")?,
        role: held(row, "role")?,
        role_version: row.try_get("", "role_version")?,
        registered_at: row.try_get("", "registered_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::contains;

    #[test]
    fn wildcards_in_what_is_looked_for_are_only_letters() {
        assert_eq!(contains("50%_Ä!\0"), "%50!%!_ä!!%");
    }
}
