//! Rebuilding a read model blue/green: the colour nobody reads is cleared and filled from the start, then one
//! transaction takes it live.
//!
//! `Empty → Clearing → Filling → Live → Emptying → Empty`. Each arrow is one transaction that names the stand it
//! leaves; so whoever is killed leaves a stand others go on from, and of two who do the same one succeeds.

use crate::sql::statement;
use crate::streams::Projection;
use crate::streams::log::entries_between;
use crate::streams::stands::{Colour, Stand, Stands, State, hold_live, shift};
use crate::{ChangeError, Store};
use kernel::{Fault, FaultCode, Position, Reason};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Value};

const ANOTHER_VERSION: Reason = Reason::new(
    FaultCode::Conflict,
    "stream.another_version",
    "Another version of this program is rebuilding the same read model.",
);

/// Who finished a rebuild.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rebuilt {
    /// This call made the switch.
    Here,
    /// Somebody else who rebuilt at the same time did.
    Elsewhere,
}

impl Store {
    /// Fills the colour that is not read from the start, switches to it when it has caught up, and empties the other.
    /// Goes on with an unfinished rebuild of the same version; one of another version is begun again.
    ///
    /// # Errors
    /// `Conflict` when another version of the program takes the rebuild over; what the projector failed with;
    /// `Unavailable` when the database does not answer. The colour that is read is as good as before.
    pub async fn rebuild(&self, projection: &Projection) -> Result<Rebuilt, Fault> {
        let target = self.begin_rebuild(projection).await?;
        let mut rebuilt = Rebuilt::Elsewhere;
        loop {
            let stands = self.stands(projection.name).await?;
            let stand = stands.of(target);
            let ours = stand.version == projection.version;
            match stand.state {
                State::Clearing if ours => {
                    let filling = State::Filling;
                    self.delete_rows(projection, stand, filling).await?;
                }
                State::Filling if ours => {
                    if self.fill(projection, stand).await? {
                        rebuilt = Rebuilt::Here;
                    }
                }
                State::Clearing | State::Filling => return Err(ANOTHER_VERSION.fault()),
                State::Live if !ours => return Err(ANOTHER_VERSION.fault()),
                State::Live | State::Empty | State::Emptying => break,
            }
        }
        while let Some(left) = self.stands(projection.name).await?.in_state(&[State::Emptying]) {
            self.delete_rows(projection, left, State::Empty).await?;
        }
        Ok(rebuilt)
    }

    /// Claims the colour to fill, or finds the one that is being filled.
    async fn begin_rebuild(&self, projection: &Projection) -> Result<Colour, Fault> {
        loop {
            let stands = self.stands(projection.name).await?;
            let colour = match (stands.unfinished(), stands.live()) {
                (Some(begun), _) if begun.version == projection.version => return Ok(begun.colour),
                (Some(begun), _) => begun.colour,
                (None, Some(live)) => live.colour.other(),
                (None, None) => Colour::Blue,
            };
            let version = projection.version;
            let to = Stand { colour, state: State::Clearing, version, position: Position::START };
            let claim =
                self.turn(async |tx| Ok(shift(tx, projection.name, stands.of(colour), to).await?.then_some(())));
            if claim.await?.is_some() {
                return Ok(colour);
            }
        }
    }

    /// Deletes some rows of a colour nobody reads; when there were no more, the colour is in state `then`. Nothing
    /// happens to a colour that does not stand at `at` any more.
    pub(super) async fn delete_rows(&self, projection: &Projection, at: Stand, then: State) -> Result<(), Fault> {
        self.turn(async |tx| {
            // Taken first, so that nobody claims or fills the colour while its rows are deleted.
            if !shift(tx, projection.name, at, at).await? {
                return Ok(None);
            }
            let mut left = false;
            for table in projection.tables {
                left |= delete_some(tx, table, at.colour, projection.batch).await?;
            }
            if !left {
                shift(tx, projection.name, at, Stand { state: then, ..at }).await?;
            }
            Ok(Some(()))
        })
        .await
        .map(drop)
    }

    /// Takes in one batch, and switches when there was no more than that. Whether it switched.
    async fn fill(&self, projection: &Projection, stand: Stand) -> Result<bool, Fault> {
        let entries = self.entries(stand.position, projection.batch).await?;
        let moved = self.step(projection, stand, &entries).await?;
        if !moved || entries.len() >= projection.batch {
            return Ok(false);
        }
        let position = entries.last().map_or(stand.position, |last| last.position);
        self.switch(projection, Stand { position, ..stand }).await
    }

    /// Takes the filled colour live. What the live one has taken in meanwhile is made up for in the same transaction, so
    /// that readers never go back in time.
    async fn switch(&self, projection: &Projection, filled: Stand) -> Result<bool, Fault> {
        self.turn(async |tx| {
            hold_live(tx, projection.name).await?;
            let old = Stands::within(tx, projection.name).await?.live();
            let position = old.map_or(filled.position, |old| old.position.max(filled.position));
            let missing = entries_between(tx, filled.position, position, projection.batch + 1).await?;
            if missing.len() > projection.batch {
                return Ok(None);
            }
            if let Some(old) = old
                && !shift(tx, projection.name, old, Stand { state: State::Emptying, ..old }).await?
            {
                return Ok(None);
            }
            if !shift(tx, projection.name, filled, Stand { state: State::Live, position, ..filled }).await? {
                return Ok(None);
            }
            projection.take_in(tx, filled.colour, &missing).await?;
            Ok::<_, ChangeError>(Some(()))
        })
        .await
        .map(|done| done.is_some())
    }
}

/// Deletes up to `limit` rows; whether there may be more. No engine but MySQL deletes a number of rows by itself.
async fn delete_some(tx: &DatabaseTransaction, table: &str, colour: Colour, limit: usize) -> Result<bool, DbErr> {
    let backend = tx.get_database_backend();
    let delete = match backend {
        DbBackend::MySql => format!("DELETE FROM {table} WHERE colour = $1 LIMIT $2"),
        DbBackend::Postgres => {
            format!("DELETE FROM {table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {table} WHERE colour = $1 LIMIT $2))")
        }
        _ => format!("DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table} WHERE colour = $1 LIMIT $2)"),
    };
    let values: [Value; 2] = [colour.into(), i64::try_from(limit).unwrap_or(i64::MAX).into()];
    let deleted = tx.execute_raw(statement(backend, delete, values)).await?.rows_affected();
    Ok(usize::try_from(deleted).unwrap_or(usize::MAX) >= limit)
}
