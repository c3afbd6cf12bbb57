//! Which entries were moved into archives: those, and no others, may leave the database. Their leaves, hashes and checkpoints
//! stay. There is no way back: entries that are gone would be missed.

use sea_orm::DbErr;
use sea_orm::sea_query::{Index, Table};
use sea_orm_migration::prelude::DeriveMigrationName;
use sea_orm_migration::schema::{big_integer, string_len, uuid};
use sea_orm_migration::{MigrationTrait, SchemaManager};
use store::schema::{append_only, create_table, instant, removable_where};

/// The longest name of a file.
const NAME: u32 = 200;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        create_table(
            m,
            Table::create()
                .table("archives")
                .col(uuid("tenant_id"))
                .col(big_integer("first_leaf"))
                .col(big_integer("until_leaf"))
                .col(string_len("name", NAME))
                .col(instant(m, "at"))
                .primary_key(Index::create().col("tenant_id").col("first_leaf"))
                .to_owned(),
        )
        .await?;
        append_only(m, "archives").await?;
        // Archives do not overlap: only the last one that begins no later can hold the leaf, and one look-up finds it.
        let archived = "EXISTS (SELECT 1 FROM leaves JOIN archives ON archives.tenant_id = leaves.tenant_id \
                        AND archives.first_leaf <= leaves.leaf AND leaves.leaf < archives.until_leaf \
                        WHERE leaves.entry_id = OLD.id AND leaves.tenant_id = OLD.tenant_id \
                        AND archives.first_leaf = (SELECT MAX(a.first_leaf) FROM archives a \
                        WHERE a.tenant_id = leaves.tenant_id AND a.first_leaf <= leaves.leaf))";
        removable_where(m, "entries", archived).await
    }
}
