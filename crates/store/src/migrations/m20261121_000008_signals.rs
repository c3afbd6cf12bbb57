//! Signals by their age: those whose saga never began are looked for again and again.

use crate::schema::{create_index, index};
use sea_orm::DbErr;
use sea_orm::sea_query::Index;
use sea_orm_migration::prelude::DeriveMigrationName;
use sea_orm_migration::{MigrationTrait, SchemaManager};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        create_index(m, index("ix_saga_signals_received_us", "saga_signals", &["received_us"])).await
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.drop_index(Index::drop().name("ix_saga_signals_received_us").table("saga_signals").to_owned()).await
    }
}
