//! Which community a member is of.

use kernel::TenantId;
use sea_orm::sea_query::Table;
use sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::prelude::DeriveMigrationName;
use sea_orm_migration::schema::uuid_null;
use sea_orm_migration::{MigrationTrait, SchemaManager};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        // Where DDL commits by itself, this may have been done before.
        if !m.has_column("members", "tenant_id").await? {
            m.alter_table(Table::alter().table("members").add_column(uuid_null("tenant_id")).to_owned()).await?;
        }
        // There was one community before this. What a program from before it adds meanwhile stays without: its names are
        // shown again with the next change of the profile.
        let theirs = "UPDATE members SET tenant_id = $1 WHERE tenant_id IS NULL";
        let theirs = store::statement(m.get_database_backend(), theirs, [TenantId::FIRST.0.into()]);
        m.get_connection().execute_raw(theirs).await.map(drop)
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.alter_table(Table::alter().table("members").drop_column("tenant_id").to_owned()).await
    }
}
