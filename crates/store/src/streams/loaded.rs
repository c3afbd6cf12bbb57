//! An aggregate as a decision sees it: last snapshot and later events in one read, and what the decision adds.

use crate::Store;
use crate::sql::statement;
use crate::streams::append::Row;
use crate::streams::{Aggregate, Append, aggregate};
use kernel::Fault;
use sea_orm::{ConnectionTrait, DbErr, QueryResult};
use serde_json::Value;
use uuid::Uuid;

/// The last snapshot of today's version, if there is one, and the events after it. One statement, so that both are of
/// one moment. The snapshot comes first, as the events of its own version are in it.
const READ: &str = "SELECT version, -1 AS nth, '' AS name, schema_version, state AS data FROM stream_snapshots \
     WHERE kind = $1 AND stream_id = $2 AND schema_version = $3 \
     UNION ALL \
     SELECT version, nth, name, schema_version, data FROM stream_events \
     WHERE kind = $1 AND stream_id = $2 AND version > COALESCE((SELECT version FROM stream_snapshots \
     WHERE kind = $1 AND stream_id = $2 AND schema_version = $3), 0) \
     ORDER BY version, nth";

/// No snapshot is of this version: reading with it reads from the start.
const FROM_THE_START: i32 = -1;

/// An aggregate, the version it was loaded at, and the events recorded since.
#[derive(Debug)]
pub struct Loaded<A: Aggregate> {
    id: Uuid,
    version: i64,
    state: A,
    events_read: usize,
    recorded: Vec<A::Event>,
}

impl<A: Aggregate> Loaded<A> {
    /// An aggregate nothing has happened to yet. If the stream does exist, the append is `Stale`.
    pub fn new(id: Uuid) -> Self {
        Self { id, version: 0, state: A::default(), events_read: 0, recorded: Vec::new() }
    }

    /// Which one it is.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// The version a decision on it is made on: how many appends there have been, 0 when there is no such stream.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// Its state, with what was recorded.
    pub fn state(&self) -> &A {
        &self.state
    }

    /// Lets an event happen: the state takes it in, and the append will hold it.
    pub fn record(&mut self, event: A::Event) {
        self.state.apply(&event);
        self.recorded.push(event);
    }

    /// What was recorded, as a change to commit. Nothing recorded is a change that changes nothing.
    ///
    /// # Errors
    /// `Internal` when an event has no shape or cannot be written as JSON.
    pub fn append(self) -> Result<Append, Fault> {
        let row = |event: &A::Event| {
            let (shape, data) = aggregate::write::<A>(event)?;
            Ok(Row { name: shape.name(), schema_version: shape.version(), data: data.to_string() })
        };
        let rows = self.recorded.iter().map(row).collect::<Result<Vec<_>, Fault>>()?;
        let due = !rows.is_empty() && self.events_read + rows.len() >= A::SNAPSHOT_EVERY;
        Ok(Append {
            kind: A::KIND,
            id: self.id,
            expected: self.version,
            rows,
            state: serde_json::to_value(&self.state).map_err(Fault::internal)?,
            snapshot: due.then_some(A::SNAPSHOT),
        })
    }

    fn take(&mut self, row: &QueryResult) -> Result<(), Fault> {
        let (name, schema_version): (String, i32) = (get(row, "name")?, get(row, "schema_version")?);
        let data: String = get(row, "data")?;
        let data: Value = serde_json::from_str(&data).map_err(Fault::internal)?;
        self.version = get(row, "version")?;
        if get::<i32>(row, "nth")? < 0 {
            self.state = serde_json::from_value(data).map_err(Fault::internal)?;
            return Ok(());
        }
        self.state.apply(&aggregate::read::<A>(&name, schema_version, data)?);
        self.events_read += 1;
        Ok(())
    }
}

impl Store {
    /// The aggregate with this id, from the primary: its last snapshot and later events. At version 0 when nothing has
    /// happened to it.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer, or a newer program has written an event this one does not know;
    /// `Internal` when an event cannot be read.
    pub async fn load<A: Aggregate>(&self, id: Uuid) -> Result<Loaded<A>, Fault> {
        match self.load_from(id, A::SNAPSHOT).await? {
            Ok(loaded) => Ok(loaded),
            Err(fault) => {
                // The events are the truth. A snapshot that cannot be read is somebody's forgotten version number.
                let (kind, cause) = (A::KIND, fault.chain());
                tracing::warn!(kind, stream = %id, cause, "a stream cannot be read from its snapshot");
                self.load_from(id, FROM_THE_START).await?
            }
        }
    }

    /// The outer error is the database's, the inner one about what was read from it.
    async fn load_from<A: Aggregate>(&self, id: Uuid, schema_version: i32) -> Result<Result<Loaded<A>, Fault>, Fault> {
        let query = statement(self.backend(), READ, [A::KIND.into(), id.into(), schema_version.into()]);
        let rows = self.read(self.primary().query_all_raw(query)).await?;
        let mut loaded = Loaded::new(id);
        Ok(rows.iter().try_for_each(|row| loaded.take(row)).map(|()| loaded))
    }
}

fn get<T: sea_orm::TryGetable>(row: &QueryResult, column: &str) -> Result<T, Fault> {
    row.try_get("", column).map_err(|error: DbErr| Fault::internal(error))
}
