//! Events on their way into their streams.

use crate::sql::{placeholders, statement};
use crate::{Change, ChangeError, Changed, faults};
use kernel::{Fault, Revision};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Value};
use uuid::Uuid;

/// Rows in one statement: far below the parameters any engine takes.
const ROWS_AT_ONCE: usize = 500;
const COLUMNS: usize = 7;

/// New events of one stream, with the version they were decided on. Commit it alone, in a `Vec` with appends to other
/// streams, or inside a change of the module's own that applies it. It leaves one [`Revision`].
#[derive(Debug)]
pub struct Append {
    pub(super) kind: &'static str,
    pub(super) id: Uuid,
    pub(super) expected: i64,
    pub(super) rows: Vec<Row>,
    /// The state after the events.
    pub(super) state: serde_json::Value,
    /// The state's version, when a snapshot is due.
    pub(super) snapshot: Option<i32>,
}

/// One event.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) schema_version: i32,
    pub(super) data: String,
}

impl Append {
    /// The version the stream will have.
    pub fn version(&self) -> i64 {
        if self.rows.is_empty() { self.expected } else { self.expected + 1 }
    }

    async fn insert_events(&self, tx: &DatabaseTransaction) -> Result<(), ChangeError> {
        for (chunk, rows) in self.rows.chunks(ROWS_AT_ONCE).enumerate() {
            let insert = format!(
                "INSERT INTO stream_events (kind, stream_id, version, nth, name, schema_version, data) VALUES {}",
                placeholders(rows.len(), COLUMNS)
            );
            let mut values: Vec<Value> = Vec::with_capacity(rows.len() * COLUMNS);
            for (nth, row) in rows.iter().enumerate() {
                let nth = i32::try_from(chunk * ROWS_AT_ONCE + nth).map_err(Fault::internal)?;
                values.extend([self.kind.into(), self.id.into(), self.version().into(), nth.into()]);
                values.extend([row.name.into(), row.schema_version.into(), row.data.as_str().into()]);
            }
            match tx.execute_raw(statement(tx.get_database_backend(), insert, values)).await {
                Ok(_) => {}
                // Its only unique columns are stream and version; positions come later.
                Err(error) if faults::violated_constraint(&error).is_some() => return Err(ChangeError::Stale),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Replaces the snapshots of this and older shapes. Newer ones belong to a program that is being rolled out.
    async fn insert_snapshot(&self, tx: &DatabaseTransaction, schema_version: i32) -> Result<(), DbErr> {
        let backend = tx.get_database_backend();
        let forget = "DELETE FROM stream_snapshots WHERE kind = $1 AND stream_id = $2 AND schema_version <= $3";
        let stream: [Value; 3] = [self.kind.into(), self.id.into(), schema_version.into()];
        tx.execute_raw(statement(backend, forget, stream.clone())).await?;
        let insert = "INSERT INTO stream_snapshots (kind, stream_id, schema_version, version, state) \
                      VALUES ($1, $2, $3, $4, $5)";
        let values = stream.into_iter().chain([self.version().into(), self.state.to_string().into()]);
        tx.execute_raw(statement(backend, insert, values)).await.map(drop)
    }
}

#[async_trait::async_trait]
impl Change for Append {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        if self.rows.is_empty() {
            return Ok(Vec::new());
        }
        self.insert_events(tx).await?;
        if let Some(schema_version) = self.snapshot {
            self.insert_snapshot(tx, schema_version).await?;
        }
        let state = Some(self.state.clone());
        Ok(vec![Revision { kind: self.kind, id: self.id, version: self.version(), state }])
    }
}

/// Appends to several streams. They are written in the order of kind and id, so that two commits that share streams
/// wait for each other instead of deadlocking.
#[async_trait::async_trait]
impl Change for Vec<Append> {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let mut ordered: Vec<&Append> = self.iter().collect();
        ordered.sort_by_key(|append| (append.kind, append.id));
        if let Some(twice) = ordered.windows(2).find(|pair| (pair[0].kind, pair[0].id) == (pair[1].kind, pair[1].id)) {
            // Stale would have the pipeline decide again, and again in vain.
            let (kind, id) = (twice[0].kind, twice[0].id);
            return Err(Fault::internal(format!("two appends to the stream {kind}/{id} in one commit")).into());
        }
        let mut changed = Vec::with_capacity(ordered.len());
        for append in ordered {
            changed.extend(append.apply(tx).await?);
        }
        Ok(changed)
    }
}
