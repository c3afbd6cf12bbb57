//! What keeps a database from growing without end: who has last put it in order, and how what is over is found.

use crate::schema::{create_index, create_table};
use crate::sql::insert_ignoring_duplicates;
use sea_orm::sea_query::{Index, Table};
use sea_orm::{ConnectionTrait, DbBackend, DbErr};
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
        let replays = Index::create().name("ix_replays_created_at").table("replays").col("created_at").to_owned();
        create_index(m, replays).await
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
    if m.get_database_backend() == DbBackend::MySql {
        let index = Index::create().name("ix_task_keys_until_us").table("task_keys").col("until_us").to_owned();
        return create_index(m, index).await;
    }
    let index = "CREATE INDEX IF NOT EXISTS ix_task_keys_until_us ON task_keys (until_us) \
                 WHERE until_us < 253402300799000000";
    m.get_connection().execute_unprepared(index).await.map(drop)
}
