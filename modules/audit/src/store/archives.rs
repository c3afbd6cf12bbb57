//! Which part of a record was moved into which archive. Rows are added; with each go the entries that it speaks of.

use super::tree::{number, unsigned};
use super::{AuditStore, is_there_already};
use audit_contract::reasons::DAMAGED;
use kernel::{Fault, TenantId, Time};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, QueryResult, Value};
use store::{Change, ChangeError, Changed, statement};
use uuid::Uuid;

/// The leaves from `first` up to, and without, `until`, and the file that holds their entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeptArchive {
    pub(crate) first: u64,
    pub(crate) until: u64,
    pub(crate) name: String,
}

/// How many entries one statement removes.
const AT_ONCE: usize = 500;

/// Entries that are in an archive leave the database. Their leaves, hashes and checkpoints stay.
pub(crate) struct MoveOut {
    pub(crate) tenant: TenantId,
    pub(crate) archive: KeptArchive,
    /// The entries' ids.
    pub(crate) ids: Vec<Uuid>,
    pub(crate) at: Time,
}

#[async_trait::async_trait]
impl Change for MoveOut {
    /// Stale when somebody else has archived from there in between. Nothing happens unless exactly these entries go.
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let backend = tx.get_database_backend();
        let KeptArchive { first, until, name } = &self.archive;
        let archive = "INSERT INTO archives (tenant_id, first_leaf, until_leaf, name, at) VALUES ($1, $2, $3, $4, $5)";
        let tenant = Value::from(self.tenant.0);
        let values = [tenant.clone(), number(*first), number(*until), name.as_str().into(), self.at.into()];
        match tx.execute_raw(statement(backend, archive, values)).await {
            Err(error) if is_there_already(&error) => return Err(ChangeError::Stale),
            done => done.map(drop)?,
        }
        let mut gone = 0;
        // By their ids: given a query for them, MariaDB would look at every entry of the community.
        for ids in self.ids.chunks(AT_ONCE) {
            let places: Vec<String> = (0..ids.len()).map(|nth| format!("${}", nth + 2)).collect();
            let entries = format!("DELETE FROM entries WHERE tenant_id = $1 AND id IN ({})", places.join(", "));
            let values = [tenant.clone()].into_iter().chain(ids.iter().map(|id| Value::from(*id)));
            gone += tx.execute_raw(statement(backend, entries, values)).await?.rows_affected();
        }
        if gone != until - first {
            let words = format!("{gone} entries stand where {} were sealed.", until - first);
            return Err(DAMAGED.fault().detail(words).into());
        }
        Ok(Vec::new())
    }
}

impl AuditStore {
    /// The communities with a record that was signed.
    pub(crate) async fn signed_tenants(&self) -> Result<Vec<TenantId>, Fault> {
        let sql = "SELECT DISTINCT tenant_id FROM checkpoints ORDER BY tenant_id";
        let rows = self.0.read(self.0.primary().query_all_raw(statement(self.0.backend(), sql, []))).await?;
        let tenants = rows.iter().map(|row| row.try_get("", "tenant_id").map(TenantId));
        tenants.collect::<Result<_, _>>().map_err(Fault::internal)
    }

    /// How many entries of a community are in archives: they are the first ones.
    pub(crate) async fn archived(&self, tenant: TenantId) -> Result<u64, Fault> {
        let sql =
            "SELECT first_leaf, until_leaf, name FROM archives WHERE tenant_id = $1 ORDER BY first_leaf DESC LIMIT 1";
        Ok(self.archive_where(sql, vec![tenant.0.into()]).await?.map_or(0, |last| last.until))
    }

    /// The archive that holds this leaf, if one does.
    pub(crate) async fn archive_of(&self, tenant: TenantId, leaf: u64) -> Result<Option<KeptArchive>, Fault> {
        let sql = "SELECT first_leaf, until_leaf, name FROM archives \
                   WHERE tenant_id = $1 AND first_leaf <= $2 ORDER BY first_leaf DESC LIMIT 1";
        let last = self.archive_where(sql, vec![tenant.0.into(), number(leaf)]).await?;
        Ok(last.filter(|archive| archive.until > leaf))
    }

    /// Which leaf the entry of that id is, if it was sealed.
    pub(crate) async fn leaf_of(&self, tenant: TenantId, id: Uuid) -> Result<Option<u64>, Fault> {
        let sql = "SELECT leaf FROM leaves WHERE tenant_id = $1 AND entry_id = $2";
        let query = statement(self.0.backend(), sql, [tenant.0.into(), id.into()]);
        let row = self.0.read(self.0.primary().query_one_raw(query)).await?;
        row.as_ref().map(|row| unsigned(row, "leaf")).transpose().map_err(Fault::internal)
    }

    async fn archive_where(&self, sql: &str, values: Vec<Value>) -> Result<Option<KeptArchive>, Fault> {
        let row = self.0.read(self.0.primary().query_one_raw(statement(self.0.backend(), sql, values))).await?;
        row.as_ref().map(archive).transpose().map_err(Fault::internal)
    }
}

fn archive(row: &QueryResult) -> Result<KeptArchive, DbErr> {
    let (first, until) = (unsigned(row, "first_leaf")?, unsigned(row, "until_leaf")?);
    Ok(KeptArchive { first, until, name: row.try_get("", "name")? })
}
