//! A subscriber's memory, in the subscriber's own database: cursor, what was handled, what waits, what died.

use crate::feed::{ALREADY_HANDLED, CURSOR_MOVED, DeadLetter};
use crate::{ChangeError, Store, faults, sql};
use kernel::{Delivery, Event, Fault, Position, Sequenced, Time};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, QueryResult, Value};

const FIRST_OF_ITS_KEY: &str = "NOT EXISTS (SELECT 1 FROM parked AS earlier \
     WHERE earlier.subscriber = parked.subscriber AND earlier.source = parked.source \
     AND earlier.ordering_key = parked.ordering_key AND earlier.position < parked.position)";

/// An event that failed and waits for its next attempt.
pub(crate) struct Parked {
    pub(crate) position: Position,
    pub(crate) event: Event,
    pub(crate) attempts: i32,
}

/// Commits the delivery: remembers the event, and moves the cursor or forgets that the event was parked.
pub(crate) async fn settle(tx: &DatabaseTransaction, delivery: &Delivery, at: Time) -> Result<(), ChangeError> {
    let backend = tx.get_database_backend();
    let remember = "INSERT INTO inbox (subscriber, event_id, source, position, handled_at) VALUES ($1, $2, $3, $4, $5)";
    let values: [Value; 5] = [
        delivery.subscriber.as_str().into(),
        delivery.event_id.into(),
        delivery.source.as_str().into(),
        delivery.position.0.into(),
        at.into(),
    ];
    match tx.execute_raw(sql::statement(backend, remember, values)).await {
        Ok(_) => {}
        Err(error) if faults::violated_constraint(&error).is_some() => return Err(ALREADY_HANDLED.fault().into()),
        Err(error) => return Err(error.into()),
    }
    let moved = match delivery.cursor {
        Some(from) => {
            let at = Place { subscriber: &delivery.subscriber, source: &delivery.source };
            move_cursor(tx, at, from, delivery.position).await?
        }
        None => {
            let at = Place { subscriber: &delivery.subscriber, source: &delivery.source };
            forget_parked(tx, at, delivery.position).await?
        }
    };
    if moved { Ok(()) } else { Err(CURSOR_MOVED.fault().into()) }
}

/// Whose cursor on whose log.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) subscriber: &'a str,
    pub(crate) source: &'a str,
}

async fn move_cursor<C: ConnectionTrait>(db: &C, at: Place<'_>, from: Position, to: Position) -> Result<bool, DbErr> {
    let advance = "UPDATE cursors SET position = $1 WHERE subscriber = $2 AND source = $3 AND position = $4";
    let values: [Value; 4] = [to.0.into(), at.subscriber.into(), at.source.into(), from.0.into()];
    let moved = db.execute_raw(sql::statement(db.get_database_backend(), advance, values)).await?;
    Ok(moved.rows_affected() == 1)
}

/// Forgets that an event was parked; whether it was.
async fn forget_parked<C: ConnectionTrait>(db: &C, at: Place<'_>, position: Position) -> Result<bool, DbErr> {
    let forget = "DELETE FROM parked WHERE subscriber = $1 AND source = $2 AND position = $3";
    let values: [Value; 3] = [at.subscriber.into(), at.source.into(), position.0.into()];
    let forgotten = db.execute_raw(sql::statement(db.get_database_backend(), forget, values)).await?;
    Ok(forgotten.rows_affected() == 1)
}

impl Store {
    /// Where the subscriber stands; a new subscriber stands at the start.
    pub(crate) async fn cursor(&self, at: Place<'_>) -> Result<Position, Fault> {
        let find = "SELECT position FROM cursors WHERE subscriber = $1 AND source = $2";
        let find = sql::statement(self.backend(), find, [at.subscriber.into(), at.source.into()]);
        if let Some(row) = self.read(self.primary().query_one_raw(find)).await? {
            return row.try_get("", "position").map(Position).map_err(Fault::internal);
        }
        let begin = "INSERT INTO cursors (subscriber, source, position) VALUES ($1, $2, 0)";
        let begin = sql::insert_ignoring_duplicates(self.backend(), begin, "position");
        let begin = sql::statement(self.backend(), begin, [at.subscriber.into(), at.source.into()]);
        self.read(self.shared.writer.execute_raw(begin)).await?;
        Ok(Position::START)
    }

    /// Moves the cursor over events nobody wanted, unless another process was there first.
    pub(crate) async fn advance(&self, at: Place<'_>, from: Position, to: Position) -> Result<bool, Fault> {
        self.read(move_cursor(&self.shared.writer, at, from, to)).await
    }

    /// Commits a delivery that had no effect to commit with.
    pub(crate) async fn acknowledge(&self, delivery: &Delivery) -> Result<(), Fault> {
        let now = self.shared.clock.now();
        self.in_transaction(async |tx| settle(tx, delivery, now).await).await?;
        delivery.settle();
        Ok(())
    }

    /// Sets an event aside after a failure, moving the cursor past it in the same transaction.
    pub(crate) async fn park(
        &self,
        at: Place<'_>,
        from: Position,
        event: &Sequenced,
        due: Time,
        attempts: i32,
        error: &str,
    ) -> Result<(), Fault> {
        let text = serde_json::to_string(&event.event).map_err(Fault::internal)?;
        self.in_transaction(async |tx| {
            let insert = "INSERT INTO parked (subscriber, source, position, ordering_key, event, attempts, \
                          next_attempt_at, error) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
            let values: [Value; 8] = [
                at.subscriber.into(),
                at.source.into(),
                event.position.0.into(),
                event.event.key.as_str().into(),
                text.clone().into(),
                attempts.into(),
                due.into(),
                sql::storable(error).into(),
            ];
            tx.execute_raw(sql::statement(tx.get_database_backend(), insert, values)).await?;
            let moved = move_cursor(tx, at, from, event.position).await?;
            if moved { Ok(()) } else { Err(CURSOR_MOVED.fault().into()) }
        })
        .await
    }

    /// Whether an earlier event with this key waits, so that this one must wait too.
    pub(crate) async fn is_key_parked(&self, at: Place<'_>, key: &str) -> Result<bool, Fault> {
        let find = "SELECT 1 AS one FROM parked WHERE subscriber = $1 AND source = $2 AND ordering_key = $3 LIMIT 1";
        let find = sql::statement(self.backend(), find, [at.subscriber.into(), at.source.into(), key.into()]);
        Ok(self.read(self.primary().query_one_raw(find)).await?.is_some())
    }

    /// When the next parked event is due, if any is parked. Only the first one of each key counts.
    pub(crate) async fn next_due(&self, at: Place<'_>) -> Result<Option<Time>, Fault> {
        let find = format!(
            "SELECT next_attempt_at FROM parked WHERE subscriber = $1 AND source = $2 AND {FIRST_OF_ITS_KEY} \
             ORDER BY next_attempt_at LIMIT 1"
        );
        let find = sql::statement(self.backend(), find, [at.subscriber.into(), at.source.into()]);
        let row = self.read(self.primary().query_one_raw(find)).await?;
        row.map(|row| row.try_get("", "next_attempt_at")).transpose().map_err(Fault::internal)
    }

    /// The parked events that are due, only the first one of each key.
    pub(crate) async fn due(&self, at: Place<'_>, now: Time) -> Result<Vec<Parked>, Fault> {
        let find = format!(
            "SELECT position, event, attempts FROM parked WHERE subscriber = $1 AND source = $2 \
             AND next_attempt_at <= $3 AND {FIRST_OF_ITS_KEY} ORDER BY position LIMIT 100"
        );
        let find = sql::statement(self.backend(), find, [at.subscriber.into(), at.source.into(), now.into()]);
        let rows = self.read(self.primary().query_all_raw(find)).await?;
        rows.iter().map(parked).collect::<Result<_, _>>().map_err(Fault::internal)
    }

    /// Sets the next attempt of a parked event.
    pub(crate) async fn repark(
        &self,
        at: Place<'_>,
        position: Position,
        due: Time,
        attempts: i32,
        error: &str,
    ) -> Result<(), Fault> {
        let update = "UPDATE parked SET attempts = $4, next_attempt_at = $5, error = $6 \
                      WHERE subscriber = $1 AND source = $2 AND position = $3";
        let values: [Value; 6] = [
            at.subscriber.into(),
            at.source.into(),
            position.0.into(),
            attempts.into(),
            due.into(),
            sql::storable(error).into(),
        ];
        self.read(self.shared.writer.execute_raw(sql::statement(self.backend(), update, values))).await.map(drop)
    }

    /// Lets the next event of its key go on, because this one was handled before.
    pub(crate) async fn unpark(&self, at: Place<'_>, position: Position) -> Result<(), Fault> {
        self.read(forget_parked(&self.shared.writer, at, position)).await.map(drop)
    }

    /// Gives an event up: it moves to the dead letters, and the next one of its key may go on.
    pub(crate) async fn bury(&self, at: Place<'_>, parked: &Parked, attempts: i32, error: &str) -> Result<(), Fault> {
        let now = self.shared.clock.now();
        self.in_transaction(async |tx| {
            let backend = tx.get_database_backend();
            let insert = "INSERT INTO dead_letters (subscriber, source, position, event, attempts, died_at, error) \
                          SELECT subscriber, source, position, event, $4, $5, $6 FROM parked \
                          WHERE subscriber = $1 AND source = $2 AND position = $3";
            let values: [Value; 6] = [
                at.subscriber.into(),
                at.source.into(),
                parked.position.0.into(),
                attempts.into(),
                now.into(),
                sql::storable(error).into(),
            ];
            tx.execute_raw(sql::statement(backend, insert, values)).await?;
            forget_parked(tx, at, parked.position).await?;
            Ok(())
        })
        .await
    }

    /// Every subscriber of this module, with the module it listens to and the last position it has dealt with: each
    /// event up to there was handled or given up, and one that waits for another attempt lies behind it.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn cursors(&self) -> Result<Vec<(String, String, Position)>, Fault> {
        let list = "SELECT subscriber, source, position, (SELECT MIN(parked.position) FROM parked \
                    WHERE parked.subscriber = cursors.subscriber AND parked.source = cursors.source) AS waits \
                    FROM cursors ORDER BY subscriber, source";
        let rows = self.read(self.primary().query_all_raw(sql::statement(self.backend(), list, []))).await?;
        rows.iter().map(stand).collect::<Result<_, _>>().map_err(Fault::internal)
    }

    /// The events subscribers of this module gave up on, the oldest first.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn dead_letters(&self) -> Result<Vec<DeadLetter>, Fault> {
        let list = "SELECT subscriber, source, position, event, attempts, died_at, error FROM dead_letters \
                    ORDER BY died_at, position LIMIT 1000";
        let rows = self.read(self.primary().query_all_raw(sql::statement(self.backend(), list, []))).await?;
        rows.iter().map(dead_letter).collect::<Result<_, _>>().map_err(Fault::internal)
    }

    /// Gives a dead letter another life: it is attempted again from the first attempt on. False if there is none.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn redrive(&self, letter: &DeadLetter) -> Result<bool, Fault> {
        let now = self.shared.clock.now();
        let text = serde_json::to_string(&letter.event).map_err(Fault::internal)?;
        self.in_transaction(async |tx| {
            let backend = tx.get_database_backend();
            let place: [Value; 3] =
                [letter.subscriber.as_str().into(), letter.source.as_str().into(), letter.position.0.into()];
            let delete = "DELETE FROM dead_letters WHERE subscriber = $1 AND source = $2 AND position = $3";
            if tx.execute_raw(sql::statement(backend, delete, place.clone())).await?.rows_affected() == 0 {
                return Ok(false);
            }
            let insert = "INSERT INTO parked (subscriber, source, position, ordering_key, event, attempts, \
                          next_attempt_at, error) VALUES ($1, $2, $3, $4, $5, 0, $6, $7)";
            let rest: [Value; 4] =
                [letter.event.key.as_str().into(), text.clone().into(), now.into(), letter.error.as_str().into()];
            tx.execute_raw(sql::statement(backend, insert, place.into_iter().chain(rest))).await?;
            Ok(true)
        })
        .await
    }

    /// Runs `work` in one write transaction of its own.
    pub(crate) async fn in_transaction<T>(
        &self,
        work: impl AsyncFnOnce(&DatabaseTransaction) -> Result<T, ChangeError>,
    ) -> Result<T, Fault> {
        let write = async {
            let tx = self.begin().await?;
            let done = work(&tx).await?;
            tx.commit().await?;
            Ok::<T, ChangeError>(done)
        };
        match tokio::time::timeout(self.shared.patience, write).await {
            Ok(done) => done.map_err(|error| error.into_fault(self.shared.constraints)),
            Err(_) => Err(kernel::reasons::STORE_DOWN.fault()),
        }
    }
}

fn event(row: &QueryResult) -> Result<Event, DbErr> {
    let text: String = row.try_get("", "event")?;
    serde_json::from_str(&text).map_err(|e| DbErr::Json(e.to_string()))
}

fn stand(row: &QueryResult) -> Result<(String, String, Position), DbErr> {
    let (at, waits): (i64, Option<i64>) = (row.try_get("", "position")?, row.try_get("", "waits")?);
    let dealt_with = waits.map_or(at, |waits| at.min(waits - 1));
    Ok((row.try_get("", "subscriber")?, row.try_get("", "source")?, Position(dealt_with)))
}

fn parked(row: &QueryResult) -> Result<Parked, DbErr> {
    Ok(Parked {
        position: Position(row.try_get("", "position")?),
        event: event(row)?,
        attempts: row.try_get("", "attempts")?,
    })
}

fn dead_letter(row: &QueryResult) -> Result<DeadLetter, DbErr> {
    Ok(DeadLetter {
        subscriber: row.try_get("", "subscriber")?,
        source: row.try_get("", "source")?,
        position: Position(row.try_get("", "position")?),
        event: event(row)?,
        attempts: row.try_get("", "attempts")?,
        died_at: row.try_get("", "died_at")?,
        error: row.try_get("", "error")?,
    })
}
