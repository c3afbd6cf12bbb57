//! The tables of sagas: one row for each saga, one for each step that was begun, one for each signal. Instants are
//! microseconds since 1970, 0 where there is none.

use crate::schema::{create_index, create_table, index, long_text, long_text_or_null};
use sea_orm::DbErr;
use sea_orm::sea_query::{Index, Table};
use sea_orm_migration::prelude::DeriveMigrationName;
use sea_orm_migration::schema::{big_integer, integer, small_integer, string_len, uuid};
use sea_orm_migration::{MigrationTrait, SchemaManager};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        sagas(m).await?;
        steps(m).await?;
        signals(m).await
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        for table in ["sagas", "saga_steps", "saga_signals"] {
            m.drop_table(Table::drop().table(table).if_exists().to_owned()).await?;
        }
        Ok(())
    }
}

async fn sagas(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    let sagas = Table::create()
        .table("sagas")
        .col(uuid("id").primary_key())
        .col(uuid("tenant"))
        .col(string_len("kind", 80))
        .col(string_len("correlation", 160))
        .col(integer("plan_version"))
        .col(integer("data_version"))
        .col(big_integer("revision"))
        .col(string_len("phase", 12))
        .col(string_len("state", 12))
        .col(integer("position"))
        .col(integer("kept"))
        .col(long_text(m, "input"))
        .col(long_text(m, "data"))
        .col(long_text(m, "origin"))
        .col(long_text_or_null(m, "why"))
        .col(string_len("step", 80))
        .col(integer("attempts"))
        .col(big_integer("next_us"))
        .col(long_text_or_null(m, "error"))
        .col(big_integer("started_us"))
        .col(big_integer("updated_us"))
        .to_owned();
    create_table(m, sagas).await?;
    let mut correlation = index("ux_sagas_tenant_kind_correlation", "sagas", &["tenant", "kind", "correlation"]);
    create_index(m, correlation.unique().to_owned()).await?;
    create_index(m, index("ix_sagas_state", "sagas", &["state", "id"])).await
}

async fn steps(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    let steps = Table::create()
        .table("saga_steps")
        .col(uuid("saga_id"))
        .col(string_len("name", 80))
        .col(string_len("state", 12))
        .col(small_integer("stuck"))
        .col(integer("epoch"))
        .col(integer("attempts"))
        .col(big_integer("next_us"))
        .col(long_text_or_null(m, "output"))
        .col(long_text_or_null(m, "error"))
        .col(big_integer("updated_us"))
        .primary_key(Index::create().col("saga_id").col("name"))
        .to_owned();
    create_table(m, steps).await
}

async fn signals(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    let signals = Table::create()
        .table("saga_signals")
        .col(uuid("tenant"))
        .col(string_len("kind", 80))
        .col(string_len("correlation", 160))
        .col(string_len("name", 80))
        .col(string_len("signal_key", 80))
        .col(long_text(m, "payload"))
        .col(big_integer("received_us"))
        .col(string_len("taken_by", 80))
        .primary_key(Index::create().col("tenant").col("kind").col("correlation").col("name").col("signal_key"))
        .to_owned();
    create_table(m, signals).await
}
