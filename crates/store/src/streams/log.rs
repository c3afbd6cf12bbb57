//! All streams of a module in one dense order, for whoever makes a read model of them.
//!
//! Events are committed without a position. Whoever reads the log numbers first, in the order of `seq`
//! (`sequencer.rs`). An append to version n + 1 is made by somebody who has seen version n committed, so its `seq` is
//! higher and no step numbers it earlier.

use crate::Store;
use crate::sql::statement;
use crate::streams::{Aggregate, aggregate};
use kernel::{Fault, Position};
use sea_orm::{ConnectionTrait, DbErr, QueryResult};
use uuid::Uuid;

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
        self.read(self.number_commits(&self.shared.streams)).await?;
        self.read(entries_between(self.primary(), after, Position(i64::MAX), limit)).await
    }

    /// The last position there is.
    pub(super) async fn last_entry(&self) -> Result<Position, Fault> {
        self.read(async {
            self.number_commits(&self.shared.streams).await?;
            self.last_number(&self.shared.streams).await.map(Position)
        })
        .await
    }
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
