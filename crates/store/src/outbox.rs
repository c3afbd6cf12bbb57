//! The outbox: a module's committed events as a log with dense, gap-free positions.
//!
//! Reading `id > last` over a sequence loses events whose transaction commits late. On SQLite the write lock makes the
//! commit order, so the position is given inside the transaction. Elsewhere rows are written without one, and the
//! sequencer (`sequencer.rs`) numbers them after their commit. The row with the last position is never removed: it says
//! where the log ends.

use crate::Store;
use crate::sql::{self, Script};
use kernel::{Batch, Event, EventLog, Fault, Position, Sequenced};
use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};
use tokio::time::{Instant, timeout_at};

/// After how long a waiting reader looks for another process's commits the first time; each pause doubles, up to the
/// configured one.
const FIRST_LOOK: Duration = Duration::from_millis(20);

/// For so long a file that looks untouched is taken to be so: clocks of file systems have ticks.
const TRUSTED: Duration = Duration::from_secs(1);

/// A module's log as its own process reads it.
#[derive(Clone)]
pub struct Outbox(Store);

impl Outbox {
    /// The log of this store.
    pub fn of(store: &Store) -> Self {
        Self(store.clone())
    }

    /// The last position given.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn head(&self) -> Result<Position, Fault> {
        self.0.read(self.0.sequence()).await?;
        self.0.read(self.0.head()).await
    }
}

#[async_trait::async_trait]
impl EventLog for Outbox {
    async fn read(&self, after: Position, limit: usize, wait: Duration) -> Result<Batch, Fault> {
        let store = &self.0;
        let until = Instant::now() + wait;
        let mut commits = store.shared.wake.committed.subscribe();
        let mut look = FIRST_LOOK.min(store.shared.poll);
        loop {
            commits.borrow_and_update();
            let (trace, began) = (store.trace(), Instant::now());
            store.read(store.sequence()).await?;
            let head = store.read(store.head()).await?;
            let events = if head > after { store.read(store.events_after(after, limit)).await? } else { Vec::new() };
            if !events.is_empty() || Instant::now() >= until {
                let head = events.last().map_or(head, |last| last.position.max(head));
                return Ok(Batch { events, head });
            }
            // A commit of this process wakes at once; another process's is found at the next look.
            while timeout_at(until.min(Instant::now() + look), commits.changed()).await.is_err() {
                look = (look * 2).min(store.shared.poll);
                let untouched = trace.is_some() && trace == store.trace();
                if !untouched || began.elapsed() >= TRUSTED || Instant::now() >= until {
                    break;
                }
            }
        }
    }
}

/// What a commit changes about a database's files: their lengths, and when they were written last.
type Trace = [Option<(u64, SystemTime)>; 2];

impl Store {
    /// The trace that commits leave on the files of a SQLite database. To look at it costs far less than to ask the
    /// database, which nearly always has nothing new to say.
    fn trace(&self) -> Option<Trace> {
        let files = self.shared.files.as_ref()?;
        let seen = |file: &PathBuf| file.metadata().ok().and_then(|file| Some((file.len(), file.modified().ok()?)));
        Some([seen(&files[0]), seen(&files[1])])
    }

    /// Gives positions to what has been committed without one.
    async fn sequence(&self) -> Result<(), DbErr> {
        if self.backend() == DbBackend::Sqlite { Ok(()) } else { self.number_commits(&self.shared.outbox).await }
    }

    async fn head(&self) -> Result<Position, DbErr> {
        if self.backend() != DbBackend::Sqlite {
            return self.last_number(&self.shared.outbox).await.map(Position);
        }
        let query = sql::statement(self.backend(), "SELECT position FROM outbox_head WHERE id = 1", []);
        let row = self.primary().query_one_raw(query).await?;
        row.map_or(Ok(Position::START), |row| row.try_get("", "position").map(Position))
    }

    async fn events_after(&self, after: Position, limit: usize) -> Result<Vec<Sequenced>, DbErr> {
        let query = "SELECT position, event FROM outbox WHERE position > $1 ORDER BY position LIMIT $2";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let query = sql::statement(self.backend(), query, [after.0.into(), limit.into()]);
        let rows = self.primary().query_all_raw(query).await?;
        let parse = |row: &sea_orm::QueryResult| {
            let event: String = row.try_get("", "event")?;
            let event: Event = serde_json::from_str(&event).map_err(|e| DbErr::Json(e.to_string()))?;
            Ok(Sequenced { position: Position(row.try_get("", "position")?), event })
        };
        rows.iter().map(parse).collect()
    }
}

/// Appends events. On SQLite their positions are taken from the head in the same transaction.
pub(crate) fn append(script: &mut Script, backend: DbBackend, events: &[Event]) -> Result<(), Fault> {
    if events.is_empty() {
        return Ok(());
    }
    let numbered = backend == DbBackend::Sqlite;
    if numbered {
        let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
        script.add("UPDATE outbox_head SET position = position + $1 WHERE id = 1", vec![count.into()]);
    }
    let (mut rows, mut values) = (Vec::with_capacity(events.len()), Vec::with_capacity(events.len() * 3));
    for (nth, event) in events.iter().enumerate() {
        let position = if numbered {
            format!("(SELECT position FROM outbox_head WHERE id = 1) - {}", events.len() - 1 - nth)
        } else {
            "NULL".to_owned()
        };
        let first = nth * 3 + 1;
        rows.push(format!("({position}, ${first}, ${}, ${})", first + 1, first + 2));
        let text = serde_json::to_string(event).map_err(Fault::internal)?;
        values.extend([event.id.into(), event.kind.as_str().into(), text.into()]);
    }
    script.add(format!("INSERT INTO outbox (position, event_id, kind, event) VALUES {}", rows.join(", ")), values);
    Ok(())
}
