//! Outbox, inbox, cursors, dead letters, history and replays.

use crate::schema::{
    create_index, create_partial_index, create_table, index, instant, instant_or_null, long_text, long_text_or_null,
};
use crate::sql::insert_ignoring_duplicates;
use sea_orm::sea_query::{Index, Table};
use sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::prelude::DeriveMigrationName;
use sea_orm_migration::schema::{big_integer, big_integer_null, integer, string_len, uuid};
use sea_orm_migration::{MigrationTrait, SchemaManager};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        outbox(m).await?;
        inbox(m).await?;
        memory(m).await
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        for table in ["outbox", "outbox_head", "inbox", "cursors", "parked", "dead_letters", "history", "replays"] {
            m.drop_table(Table::drop().table(table).if_exists().to_owned()).await?;
        }
        Ok(())
    }
}

async fn outbox(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_table(
        m,
        Table::create()
            .table("outbox")
            .col(big_integer("seq").primary_key().auto_increment())
            .col(big_integer_null("position"))
            .col(uuid("event_id"))
            .col(string_len("kind", 120))
            .col(long_text(m, "event"))
            .to_owned(),
    )
    .await?;
    let position = Index::create().name("ux_outbox_position").table("outbox").col("position").unique().to_owned();
    create_index(m, position).await?;
    if m.get_database_backend() == sea_orm::DbBackend::Postgres {
        // What the sequencer looks for is always few rows; the index holds only those.
        create_partial_index(m, index("ix_outbox_unnumbered", "outbox", &["seq"]), "position IS NULL").await?;
    }
    create_table(
        m,
        Table::create().table("outbox_head").col(integer("id").primary_key()).col(big_integer("position")).to_owned(),
    )
    .await?;
    let first = "INSERT INTO outbox_head (id, position) VALUES (1, 0)";
    let first = insert_ignoring_duplicates(m.get_database_backend(), first, "id");
    m.get_connection().execute_unprepared(&first).await.map(drop)
}

async fn inbox(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_table(
        m,
        Table::create()
            .table("inbox")
            .col(string_len("subscriber", 80))
            .col(uuid("event_id"))
            .col(string_len("source", 40))
            .col(big_integer("position"))
            .col(instant(m, "handled_at"))
            .primary_key(Index::create().col("subscriber").col("event_id"))
            .to_owned(),
    )
    .await?;
    create_table(
        m,
        Table::create()
            .table("cursors")
            .col(string_len("subscriber", 80))
            .col(string_len("source", 40))
            .col(big_integer("position"))
            .primary_key(Index::create().col("subscriber").col("source"))
            .to_owned(),
    )
    .await?;
    create_table(
        m,
        Table::create()
            .table("parked")
            .col(string_len("subscriber", 80))
            .col(string_len("source", 40))
            .col(big_integer("position"))
            .col(string_len("ordering_key", 255))
            .col(long_text(m, "event"))
            .col(integer("attempts"))
            .col(instant(m, "next_attempt_at"))
            .col(long_text(m, "error"))
            .primary_key(Index::create().col("subscriber").col("source").col("position"))
            .to_owned(),
    )
    .await?;
    create_table(
        m,
        Table::create()
            .table("dead_letters")
            .col(string_len("subscriber", 80))
            .col(string_len("source", 40))
            .col(big_integer("position"))
            .col(long_text(m, "event"))
            .col(integer("attempts"))
            .col(instant(m, "died_at"))
            .col(long_text(m, "error"))
            .primary_key(Index::create().col("subscriber").col("source").col("position"))
            .to_owned(),
    )
    .await
}

async fn memory(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_table(
        m,
        Table::create()
            .table("history")
            .col(string_len("kind", 40))
            .col(uuid("id"))
            .col(big_integer("version"))
            .col(long_text_or_null(m, "state"))
            .col(string_len("operation", 80))
            .col(string_len("actor", 80))
            .col(instant(m, "valid_from"))
            .col(instant_or_null(m, "valid_to"))
            .primary_key(Index::create().col("kind").col("id").col("version"))
            .to_owned(),
    )
    .await?;
    create_table(
        m,
        Table::create()
            .table("replays")
            .col(string_len("scope", 400).primary_key())
            .col(string_len("fingerprint", 64))
            .col(long_text(m, "answer"))
            .col(instant(m, "created_at"))
            .to_owned(),
    )
    .await
}
