//! The tree's rows: what waits to be sealed, leaves, hashes, checkpoints. Rows are added; only what waited goes.

use super::{AuditStore, COLUMNS, Entry, entry, is_there_already};
use crate::domain::merkle::{Nodes, Place};
use crate::domain::{Digest, Person, SealedEntry, Tree};
use kernel::{Fault, Page, TenantId, Time};
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, QueryResult, Value};
use serde::{Deserialize, Serialize};
use store::{Change, ChangeError, Changed, placeholders, statement};
use uuid::Uuid;

/// The tree as it was at some time, with the note that says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptCheckpoint {
    pub(crate) size: u64,
    pub(crate) root: Digest,
    /// The signed note.
    pub(crate) note: String,
    /// When it was signed.
    pub(crate) at: Time,
}

impl KeptCheckpoint {
    /// What it was signed for.
    pub(crate) fn tree(&self) -> Tree {
        Tree { size: self.size, root: self.root }
    }
}

/// Entries that become leaves, the nodes they complete, and the checkpoint over all of it.
pub(crate) struct Seal {
    pub(crate) tenant: TenantId,
    pub(crate) leaves: Vec<SealedEntry>,
    pub(crate) nodes: Nodes,
    pub(crate) checkpoint: KeptCheckpoint,
}

#[async_trait::async_trait]
impl Change for Seal {
    /// Stale when somebody else has sealed in between: the numbers of the leaves are taken then.
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let tenant = Value::from(self.tenant.0);
        let leaves = self.leaves.iter().flat_map(|sealed| {
            // Where the person is sealed, the salt is so too.
            let salt = match &sealed.person {
                Person::Known { salt, .. } => Some(salt.to_string()),
                _ => None,
            };
            let commitment = sealed.person.commitment().to_string();
            [tenant.clone(), number(sealed.leaf), sealed.id.into(), commitment.into(), salt.into()]
        });
        add(tx, "leaves", &["tenant_id", "leaf", "entry_id", "commitment", "salt"], leaves.collect()).await?;
        let nodes = self.nodes.iter().flat_map(|(place, hash)| {
            [tenant.clone(), i64::from(place.level).into(), number(place.index), hash.to_string().into()]
        });
        add(tx, "nodes", &["tenant_id", "level", "place", "hash"], nodes.collect()).await?;
        let KeptCheckpoint { size, root, note, at } = &self.checkpoint;
        let checkpoint =
            vec![tenant.clone(), number(*size), root.to_string().into(), note.as_str().into(), (*at).into()];
        add(tx, "checkpoints", &["tenant_id", "size", "root", "note", "at"], checkpoint).await?;
        let ids: Vec<String> = (0..self.leaves.len()).map(|nth| format!("${}", nth + 2)).collect();
        let sealed = format!("DELETE FROM unsealed WHERE tenant_id = $1 AND entry_id IN ({})", ids.join(", "));
        let values = [tenant].into_iter().chain(self.leaves.iter().map(|sealed| sealed.id.into()));
        tx.execute_raw(statement(tx.get_database_backend(), sealed, values)).await?;
        Ok(Vec::new())
    }
}

async fn add(tx: &DatabaseTransaction, table: &str, columns: &[&str], values: Vec<Value>) -> Result<(), ChangeError> {
    let rows = placeholders(values.len() / columns.len(), columns.len());
    let sql = format!("INSERT INTO {table} ({}) VALUES {rows}", columns.join(", "));
    match tx.execute_raw(statement(tx.get_database_backend(), sql, values)).await {
        Err(error) if is_there_already(&error) => Err(ChangeError::Stale),
        done => Ok(done.map(drop)?),
    }
}

impl AuditStore {
    /// The communities with entries that are not sealed.
    pub(crate) async fn waiting_tenants(&self) -> Result<Vec<TenantId>, Fault> {
        let sql = "SELECT DISTINCT tenant_id FROM unsealed ORDER BY tenant_id";
        let rows = self.0.read(self.0.primary().query_all_raw(statement(self.0.backend(), sql, []))).await?;
        let tenants = rows.iter().map(|row| row.try_get("", "tenant_id").map(TenantId));
        tenants.collect::<Result<_, _>>().map_err(Fault::internal)
    }

    /// The ids of the oldest entries of a community that are not sealed; at most `most`.
    pub(crate) async fn unsealed(&self, tenant: TenantId, most: u64) -> Result<Vec<Uuid>, Fault> {
        let sql = "SELECT entry_id FROM unsealed WHERE tenant_id = $1 ORDER BY entry_id LIMIT $2";
        let query = statement(self.0.backend(), sql, [tenant.0.into(), number(most)]);
        let rows = self.0.read(self.0.primary().query_all_raw(query)).await?;
        rows.iter().map(|row| row.try_get("", "entry_id")).collect::<Result<_, _>>().map_err(Fault::internal)
    }

    /// Those of these entries of a community that there are, in the order of their ids.
    pub(crate) async fn entries_of(&self, tenant: TenantId, ids: &[Uuid]) -> Result<Vec<Entry>, Fault> {
        let marks: Vec<String> = (0..ids.len()).map(|nth| format!("${}", nth + 2)).collect();
        let marks = marks.join(", ");
        let sql = format!("SELECT {COLUMNS} FROM entries WHERE tenant_id = $1 AND id IN ({marks}) ORDER BY id");
        let values = [Value::from(tenant.0)].into_iter().chain(ids.iter().map(|id| Value::from(*id)));
        let rows = self.0.read(self.0.primary().query_all_raw(statement(self.0.backend(), sql, values))).await?;
        rows.iter().map(entry).collect::<Result<_, _>>().map_err(Fault::internal)
    }

    /// How many leaves there are.
    pub(crate) async fn leaves(&self, tenant: TenantId) -> Result<u64, Fault> {
        let sql = "SELECT MAX(leaf) AS last FROM leaves WHERE tenant_id = $1";
        let query = statement(self.0.backend(), sql, [tenant.0.into()]);
        let row = self.0.read(self.0.primary().query_one_raw(query)).await?;
        let last: Option<i64> = match row {
            Some(row) => row.try_get("", "last").map_err(Fault::internal)?,
            None => None,
        };
        Ok(last.map_or(0, |last| u64::try_from(last).map_or(0, |last| last + 1)))
    }

    /// Whether the entry of that id is yet to be sealed.
    pub(crate) async fn waits(&self, tenant: TenantId, id: Uuid) -> Result<bool, Fault> {
        let sql = "SELECT entry_id FROM unsealed WHERE tenant_id = $1 AND entry_id = $2";
        let query = statement(self.0.backend(), sql, [tenant.0.into(), id.into()]);
        Ok(self.0.read(self.0.primary().query_one_raw(query)).await?.is_some())
    }

    /// The latest checkpoint, for whoever decides on it.
    pub(crate) async fn latest(&self, tenant: TenantId) -> Result<Option<KeptCheckpoint>, Fault> {
        let found = self.checkpoints_in(self.0.primary(), tenant, None, 1).await?;
        Ok(found.into_iter().next())
    }

    /// The checkpoints, the latest first, from below `below` on.
    pub(crate) async fn checkpoints(
        &self,
        tenant: TenantId,
        below: Option<u64>,
        size: u64,
    ) -> Result<Page<KeptCheckpoint>, Fault> {
        let found = self.checkpoints_in(self.0.replica(), tenant, below, size + 1).await?;
        Ok(Page::cut(found, size, |checkpoint| checkpoint.size))
    }

    async fn checkpoints_in(
        &self,
        db: &DatabaseConnection,
        tenant: TenantId,
        below: Option<u64>,
        most: u64,
    ) -> Result<Vec<KeptCheckpoint>, Fault> {
        let sql = "SELECT size, root, note, at FROM checkpoints WHERE tenant_id = $1 AND size < $2 \
                   ORDER BY size DESC LIMIT $3";
        let values = [tenant.0.into(), number(below.unwrap_or(u64::MAX)), number(most)];
        let rows = self.0.read(db.query_all_raw(statement(self.0.backend(), sql, values))).await?;
        rows.iter().map(checkpoint).collect::<Result<_, _>>().map_err(Fault::internal)
    }

    /// The checkpoints over more than `after` and up to `upto` entries, the smallest first.
    pub(crate) async fn checkpoints_between(
        &self,
        tenant: TenantId,
        after: u64,
        upto: u64,
    ) -> Result<Vec<KeptCheckpoint>, Fault> {
        let sql = "SELECT size, root, note, at FROM checkpoints WHERE tenant_id = $1 AND size > $2 AND size <= $3 \
                   ORDER BY size";
        let query = statement(self.0.backend(), sql, [tenant.0.into(), number(after), number(upto)]);
        let rows = self.0.read(self.0.primary().query_all_raw(query)).await?;
        rows.iter().map(checkpoint).collect::<Result<_, _>>().map_err(Fault::internal)
    }

    /// The checkpoint over exactly so many entries.
    pub(crate) async fn checkpoint_of(&self, tenant: TenantId, size: u64) -> Result<Option<KeptCheckpoint>, Fault> {
        let found = self.checkpoints_between(tenant, size.saturating_sub(1), size).await?;
        Ok(found.into_iter().next())
    }

    /// Those of these nodes that there are.
    pub(crate) async fn nodes(&self, tenant: TenantId, places: &[Place]) -> Result<Nodes, Fault> {
        if places.is_empty() {
            return Ok(Nodes::new());
        }
        let mut values = vec![Value::from(tenant.0)];
        let mut wanted = Vec::with_capacity(places.len());
        for place in places {
            values.extend([i64::from(place.level).into(), number(place.index)]);
            wanted.push(format!("(level = ${} AND place = ${})", values.len() - 1, values.len()));
        }
        let sql = format!("SELECT level, place, hash FROM nodes WHERE tenant_id = $1 AND ({})", wanted.join(" OR "));
        let query = statement(self.0.backend(), sql, values);
        let rows = self.0.read(self.0.primary().query_all_raw(query)).await?;
        rows.iter().map(node).collect::<Result<_, _>>().map_err(Fault::internal)
    }

    /// The sealed entry of that id in this community's record.
    pub(crate) async fn sealed_entry(&self, tenant: TenantId, id: Uuid) -> Result<Option<SealedEntry>, Fault> {
        let found = self.sealed_where("leaves.entry_id = $2", vec![tenant.0.into(), id.into()]).await?;
        match found.into_iter().next() {
            Some(found) => self.known(found).await.map(Some),
            None => Ok(None),
        }
    }

    /// The entry with what is personal in it, unless that was forgotten. `audit.record_damaged` when it is not what was sealed.
    pub(crate) async fn known(&self, sealed: SealedEntry) -> Result<SealedEntry, Fault> {
        let person = self.surely_opened((sealed.tenant, sealed.id, &sealed.actor), sealed.person.clone()).await?;
        Ok(SealedEntry { person, ..sealed })
    }

    /// The sealed entries from leaf `from` up to, and without, leaf `until`, in their order, as they are kept.
    pub(crate) async fn sealed_entries(
        &self,
        tenant: TenantId,
        from: u64,
        until: u64,
    ) -> Result<Vec<SealedEntry>, Fault> {
        let values = vec![tenant.0.into(), number(from), number(until)];
        self.sealed_where("leaves.leaf >= $2 AND leaves.leaf < $3", values).await
    }

    async fn sealed_where(&self, condition: &str, values: Vec<Value>) -> Result<Vec<SealedEntry>, Fault> {
        let sql = format!(
            "SELECT {COLUMNS}, leaf, leaf_commitment, salt, hash FROM entries JOIN (SELECT leaves.entry_id, leaves.leaf, \
             leaves.commitment AS leaf_commitment, leaves.salt, nodes.hash FROM leaves JOIN nodes ON nodes.tenant_id = leaves.tenant_id \
             AND nodes.level = 0 AND nodes.place = leaves.leaf WHERE leaves.tenant_id = $1 AND {condition}) AS sealed \
             ON entries.id = sealed.entry_id ORDER BY leaf"
        );
        let query = statement(self.0.backend(), sql, values);
        let rows = self.0.read(self.0.primary().query_all_raw(query)).await?;
        rows.iter().map(sealed).collect::<Result<_, _>>().map_err(Fault::internal)
    }
}

/// The databases' whole numbers have a sign.
pub(super) fn number(number: u64) -> Value {
    i64::try_from(number).unwrap_or(i64::MAX).into()
}

pub(super) fn unsigned(row: &QueryResult, column: &str) -> Result<u64, DbErr> {
    let number: i64 = row.try_get("", column)?;
    u64::try_from(number).map_err(|error| DbErr::Type(format!("{column}: {error}")))
}

pub(super) fn digest(text: &str) -> Result<Digest, DbErr> {
    text.parse().map_err(|error| DbErr::Type(format!("{text:?} {error}")))
}

fn checkpoint(row: &QueryResult) -> Result<KeptCheckpoint, DbErr> {
    let root: String = row.try_get("", "root")?;
    Ok(KeptCheckpoint {
        size: unsigned(row, "size")?,
        root: digest(&root)?,
        note: row.try_get("", "note")?,
        at: row.try_get("", "at")?,
    })
}

fn node(row: &QueryResult) -> Result<(Place, Digest), DbErr> {
    let (level, hash): (i32, String) = (row.try_get("", "level")?, row.try_get("", "hash")?);
    let level = u32::try_from(level).map_err(|error| DbErr::Type(error.to_string()))?;
    Ok((Place { level, index: unsigned(row, "place")? }, digest(&hash)?))
}

fn sealed(row: &QueryResult) -> Result<SealedEntry, DbErr> {
    let Entry { entry, position, person } = entry(row)?;
    let (commitment, salt): (String, Option<String>) = (row.try_get("", "leaf_commitment")?, row.try_get("", "salt")?);
    let (leaf, hash): (u64, String) = (unsigned(row, "leaf")?, row.try_get("", "hash")?);
    let person = match (person, salt.as_deref()) {
        (Some(person), _) => person,
        (None, Some(salt)) => Person::known(&entry, digest(salt)?),
        (None, None) => Person::Forgotten { commitment: digest(&commitment)? },
    };
    let older = salt.as_deref().map(digest).transpose()?.map(|salt| Person::known(&entry, salt));
    let sealed = SealedEntry::stored(leaf, digest(&hash)?, entry, position, person);
    Ok(older.and_then(|person| sealed.as_an_older_program_sealed_it(person)).unwrap_or(sealed))
}
