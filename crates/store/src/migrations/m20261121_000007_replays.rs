//! Which answers were kept for services: those stay for longer, and what is over must be found without walking over them.

use crate::schema::{create_index, index};
use sea_orm::DbErr;
use sea_orm::sea_query::{Index, Table};
use sea_orm_migration::prelude::DeriveMigrationName;
use sea_orm_migration::schema::small_integer;
use sea_orm_migration::{MigrationTrait, SchemaManager};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        if !m.has_column("replays", "of_service").await? {
            // What an older program keeps without saying whose it is stays as long as the longest.
            let column = small_integer("of_service").default(1).to_owned();
            m.alter_table(Table::alter().table("replays").add_column(column).to_owned()).await?;
        }
        create_index(m, index("ix_replays_of_service_created_at", "replays", &["of_service", "created_at"])).await?;
        if m.has_index("replays", "ix_replays_created_at").await? {
            m.drop_index(Index::drop().name("ix_replays_created_at").table("replays").to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        create_index(m, index("ix_replays_created_at", "replays", &["created_at"])).await?;
        m.drop_index(Index::drop().name("ix_replays_of_service_created_at").table("replays").to_owned()).await?;
        m.alter_table(Table::alter().table("replays").drop_column("of_service").to_owned()).await
    }
}
