//! The key under which each version in the history is digested for the record. Versions from before have none.

use sea_orm::DbErr;
use sea_orm::sea_query::Table;
use sea_orm_migration::prelude::DeriveMigrationName;
use sea_orm_migration::schema::string_len_null;
use sea_orm_migration::{MigrationTrait, SchemaManager};

/// 32 bytes in base64.
const KEY: u32 = 44;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        if m.has_column("history", "digest_key").await? {
            return Ok(());
        }
        m.alter_table(Table::alter().table("history").add_column(string_len_null("digest_key", KEY)).to_owned()).await
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.alter_table(Table::alter().table("history").drop_column("digest_key").to_owned()).await
    }
}
