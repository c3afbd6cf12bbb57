//! Audit's database. What may not enter: a statement that changes an entry, or removes one that is in no
//! archive.

mod archives;
mod persons;
mod tree;

pub(crate) use archives::{KeptArchive, MoveOut};
pub(crate) use persons::Forget;
pub(crate) use tree::{KeptCheckpoint, Seal};

use self::persons::NewEntry;
use crate::domain::{Impersonal, Person, Target, Wanted};
use kernel::{AuditDetail, AuditEntry, Fault, Page, TenantId, Time};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, QueryResult, SqlErr, Value};
use serde::{Deserialize, Serialize};
use store::{Change, ChangeError, Changed, Store, statement};
use uuid::Uuid;

/// Audit's database.
#[derive(Clone)]
pub(crate) struct AuditStore(Store);

/// An entry with its place in the log of the module that left it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The entry as the module committed it.
    pub(crate) entry: AuditEntry,
    /// Where it stands in the module's log.
    pub(crate) position: i64,
    /// What is personal, where it is kept apart; none where it stands in the entry alone.
    #[serde(default)]
    pub(crate) person: Option<Person>,
}

const COLUMNS: &str = "id, tenant_id, module, position, operation, actor, actor_name, resource, decision_id, policies, \
                       changes, events, request_id, address, at, detail, user_agent, result, person, commitment";

#[async_trait::async_trait]
impl Change for NewEntry {
    /// Adds the entry, unless it is there already. It has no history: it never has a second version.
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let list = |texts: &[String]| serde_json::to_string(texts).map_err(Fault::internal);
        let Entry { entry, position, person } = &self.entry;
        let (detail, user_agent, result) = detail_columns(entry)?;
        let commitment = person.as_ref().map(|person| person.commitment().to_string());
        let person = match person {
            Some(Person::Sealed { text, .. }) => Some(text.clone()),
            _ => None,
        };
        let values: [Value; 20] = [
            entry.id.into(),
            entry.tenant.0.into(),
            entry.module.as_str().into(),
            (*position).into(),
            entry.operation.as_str().into(),
            entry.actor.as_str().into(),
            entry.actor_name.as_str().into(),
            entry.resource.as_str().into(),
            entry.decision_id.into(),
            list(&entry.policies)?.into(),
            list(&entry.changes)?.into(),
            list(&entry.events)?.into(),
            entry.request_id.as_str().into(),
            entry.address.clone().into(),
            entry.at.into(),
            detail.into(),
            user_agent.into(),
            result.into(),
            person.into(),
            commitment.into(),
        ];
        let places = store::placeholders(1, values.len());
        let backend = tx.get_database_backend();
        if let Some(name) = &self.name {
            persons::keep_name(tx, (entry.tenant, &entry.actor), name).await?;
        }
        let mut sql = format!("INSERT INTO entries ({COLUMNS}) VALUES {places}");
        if backend != DbBackend::MySql {
            sql = store::insert_ignoring_duplicates(backend, &sql, "id");
        }
        match tx.execute_raw(statement(backend, sql, values)).await {
            // There, to leave a row alone is to update it, which the entries refuse. What is refused is undone alone.
            Err(error) if backend == DbBackend::MySql && is_there_already(&error) => Ok(Vec::new()),
            done => Ok(done.map(|_| Vec::new())?),
        }
    }
}

/// The columns that entries of older programs do not have: the detail without what is personal, the client, the result.
type DetailColumns = (Option<String>, Option<String>, Option<String>);

fn detail_columns(entry: &AuditEntry) -> Result<DetailColumns, Fault> {
    let Some(detail) = &entry.detail else { return Ok((None, None, None)) };
    let text = serde_json::to_string(&Impersonal::of(detail)).map_err(Fault::internal)?;
    Ok((Some(text), detail.user_agent.clone(), Some(detail.result.name().to_owned())))
}

fn is_there_already(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}

impl AuditStore {
    /// On this database.
    pub(crate) fn new(store: Store) -> Self {
        Self(store)
    }

    /// The database itself, for commits and the log.
    pub(crate) fn base(&self) -> &Store {
        &self.0
    }

    /// The entry of that id in this community's record.
    pub(crate) async fn entry(&self, tenant: TenantId, id: Uuid) -> Result<Option<Entry>, Fault> {
        let sql = format!("SELECT {COLUMNS} FROM entries WHERE id = $1 AND tenant_id = $2");
        let query = statement(self.0.backend(), sql, [id.into(), tenant.0.into()]);
        let row = self.0.read(self.0.replica().query_one_raw(query)).await?;
        let Some(found) = row.as_ref().map(entry).transpose().map_err(Fault::internal)? else { return Ok(None) };
        self.read(found).await.map(Some)
    }

    /// The wanted entries of this community, the newest first.
    pub(crate) async fn entries(
        &self,
        tenant: TenantId,
        wanted: Wanted,
        after: Option<(Time, Uuid)>,
        size: u64,
    ) -> Result<Page<Entry>, Fault> {
        let mut filter = Filter::new(tenant);
        filter.equals("module", wanted.module);
        filter.equals("operation", wanted.operation);
        filter.made_by(wanted.actor);
        filter.made_to(wanted.resource);
        match wanted.result.as_deref() {
            // Whatever is older than the column was done.
            Some("done") => filter.and("(result IS NULL OR result = 'done')"),
            result => filter.equals("result", result.map(str::to_owned)),
        }
        filter.and_value("at >=", wanted.from.map(Value::from));
        filter.and_value("at <", wanted.until.map(Value::from));
        if let Some((at, id)) = after {
            let (at, id) = (filter.place(at.into()), filter.place(id.into()));
            // MariaDB compares pairs row by row; the first condition is what it can look up in the index.
            filter.and(&format!("at <= {at} AND (at, id) < ({at}, {id})"));
        }
        let limit = filter.place(i64::try_from(size + 1).unwrap_or(i64::MAX).into());
        let conditions = filter.conditions;
        let sql = format!("SELECT {COLUMNS} FROM entries WHERE {conditions} ORDER BY at DESC, id DESC LIMIT {limit}");
        let query = statement(self.0.backend(), sql, filter.values);
        let rows = self.0.read(self.0.replica().query_all_raw(query)).await?;
        let mut entries = Vec::with_capacity(rows.len());
        for row in &rows {
            entries.push(self.read(entry(row).map_err(Fault::internal)?).await?);
        }
        Ok(Page::cut(entries, size, |entry| (entry.entry.at, entry.entry.id)))
    }
}

/// The conditions of one query and the values they stand on.
struct Filter {
    conditions: String,
    values: Vec<Value>,
}

impl Filter {
    fn new(tenant: TenantId) -> Self {
        Self { conditions: "tenant_id = $1".to_owned(), values: vec![tenant.0.into()] }
    }

    /// Keeps a value, and says how a condition speaks of it.
    fn place(&mut self, value: Value) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    fn and(&mut self, condition: &str) {
        self.conditions.push_str(" AND ");
        self.conditions.push_str(condition);
    }

    fn and_value(&mut self, comparison: &str, value: Option<Value>) {
        if let Some(value) = value {
            let place = self.place(value);
            self.and(&format!("{comparison} {place}"));
        }
    }

    fn equals(&mut self, column: &str, text: Option<String>) {
        self.and_value(&format!("{column} ="), text.map(Value::from));
    }

    /// The principal as it is written, a user by the bare id, or whoever went by that name.
    fn made_by(&mut self, actor: Option<String>) {
        let Some(actor) = actor else { return };
        let user = self.place(format!("user:{actor}").into());
        let actor = self.place(actor.into());
        let known = format!("SELECT actor FROM known_names WHERE tenant_id = $1 AND name = {actor}");
        self.and(&format!("(actor IN ({actor}, {user}) OR actor_name = {actor} OR actor IN ({known}))"));
    }

    fn made_to(&mut self, target: Option<Target>) {
        match target {
            None => {}
            Some(Target::One(resource)) => self.equals("resource", Some(resource)),
            Some(Target::Kind(kind)) => {
                let pattern = self.place(beginning(&kind).into());
                self.and(&format!("resource LIKE {pattern} ESCAPE '!'"));
            }
        }
    }
}

/// A pattern for whatever is of that kind, written `Kind/id`.
fn beginning(kind: &str) -> String {
    let mut pattern = String::new();
    for letter in kind.chars() {
        if matches!(letter, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    pattern + "/%"
}

fn entry(row: &QueryResult) -> Result<Entry, DbErr> {
    let list = |column: &str| -> Result<Vec<String>, DbErr> {
        let text: String = row.try_get("", column)?;
        serde_json::from_str(&text).map_err(|error| DbErr::Json(error.to_string()))
    };
    let entry = AuditEntry {
        id: row.try_get("", "id")?,
        module: row.try_get("", "module")?,
        operation: row.try_get("", "operation")?,
        actor: row.try_get("", "actor")?,
        actor_name: row.try_get("", "actor_name")?,
        tenant: TenantId(row.try_get("", "tenant_id")?),
        resource: row.try_get("", "resource")?,
        decision_id: row.try_get("", "decision_id")?,
        policies: list("policies")?,
        changes: list("changes")?,
        events: list("events")?,
        request_id: row.try_get("", "request_id")?,
        address: row.try_get("", "address")?,
        at: row.try_get("", "at")?,
        detail: detail(row)?,
    };
    let commitment: Option<String> = row.try_get("", "commitment")?;
    let commitment = commitment.map(|text| tree::digest(&text)).transpose()?;
    let text: Option<String> = row.try_get("", "person")?;
    let person = commitment.map(|commitment| match text {
        Some(text) => Person::Sealed { commitment, text },
        None => Person::Forgotten { commitment },
    });
    Ok(Entry { entry, position: row.try_get("", "position")?, person })
}

fn detail(row: &QueryResult) -> Result<Option<AuditDetail>, DbErr> {
    let Some(text) = row.try_get::<Option<String>>("", "detail")? else { return Ok(None) };
    let detail: Impersonal = serde_json::from_str(&text).map_err(|error| DbErr::Json(error.to_string()))?;
    Ok(Some(detail.with(row.try_get("", "user_agent")?)))
}
