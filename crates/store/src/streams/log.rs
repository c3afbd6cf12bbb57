//! All streams of a module in one dense order, for whoever makes a read model of them.
//!
//! Events are committed without a position. Whoever reads the log numbers first, in the order of `seq`, and one at a
//! time: the row in `stream_turn` is the lock, and on SQLite the write lock is. An append to version n + 1 is made by
//! somebody who has seen version n committed, so its `seq` is higher and no step numbers it earlier.

use crate::Store;
use crate::sql::statement;
use crate::streams::{Aggregate, aggregate};
use kernel::{Fault, Position};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, QueryResult};
use uuid::Uuid;

/// How many events one step numbers.
const STEP: i64 = 1_000;

/// An event where it stands in the order of all streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the module's order, counting from 1 without gaps.
    pub position: Position,
    /// The kind of stream.
    pub kind: String,
    /// The stream.
    pub stream_id: Uuid,
    /// The stream's version it is part of.
    pub version: i64,
    name: String,
    schema_version: i32,
    data: String,
}

impl Entry {
    /// The event in its shape of today, if it is one of this aggregate.
    ///
    /// # Errors
    /// `Unavailable` when a newer program wrote it; `Internal` when it cannot be read.
    pub fn event<A: Aggregate>(&self) -> Option<Result<A::Event, Fault>> {
        let read = || {
            let data = serde_json::from_str(&self.data).map_err(Fault::internal)?;
            Ok(aggregate::read::<A>(&self.name, self.schema_version, data)?)
        };
        (self.kind == A::KIND).then(read)
    }
}

impl Store {
    /// Numbers what is committed, then reads up to `limit` entries after `after`.
    pub(super) async fn entries(&self, after: Position, limit: usize) -> Result<Vec<Entry>, Fault> {
        self.read(self.number_entries()).await?;
        self.read(entries_between(self.primary(), after, Position(i64::MAX), limit)).await
    }

    /// The last position there is.
    pub(super) async fn last_entry(&self) -> Result<Position, Fault> {
        self.read(async {
            self.number_entries().await?;
            head(self.primary()).await
        })
        .await
    }

    async fn number_entries(&self) -> Result<(), DbErr> {
        loop {
            let any = "SELECT 1 AS one FROM stream_events WHERE position IS NULL LIMIT 1";
            let any = statement(self.backend(), any, []);
            if self.primary().query_one_raw(any).await?.is_none() {
                return Ok(());
            }
            let tx = self.begin().await?;
            let numbered = number_step(&tx).await?;
            tx.commit().await?;
            // What came during the step is the next reader's: under load there would always be something.
            if numbered < STEP {
                return Ok(());
            }
        }
    }
}

async fn number_step(tx: &DatabaseTransaction) -> Result<i64, DbErr> {
    let backend = tx.get_database_backend();
    if backend != DbBackend::Sqlite {
        // In a statement of its own: the next one's snapshot then sees every number given before.
        tx.query_one_raw(statement(backend, "SELECT id FROM stream_turn WHERE id = 1 FOR UPDATE", [])).await?;
    }
    let find = "SELECT seq FROM stream_events WHERE position IS NULL ORDER BY seq LIMIT $1";
    let rows = tx.query_all_raw(statement(backend, find, [STEP.into()])).await?;
    let found = rows.iter().map(|row| row.try_get("", "seq")).collect::<Result<Vec<i64>, _>>()?;
    let mut next = head(tx).await?.0 + 1;
    for run in found.chunk_by(|one, other| one + 1 == *other) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
        // Every number from first to last was found, so nothing that was committed since lies between them.
        let number = "UPDATE stream_events SET position = seq + $1 WHERE seq >= $2 AND seq <= $3";
        let values = [(next - first).into(), (*first).into(), (*last).into()];
        tx.execute_raw(statement(backend, number, values)).await?;
        next += last - first + 1;
    }
    Ok(i64::try_from(found.len()).unwrap_or(STEP))
}

async fn head<C: ConnectionTrait>(db: &C) -> Result<Position, DbErr> {
    let query = "SELECT MAX(position) AS head FROM stream_events";
    let row = db.query_one_raw(statement(db.get_database_backend(), query, [])).await?;
    let head: Option<i64> = row.map(|row| row.try_get("", "head")).transpose()?.flatten();
    Ok(head.map_or(Position::START, Position))
}

/// The numbered entries after `after` up to and with `last`, at most `limit`.
pub(super) async fn entries_between<C: ConnectionTrait>(
    db: &C,
    after: Position,
    last: Position,
    limit: usize,
) -> Result<Vec<Entry>, DbErr> {
    let query = "SELECT position, kind, stream_id, version, name, schema_version, data FROM stream_events \
                 WHERE position > $1 AND position <= $2 ORDER BY position LIMIT $3";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let query = statement(db.get_database_backend(), query, [after.0.into(), last.0.into(), limit.into()]);
    db.query_all_raw(query).await?.iter().map(entry).collect()
}

fn entry(row: &QueryResult) -> Result<Entry, DbErr> {
    Ok(Entry {
        position: Position(row.try_get("", "position")?),
        kind: row.try_get("", "kind")?,
        stream_id: row.try_get("", "stream_id")?,
        version: row.try_get("", "version")?,
        name: row.try_get("", "name")?,
        schema_version: row.try_get("", "schema_version")?,
        data: row.try_get("", "data")?,
    })
}
