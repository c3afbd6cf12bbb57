//! The personal fields of entries, sealed under keys of the person they are about; and by which names people were known, so
//! that they are found. Entries from before, and those that a program from before still records, have theirs in the clear.

use sea_orm::DbErr;
use sea_orm::sea_query::{Index, Table};
use sea_orm_migration::prelude::DeriveMigrationName;
use sea_orm_migration::schema::{string_len, string_len_null, uuid};
use sea_orm_migration::{MigrationTrait, SchemaManager};
use store::schema::{create_index, create_table, index, indexed_text, long_text_or_null};

/// 32 bytes in base64.
const DIGEST: u32 = 44;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let columns =
            [("person", long_text_or_null(m, "person")), ("commitment", string_len_null("commitment", DIGEST))];
        for (name, column) in columns {
            if !m.has_column("entries", name).await? {
                m.alter_table(Table::alter().table("entries").add_column(column).to_owned()).await?;
            }
        }
        create_table(
            m,
            Table::create()
                .table("known_names")
                .col(uuid("tenant_id"))
                .col(string_len("actor", 80))
                .col(indexed_text(m, "name"))
                .primary_key(Index::create().col("tenant_id").col("actor").col("name"))
                .to_owned(),
        )
        .await?;
        create_index(m, index("ix_known_names_name", "known_names", &["tenant_id", "name"])).await
    }
}
