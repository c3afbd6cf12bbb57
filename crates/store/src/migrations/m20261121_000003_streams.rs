//! Streams, their snapshots, and where read models made of them stand.

use crate::schema::{create_index, create_partial_index, create_table, index, long_text};
use crate::sql::insert_ignoring_duplicates;
use sea_orm::sea_query::{Index, Table};
use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use sea_orm_migration::prelude::DeriveMigrationName;
use sea_orm_migration::schema::{big_integer, big_integer_null, integer, string_len, uuid};
use sea_orm_migration::{MigrationTrait, SchemaManager};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        events(m).await?;
        turn(m).await?;
        snapshots(m).await?;
        projections(m).await
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        for table in ["stream_events", "stream_turn", "stream_snapshots", "stream_projections"] {
            m.drop_table(Table::drop().table(table).if_exists().to_owned()).await?;
        }
        Ok(())
    }
}

async fn events(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_table(
        m,
        Table::create()
            .table("stream_events")
            .col(big_integer("seq").primary_key().auto_increment())
            .col(big_integer_null("position"))
            .col(string_len("kind", 40))
            .col(uuid("stream_id"))
            .col(big_integer("version"))
            .col(integer("nth"))
            .col(string_len("name", 80))
            .col(integer("schema_version"))
            .col(long_text(m, "data"))
            .to_owned(),
    )
    .await?;
    let version = Index::create()
        .name("ux_stream_events_kind_stream_id_version_nth")
        .table("stream_events")
        .col("kind")
        .col("stream_id")
        .col("version")
        .col("nth")
        .unique()
        .to_owned();
    create_index(m, version).await?;
    let position =
        Index::create().name("ux_stream_events_position").table("stream_events").col("position").unique().to_owned();
    create_index(m, position).await?;
    if m.get_database_backend() == DbBackend::Postgres {
        // What waits for a number is always few rows; the index holds only those.
        let unnumbered = index("ix_stream_events_unnumbered", "stream_events", &["seq"]);
        create_partial_index(m, unnumbered, "position IS NULL").await?;
    }
    Ok(())
}

/// One row, for numbering to lock.
async fn turn(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create().table("stream_turn").col(integer("id").primary_key()).to_owned();
    create_table(m, table).await?;
    let only = "INSERT INTO stream_turn (id) VALUES (1)";
    let only = insert_ignoring_duplicates(m.get_database_backend(), only, "id");
    m.get_connection().execute_unprepared(&only).await.map(drop)
}

async fn snapshots(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_table(
        m,
        Table::create()
            .table("stream_snapshots")
            .col(string_len("kind", 40))
            .col(uuid("stream_id"))
            .col(integer("schema_version"))
            .col(big_integer("version"))
            .col(long_text(m, "state"))
            .primary_key(Index::create().col("kind").col("stream_id").col("schema_version"))
            .to_owned(),
    )
    .await
}

async fn projections(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_table(
        m,
        Table::create()
            .table("stream_projections")
            .col(string_len("name", 80))
            .col(string_len("colour", 5))
            .col(string_len("state", 10))
            .col(integer("version"))
            .col(big_integer("position"))
            .primary_key(Index::create().col("name").col("colour"))
            .to_owned(),
    )
    .await
}
