//! Data keys: what secrets at rest are sealed with, each wrapped under a master key that is in no database.

use crate::schema::{create_index, create_table, index, instant, instant_or_null};
use sea_orm::DbErr;
use sea_orm::sea_query::Table;
use sea_orm_migration::prelude::DeriveMigrationName;
use sea_orm_migration::schema::{big_integer, string_len, string_len_null, uuid};
use sea_orm_migration::{MigrationTrait, SchemaManager};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let keys = Table::create()
            .table("data_keys")
            .col(uuid("id").primary_key())
            .col(string_len("purpose", 60))
            // Whose erasure destroys it; empty where it is nobody's.
            .col(string_len("subject", 36))
            // Counts the keys of one purpose and subject from 1.
            .col(big_integer("generation"))
            .col(string_len_null("master_id", 16))
            .col(string_len_null("wrapped", 120))
            .col(instant(m, "created_at"))
            .col(instant_or_null(m, "destroyed_at"))
            .to_owned();
        create_table(m, keys).await?;
        let columns = ["purpose", "subject", "generation"];
        let mut one = index("ux_data_keys_purpose_subject_generation", "data_keys", &columns);
        create_index(m, one.unique().to_owned()).await?;
        create_index(m, index("ix_data_keys_subject", "data_keys", &["subject"])).await
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.drop_table(Table::drop().table("data_keys").if_exists().to_owned()).await
    }
}
