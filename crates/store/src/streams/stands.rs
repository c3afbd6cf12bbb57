//! Where the two colours of a read model stand, and how readers find the live one.

use crate::Store;
use crate::sql::{insert_ignoring_duplicates, statement};
use kernel::{Fault, Position};
use sea_orm::sea_query::ColumnDef;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, QueryResult, Value};
use sea_orm_migration::SchemaManager;
use sea_orm_migration::schema::string_len;

/// One of the two sets of rows a read model has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// The one that is filled first.
    Blue,
    /// The other one.
    Green,
}

impl Colour {
    /// What stands in the column `colour`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blue => "blue",
            Self::Green => "green",
        }
    }

    pub(super) const fn other(self) -> Self {
        match self {
            Self::Blue => Self::Green,
            Self::Green => Self::Blue,
        }
    }
}

impl From<Colour> for Value {
    fn from(colour: Colour) -> Self {
        colour.name().into()
    }
}

/// The column `colour`, which every table of a read model has, and its primary key and indexes begin with.
pub fn colour() -> ColumnDef {
    string_len("colour", 5)
}

/// Makes `view` of the live rows of `table`. Readers read the view: the colour is found in the statement that reads it,
/// so that no switch comes between the two.
///
/// # Errors
/// What the database says.
pub async fn live_view(
    manager: &SchemaManager<'_>,
    projection: &str,
    view: &str,
    table: &str,
    columns: &[&str],
) -> Result<(), DbErr> {
    let create = match manager.get_database_backend() {
        DbBackend::Sqlite => "CREATE VIEW IF NOT EXISTS",
        _ => "CREATE OR REPLACE VIEW",
    };
    let sql = format!(
        "{create} {view} AS SELECT {} FROM {table} WHERE colour = \
         (SELECT colour FROM stream_projections WHERE name = '{projection}' AND state = 'live')",
        columns.join(", ")
    );
    manager.get_connection().execute_unprepared(&sql).await.map(drop)
}

/// What is being done to a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing: it has no rows.
    Empty,
    /// Old rows are deleted, to be filled afterwards.
    Clearing,
    /// It is filled from the start.
    Filling,
    /// It is read, and follows the streams.
    Live,
    /// It was live. Its rows are deleted.
    Emptying,
}

impl State {
    const ALL: [Self; 5] = [Self::Empty, Self::Clearing, Self::Filling, Self::Live, Self::Emptying];

    const fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Clearing => "clearing",
            Self::Filling => "filling",
            Self::Live => "live",
            Self::Emptying => "emptying",
        }
    }
}

/// Where one colour stands: what it is, which version of the projection writes it, and up to which entry it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stand {
    pub(super) colour: Colour,
    pub(super) state: State,
    pub(super) version: i32,
    pub(super) position: Position,
}

/// Both colours' stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stands {
    blue: Stand,
    green: Stand,
}

impl Stands {
    pub(super) fn of(&self, colour: Colour) -> Stand {
        match colour {
            Colour::Blue => self.blue,
            Colour::Green => self.green,
        }
    }

    pub(super) fn in_state(&self, states: &[State]) -> Option<Stand> {
        [self.blue, self.green].into_iter().find(|stand| states.contains(&stand.state))
    }

    pub(super) fn live(&self) -> Option<Stand> {
        self.in_state(&[State::Live])
    }

    /// The colour a rebuild was begun in and not finished.
    pub(super) fn unfinished(&self) -> Option<Stand> {
        self.in_state(&[State::Clearing, State::Filling])
    }

    async fn read<C: ConnectionTrait>(db: &C, projection: &str) -> Result<Option<Self>, DbErr> {
        // Both in one statement, so that no switch comes between them.
        let query = "SELECT colour, state, version, position FROM stream_projections WHERE name = $1 ORDER BY colour";
        let rows = db.query_all_raw(statement(db.get_database_backend(), query, [projection.into()])).await?;
        match rows.as_slice() {
            [blue, green] => Ok(Some(Self { blue: stand(blue, Colour::Blue)?, green: stand(green, Colour::Green)? })),
            _ => Ok(None),
        }
    }

    /// Both stands as a transaction sees them.
    pub(super) async fn within(tx: &DatabaseTransaction, projection: &str) -> Result<Self, DbErr> {
        Self::read(tx, projection).await?.ok_or_else(|| DbErr::RecordNotFound(projection.to_owned()))
    }
}

fn stand(row: &QueryResult, colour: Colour) -> Result<Stand, DbErr> {
    let name: String = row.try_get("", "state")?;
    let state = State::ALL.into_iter().find(|state| state.name() == name);
    let state = state.ok_or_else(|| DbErr::Type(format!("{name} is no state of a read model")))?;
    let position = Position(row.try_get("", "position")?);
    Ok(Stand { colour, state, version: row.try_get("", "version")?, position })
}

/// Moves one colour from `from`, exactly as it was seen, to `to`; false when it is not there any more. The row stays
/// locked until the transaction ends, so whoever moves a colour first may then write its rows undisturbed.
pub(super) async fn shift(tx: &DatabaseTransaction, projection: &str, from: Stand, to: Stand) -> Result<bool, DbErr> {
    let update = "UPDATE stream_projections SET state = $1, version = $2, position = $3 \
                  WHERE name = $4 AND colour = $5 AND state = $6 AND version = $7 AND position = $8";
    let values: [Value; 8] = [
        to.state.name().into(),
        to.version.into(),
        to.position.0.into(),
        projection.into(),
        from.colour.into(),
        from.state.name().into(),
        from.version.into(),
        from.position.0.into(),
    ];
    let moved = tx.execute_raw(statement(tx.get_database_backend(), update, values)).await?;
    Ok(moved.rows_affected() == 1)
}

/// Holds the live colour where it is until the transaction ends. None may be live yet.
pub(super) async fn hold_live(tx: &DatabaseTransaction, projection: &str) -> Result<(), DbErr> {
    let hold = "UPDATE stream_projections SET position = position WHERE name = $1 AND state = 'live'";
    tx.execute_raw(statement(tx.get_database_backend(), hold, [projection.into()])).await.map(drop)
}

impl Store {
    /// Where both colours stand. A projection nobody has heard of begins with two empty ones.
    pub(super) async fn stands(&self, projection: &str) -> Result<Stands, Fault> {
        if let Some(stands) = self.read(Stands::read(self.primary(), projection)).await? {
            return Ok(stands);
        }
        let begin = "INSERT INTO stream_projections (name, colour, state, version, position) \
                     VALUES ($1, 'blue', 'empty', 0, 0), ($1, 'green', 'empty', 0, 0)";
        // Another process may be quicker.
        let begin = insert_ignoring_duplicates(self.backend(), begin, "colour");
        let begin = statement(self.backend(), begin, [projection.into()]);
        self.read(self.shared.writer.execute_raw(begin)).await?;
        let stands = self.read(Stands::read(self.primary(), projection)).await?;
        stands.ok_or_else(|| Fault::internal(format!("the stands of {projection} cannot be found")))
    }
}
