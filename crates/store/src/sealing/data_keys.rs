//! The table of data keys: finding the one that opens, the one that seals, making it where there is none, destroying
//! somebody's.

use super::{DataKey, Sealer, Shared, subject_text};
use crate::{ChangeError, Store, insert_ignoring_duplicates, statement};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use kernel::{Fault, Time, reasons};
use keys::{Key, MasterKeys};
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult, Value};
use uuid::Uuid;

/// A data key as it lies in the table.
#[derive(Debug, FromQueryResult)]
pub(super) struct Row {
    pub(super) id: Uuid,
    pub(super) purpose: String,
    subject: String,
    generation: i64,
    master_id: Option<String>,
    wrapped: Option<String>,
}

const COLUMNS: &str = "id, purpose, subject, generation, master_id, wrapped";

impl Row {
    pub(super) fn subject(&self) -> Option<Uuid> {
        self.subject.parse().ok()
    }
}

impl Sealer {
    /// The key of that id.
    pub(super) async fn key(&self, id: Uuid) -> Result<Shared, Fault> {
        let now = self.0.clock().now();
        if let Some(key) = self.cache().by_id(id, now) {
            return Ok(key);
        }
        let sql = format!("SELECT {COLUMNS} FROM data_keys WHERE id = $1");
        let row = self.rows(sql, vec![id.into()]).await?.pop();
        let row = row.ok_or_else(|| reasons::UNREADABLE.fault().because(format!("there is no data key {id}")))?;
        let key = Shared::new(self.unwrap_key(&row).await?);
        self.cache().keep(&key, false, now);
        Ok(key)
    }

    /// The key that seals for that purpose and subject, made if there is none.
    pub(super) async fn current(&self, purpose: &str, subject: Option<Uuid>) -> Result<Shared, Fault> {
        let now = self.0.clock().now();
        if let Some(key) = self.cache().current(purpose, subject, now) {
            return Ok(key);
        }
        let row = match self.newest(purpose, subject).await? {
            Some(row) => row,
            None => self.make(purpose, subject, 1).await?,
        };
        let key = Shared::new(self.unwrap_key(&row).await?);
        self.cache().keep(&key, true, now);
        Ok(key)
    }

    pub(super) async fn newest(&self, purpose: &str, subject: Option<Uuid>) -> Result<Option<Row>, Fault> {
        let sql = format!(
            "SELECT {COLUMNS} FROM data_keys WHERE purpose = $1 AND subject = $2 ORDER BY generation DESC LIMIT 1"
        );
        Ok(self.rows(sql, vec![purpose.into(), subject_text(subject).into()]).await?.pop())
    }

    /// Makes the key of that generation, or finds the one that somebody else has just made.
    async fn make(&self, purpose: &str, subject: Option<Uuid>, generation: i64) -> Result<Row, Fault> {
        let id = self.0.ids().next();
        let key = Key::generate(self.0.ids().as_ref());
        let (master_id, wrapped) = self.wrap(self.masters().await?, &key, id, purpose, subject)?;
        let insert = format!("INSERT INTO data_keys ({COLUMNS}, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)");
        let insert = insert_ignoring_duplicates(self.0.backend(), &insert, "id");
        let values: [Value; 7] = [
            id.into(),
            purpose.into(),
            subject_text(subject).into(),
            generation.into(),
            master_id.into(),
            wrapped.into(),
            self.0.clock().now().into(),
        ];
        self.0.note(statement(self.0.backend(), insert, values)).await?;
        let made = self.newest(purpose, subject).await?;
        made.ok_or_else(|| Fault::internal(format!("the data key {id} is gone right after it was made")))
    }

    /// Another key after the newest one of that purpose.
    pub(super) async fn make_after(&self, newest: &Row) -> Result<(), Fault> {
        self.make(&newest.purpose, newest.subject(), newest.generation + 1).await.map(drop)
    }

    /// The key wrapped under the newest master key, and what that one is called.
    pub(super) fn wrap(
        &self,
        masters: &MasterKeys,
        key: &Key,
        id: Uuid,
        purpose: &str,
        subject: Option<Uuid>,
    ) -> Result<(String, String), Fault> {
        let (master, binding) = (masters.newest(), self.wrapping(id, purpose, subject));
        let wrapped = master.key().seal(&binding, key.expose(), self.0.ids().as_ref()).map_err(Fault::internal)?;
        Ok((master.id().to_owned(), STANDARD_NO_PAD.encode(wrapped)))
    }

    pub(super) async fn unwrap_key(&self, row: &Row) -> Result<DataKey, Fault> {
        let (Some(master_id), Some(wrapped)) = (&row.master_id, &row.wrapped) else {
            return Err(reasons::ERASED.fault());
        };
        let master = self.masters().await?.called(master_id).ok_or_else(|| {
            let why = format!("{}: data keys are wrapped under the master key {master_id}", self.0.module());
            reasons::MASTER_KEY_MISSING.fault().because(why)
        })?;
        let broken = || {
            tracing::error!(module = self.0.module(), key = %row.id, purpose = row.purpose, "a data key does not unwrap");
            reasons::UNREADABLE.fault().because(format!("the data key {} does not unwrap", row.id))
        };
        let wrapped = STANDARD_NO_PAD.decode(wrapped).map_err(|_| broken())?;
        let binding = self.wrapping(row.id, &row.purpose, row.subject());
        let bytes = master.key().open(&binding, &wrapped).map_err(|_| broken())?;
        let bytes = bytes.as_slice().try_into().map_err(|_| broken())?;
        Ok(DataKey { id: row.id, purpose: row.purpose.clone(), subject: row.subject(), key: Key::new(bytes) })
    }

    pub(super) async fn rows(&self, sql: String, values: Vec<Value>) -> Result<Vec<Row>, Fault> {
        let query = Row::find_by_statement(statement(self.0.backend(), sql, values));
        self.0.read(query.all(self.0.primary())).await
    }

    /// At most so many keys after that id which are not wrapped under `master`.
    pub(super) async fn wrapped_otherwise(&self, master: &str, after: Uuid, limit: i64) -> Result<Vec<Row>, Fault> {
        let sql = format!(
            "SELECT {COLUMNS} FROM data_keys WHERE wrapped IS NOT NULL AND master_id <> $1 AND id > $2 ORDER BY id LIMIT $3"
        );
        self.rows(sql, vec![master.into(), after.into(), limit.into()]).await
    }

    pub(super) async fn any_key(&self) -> Result<bool, Fault> {
        Ok(!self.masters_in_use().await?.is_empty())
    }

    /// What the master keys are called that keys here are wrapped under.
    pub(super) async fn masters_in_use(&self) -> Result<Vec<String>, Fault> {
        let sql = "SELECT DISTINCT master_id FROM data_keys WHERE wrapped IS NOT NULL ORDER BY master_id";
        let rows = self.0.primary().query_all_raw(statement(self.0.backend(), sql, []));
        let rows = self.0.read(rows).await?;
        rows.iter().map(|row| row.try_get("", "master_id")).collect::<Result<_, _>>().map_err(Fault::internal)
    }

    /// How many keys of that subject there are that [`destroy_subject`] would destroy.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn keys_of(&self, subject: Uuid) -> Result<u64, Fault> {
        let sql = format!("SELECT {COLUMNS} FROM data_keys WHERE subject = $1 AND wrapped IS NOT NULL");
        Ok(self.rows(sql, vec![subject.to_string().into()]).await?.len() as u64)
    }

    /// Sees to it, as part of a change, that nothing can be sealed for that subject under `purpose`, even if nothing ever was:
    /// where there is no key it leaves one that is destroyed. [`destroy_subject`] does the rest.
    ///
    /// # Errors
    /// What the database said.
    pub async fn bar_subject(
        &self,
        tx: &DatabaseTransaction,
        purpose: &str,
        subject: Uuid,
        at: Time,
    ) -> Result<(), ChangeError> {
        let backend = tx.get_database_backend();
        let insert = format!(
            "INSERT INTO data_keys ({COLUMNS}, created_at, destroyed_at) VALUES ($1, $2, $3, 1, NULL, NULL, $4, $5)"
        );
        let insert = insert_ignoring_duplicates(backend, &insert, "id");
        let id = self.0.ids().next();
        let values: [Value; 5] = [id.into(), purpose.into(), subject.to_string().into(), at.into(), at.into()];
        tx.execute_raw(statement(backend, insert, values)).await?;
        Ok(())
    }

    /// Forgets at once what [`destroy_subject`] destroys; other processes follow within half a minute.
    pub fn forget_subject(&self, subject: Uuid) {
        self.cache().forget(|key| key.subject == Some(subject));
    }
}

/// Destroys every key of that subject, as part of a change: what was sealed for them opens never again, here, in copies and
/// in whatever was made of them. The keys' rows stay, so that nobody takes the loss for a fault; nothing more can be sealed
/// for the subject under a purpose that had a key. How many went; none when it was done before.
///
/// # Errors
/// What the database said.
pub async fn destroy_subject(tx: &DatabaseTransaction, subject: Uuid, at: Time) -> Result<u64, ChangeError> {
    let sql = "UPDATE data_keys SET wrapped = NULL, master_id = NULL, destroyed_at = $1 \
               WHERE subject = $2 AND wrapped IS NOT NULL";
    let values: [Value; 2] = [at.into(), subject.to_string().into()];
    Ok(tx.execute_raw(statement(tx.get_database_backend(), sql, values)).await?.rows_affected())
}

impl Store {
    /// Wraps one key anew, unless somebody did or destroyed it meanwhile.
    pub(super) async fn replace_wrapping(&self, row: &Row, master_id: String, wrapped: String) -> Result<u64, Fault> {
        let sql = "UPDATE data_keys SET master_id = $1, wrapped = $2 WHERE id = $3 AND master_id = $4";
        let values: [Value; 4] = [master_id.into(), wrapped.into(), row.id.into(), row.master_id.clone().into()];
        self.note(statement(self.backend(), sql, values)).await
    }
}
