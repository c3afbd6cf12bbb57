//! Feature flags, each with its definition as it was written.

use sea_orm::DbErr;
use sea_orm::sea_query::Table;
use sea_orm_migration::prelude::DeriveMigrationName;
use sea_orm_migration::schema::{big_integer, boolean, string_len, uuid};
use sea_orm_migration::{MigrationTrait, SchemaManager};
use store::schema::{create_index, create_table, index, instant, long_text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        create_table(
            m,
            Table::create()
                .table("flags")
                .col(uuid("id").primary_key())
                .col(uuid("tenant_id"))
                .col(string_len("flag_key", 100))
                .col(boolean("enabled"))
                .col(boolean("archived"))
                .col(long_text(m, "definition"))
                .col(long_text(m, "search_text"))
                .col(string_len("changed_by", 80))
                .col(instant(m, "changed_at"))
                .col(big_integer("version"))
                .to_owned(),
        )
        .await?;
        let mut one_each = index("ux_flags_tenant_id_flag_key", "flags", &["tenant_id", "flag_key"]);
        create_index(m, one_each.unique().to_owned()).await
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.drop_table(Table::drop().table("flags").if_exists().to_owned()).await
    }
}
