//! A read model of all purses: what each holds, and a line for each event in the order in which they were projected.

use crate::purse::{Bank, Purse, PurseEvent, trail};
use sea_orm::sea_query::{Index, Table};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Value};
use sea_orm_migration::prelude::DeriveMigrationName;
use sea_orm_migration::schema::{big_integer, integer, string_len, uuid};
use sea_orm_migration::{MigrationTrait, SchemaManager};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::schema::create_table;
use store::streams::{Colour, Entry, Projection, Projector, colour, live_view};
use store::{ChangeError, Store, statement};
use uuid::Uuid;

const NAME: &str = "bank.balances";

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let balances = Table::create()
            .table("balance_rows")
            .col(colour())
            .col(uuid("purse_id"))
            .col(string_len("owner", 40))
            .col(big_integer("balance_minor"))
            .col(big_integer("trail"))
            .col(integer("written_by"))
            .primary_key(Index::create().col("colour").col("purse_id"))
            .to_owned();
        create_table(m, balances).await?;
        let lines = Table::create()
            .table("line_rows")
            .col(colour())
            .col(big_integer("position"))
            .col(uuid("purse_id"))
            .col(big_integer("version"))
            .primary_key(Index::create().col("colour").col("position"))
            .to_owned();
        create_table(m, lines).await?;
        let columns = ["purse_id", "owner", "balance_minor", "trail", "written_by"];
        live_view(m, NAME, "balances", "balance_rows", &columns).await?;
        live_view(m, NAME, "purse_lines", "line_rows", &["position", "purse_id", "version"]).await
    }
}

/// Writes the read model, one statement after the other.
pub(crate) struct Balances {
    version: i32,
    /// While it is set nothing can be projected.
    pub(crate) broken: AtomicBool,
}

/// The read model as the program of this version writes it, in steps of `batch` events.
pub(crate) fn balances(version: i32, batch: usize) -> (Projection, Arc<Balances>) {
    let projector = Arc::new(Balances { version, broken: AtomicBool::new(false) });
    let tables = &["balance_rows", "line_rows"];
    let projection = Projection { name: NAME, version, tables, kinds: &["purse"], batch, projector: projector.clone() };
    (projection, projector)
}

async fn run<const N: usize>(tx: &DatabaseTransaction, sql: &str, values: [Value; N]) -> Result<u64, DbErr> {
    Ok(tx.execute_raw(statement(tx.get_database_backend(), sql, values)).await?.rows_affected())
}

impl Balances {
    async fn project_one(&self, tx: &DatabaseTransaction, colour: Colour, entry: &Entry) -> Result<(), ChangeError> {
        let line = "INSERT INTO line_rows (colour, position, purse_id, version) VALUES ($1, $2, $3, $4)";
        let id = entry.stream_id;
        run(tx, line, [colour.into(), entry.position.0.into(), id.into(), entry.version.into()]).await?;
        let event = entry.event::<Purse>().expect("only purses are followed")?;
        let amount = match &event {
            PurseEvent::Opened { owner } => {
                let open = "INSERT INTO balance_rows (colour, purse_id, owner, balance_minor, trail, written_by) \
                            VALUES ($1, $2, $3, 0, 0, $4)";
                run(tx, open, [colour.into(), id.into(), owner.as_str().into(), self.version.into()]).await?;
                0
            }
            PurseEvent::Deposited { amount_minor, .. } => *amount_minor,
            PurseEvent::Withdrawn { amount_minor } => -amount_minor,
            PurseEvent::Closed => 0,
        };
        let find = "SELECT trail FROM balance_rows WHERE colour = $1 AND purse_id = $2";
        let find = statement(tx.get_database_backend(), find, [colour.into(), id.into()]);
        let before: i64 = tx.query_one_raw(find).await?.expect("a purse is opened first").try_get("", "trail")?;
        let after = i64::from(trail(u32::try_from(before).unwrap(), &event));
        let update = "UPDATE balance_rows SET balance_minor = balance_minor + $3, trail = $4 \
                      WHERE colour = $1 AND purse_id = $2";
        run(tx, update, [colour.into(), id.into(), amount.into(), after.into()]).await?;
        Ok(())
    }
}

#[async_trait::async_trait]
impl Projector for Balances {
    async fn project(&self, tx: &DatabaseTransaction, colour: Colour, entries: &[Entry]) -> Result<(), ChangeError> {
        for entry in entries {
            self.project_one(tx, colour, entry).await?;
        }
        if self.broken.load(Ordering::SeqCst) {
            return Err(kernel::Fault::internal("the projector is broken").into());
        }
        Ok(())
    }
}

/// A row of the read model: owner, balance, trail, and the version of the program that wrote it.
pub(crate) type Row = (String, i64, i64, i32);

/// What readers see, by purse.
pub(crate) async fn seen(store: &Store) -> BTreeMap<Uuid, Row> {
    page(store, Uuid::nil(), 10_000).await.into_iter().collect()
}

/// The purses after this one, in their order.
pub(crate) async fn page(store: &Store, after: Uuid, limit: i64) -> Vec<(Uuid, Row)> {
    let list = "SELECT purse_id, owner, balance_minor, trail, written_by FROM balances WHERE purse_id > $1 \
                ORDER BY purse_id LIMIT $2";
    let list = statement(store.backend(), list, [after.into(), limit.into()]);
    let rows = store.primary().query_all_raw(list).await.unwrap();
    let get = |row: &sea_orm::QueryResult| {
        let owner = row.try_get("", "owner")?;
        let (balance, trail) = (row.try_get("", "balance_minor")?, row.try_get("", "trail")?);
        Ok::<_, DbErr>((row.try_get("", "purse_id")?, (owner, balance, trail, row.try_get("", "written_by")?)))
    };
    rows.iter().map(get).collect::<Result<_, _>>().unwrap()
}

/// What readers should see: the fold of each stream.
pub(crate) async fn folded(bank: &Bank, purses: &[Uuid], written_by: i32) -> BTreeMap<Uuid, Row> {
    let mut rows = BTreeMap::new();
    for id in purses {
        let purse = bank.purse(*id).await;
        let Purse { owner, balance_minor, trail, .. } = purse.state();
        rows.insert(*id, (owner.clone(), *balance_minor, i64::from(*trail), written_by));
    }
    rows
}

/// The lines readers see: position, purse and version.
pub(crate) async fn lines(store: &Store) -> Vec<(i64, Uuid, i64)> {
    let list = statement(store.backend(), "SELECT position, purse_id, version FROM purse_lines ORDER BY position", []);
    let rows = store.primary().query_all_raw(list).await.unwrap();
    let get = |row: &sea_orm::QueryResult| {
        Ok::<_, DbErr>((row.try_get("", "position")?, row.try_get("", "purse_id")?, row.try_get("", "version")?))
    };
    rows.iter().map(get).collect::<Result<_, _>>().unwrap()
}
