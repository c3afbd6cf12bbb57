//! What has expired is found without looking at what has not.

use sea_orm::DbErr;
use sea_orm::sea_query::Index;
use sea_orm_migration::prelude::DeriveMigrationName;
use sea_orm_migration::{MigrationTrait, SchemaManager};
use store::schema::create_index;

const TABLES: [&str; 2] = ["sessions", "refresh_tokens"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            create_index(m, Index::create().name(name(table)).table(table).col("expires_at").to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            m.drop_index(Index::drop().name(name(table)).table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn name(table: &str) -> String {
    format!("ix_{table}_expires_at")
}
