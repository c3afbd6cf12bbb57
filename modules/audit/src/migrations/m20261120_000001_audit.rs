//! The record's entries.

use sea_orm::DbErr;
use sea_orm::sea_query::{Index, Table};
use sea_orm_migration::prelude::DeriveMigrationName;
use sea_orm_migration::schema::{big_integer, string_len, string_len_null, uuid};
use sea_orm_migration::{MigrationTrait, SchemaManager};
use store::schema::{create_index, create_table, indexed_text, instant, long_text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        entries(m).await?;
        // Each serves one filter in the order of the list: newest first within a community.
        for column in [None, Some("module"), Some("operation"), Some("actor"), Some("resource")] {
            let mut index = Index::create();
            index.name(format!("ix_entries_{}", column.unwrap_or("at"))).table("entries").col("tenant_id");
            if let Some(column) = column {
                index.col(column);
            }
            create_index(m, index.col("at").col("id").to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.drop_table(Table::drop().table("entries").if_exists().to_owned()).await
    }
}

async fn entries(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_table(
        m,
        Table::create()
            .table("entries")
            .col(uuid("id").primary_key())
            .col(uuid("tenant_id"))
            .col(string_len("module", 40))
            .col(big_integer("position"))
            .col(string_len("operation", 80))
            .col(string_len("actor", 80))
            .col(long_text(m, "actor_name"))
            .col(indexed_text(m, "resource"))
            .col(uuid("decision_id"))
            .col(long_text(m, "policies"))
            .col(long_text(m, "changes"))
            .col(long_text(m, "events"))
            .col(long_text(m, "request_id"))
            .col(string_len_null("address", 80))
            .col(instant(m, "at"))
            .to_owned(),
    )
    .await
}
