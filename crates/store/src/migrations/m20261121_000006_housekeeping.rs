//! What keeps a database from growing without end: who has last put it in order, and how what is over is found.

use crate::schema::{create_index, create_partial_index, create_table, index};
use crate::sql::insert_ignoring_duplicates;
use sea_orm::sea_query::{Index, Table};
use sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::prelude::DeriveMigrationName;
use sea_orm_migration::schema::{big_integer, string_len};
use sea_orm_migration::{MigrationTrait, SchemaManager};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let chores = Table::create()
            .table("task_chores")
            .col(string_len("name", 40).primary_key())
            .col(big_integer("next_us"))
            .to_owned();
        create_table(m, chores).await?;
        let backend = m.get_database_backend();
        let rows = "INSERT INTO task_chores (name, next_us) VALUES ('sweep', 0), ('trim', 0)";
        m.get_connection().execute_unprepared(&insert_ignoring_duplicates(backend, rows, "name")).await?;
        expiring_keys(m).await?;
        create_index(m, index("ix_replays_created_at", "replays", &["created_at"])).await
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        for (index, table) in [("ix_task_keys_until_us", "task_keys"), ("ix_replays_created_at", "replays")] {
            m.drop_index(Index::drop().name(index).table(table).to_owned()).await?;
        }
        m.drop_table(Table::drop().table("task_chores").if_exists().to_owned()).await
    }
}

/// Most keys are held until their task starts or ends, and never expire: where there are partial indexes, those need not
/// be in this one.
async fn expiring_keys(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    let until = index("ix_task_keys_until_us", "task_keys", &["until_us"]);
    create_partial_index(m, until, "until_us < 253402300799000000").await
}
