//! The tree over the record: which entry is which leaf, the hashes, the signed checkpoints, and what waits to be sealed.
//! There is no way back: it would take the evidence away.

use sea_orm::sea_query::{Index, Table};
use sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::prelude::DeriveMigrationName;
use sea_orm_migration::schema::{big_integer, integer, string_len, string_len_null, uuid};
use sea_orm_migration::{MigrationTrait, SchemaManager};
use store::insert_ignoring_duplicates;
use store::schema::{after_each_insert, append_only, create_index, create_table, index, instant, long_text};

/// 32 bytes in base64.
const DIGEST: u32 = 44;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        unsealed(m).await?;
        leaves(m).await?;
        nodes(m).await?;
        checkpoints(m).await?;
        // By a trigger, so that what an older program records while this one starts is sealed too.
        let wait = "INSERT INTO unsealed (tenant_id, entry_id) VALUES (NEW.tenant_id, NEW.id)";
        after_each_insert(m, "entries", "entries_wait", wait).await?;
        let backlog = "INSERT INTO unsealed (tenant_id, entry_id) SELECT tenant_id, id FROM entries WHERE 1 = 1";
        let backlog = insert_ignoring_duplicates(m.get_database_backend(), backlog, "entry_id");
        m.get_connection().execute_unprepared(&backlog).await?;
        for table in ["entries", "leaves", "nodes", "checkpoints"] {
            append_only(m, table).await?;
        }
        Ok(())
    }
}

/// The one table of these from which rows go: in the commit that seals them.
async fn unsealed(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_table(
        m,
        Table::create()
            .table("unsealed")
            .col(uuid("tenant_id"))
            .col(uuid("entry_id"))
            .primary_key(Index::create().col("tenant_id").col("entry_id"))
            .to_owned(),
    )
    .await
}

async fn leaves(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_table(
        m,
        Table::create()
            .table("leaves")
            .col(uuid("tenant_id"))
            .col(big_integer("leaf"))
            .col(uuid("entry_id"))
            .col(string_len("commitment", DIGEST))
            // Goes with the personal fields when those are forgotten.
            .col(string_len_null("salt", DIGEST))
            .primary_key(Index::create().col("tenant_id").col("leaf"))
            .to_owned(),
    )
    .await?;
    create_index(m, index("ux_leaves_entry_id", "leaves", &["entry_id"]).unique().to_owned()).await
}

/// The hash of every complete subtree; those of level 0 are the leaves'.
async fn nodes(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_table(
        m,
        Table::create()
            .table("nodes")
            .col(uuid("tenant_id"))
            .col(integer("level"))
            .col(big_integer("place"))
            .col(string_len("hash", DIGEST))
            .primary_key(Index::create().col("tenant_id").col("level").col("place"))
            .to_owned(),
    )
    .await
}

async fn checkpoints(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_table(
        m,
        Table::create()
            .table("checkpoints")
            .col(uuid("tenant_id"))
            .col(big_integer("size"))
            .col(string_len("root", DIGEST))
            .col(long_text(m, "note"))
            .col(instant(m, "at"))
            .primary_key(Index::create().col("tenant_id").col("size"))
            .to_owned(),
    )
    .await
}
