//! Schedules: up to where each one's ticks are dealt with. One row for each, moved by whoever fires a tick.

use crate::schema::create_table;
use sea_orm::DbErr;
use sea_orm::sea_query::Table;
use sea_orm_migration::prelude::DeriveMigrationName;
use sea_orm_migration::schema::{big_integer, small_integer, string_len};
use sea_orm_migration::{MigrationTrait, SchemaManager};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let schedules = Table::create()
            .table("task_schedules")
            .col(string_len("name", 70).primary_key())
            .col(string_len("kind", 80))
            .col(string_len("cron", 400))
            .col(string_len("zone", 60))
            .col(small_integer("paused"))
            .col(big_integer("mark_us"))
            .col(big_integer("fired_us"))
            .col(big_integer("next_us"))
            .col(big_integer("gone_us"))
            .to_owned();
        create_table(m, schedules).await
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.drop_table(Table::drop().table("task_schedules").if_exists().to_owned()).await
    }
}
