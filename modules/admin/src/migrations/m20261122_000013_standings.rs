//! Roles that a community made up and groups of its people; and who holds which of them, until when.

use sea_orm::DbErr;
use sea_orm::sea_query::Table;
use sea_orm_migration::prelude::DeriveMigrationName;
use sea_orm_migration::schema::{big_integer, string_len, uuid};
use sea_orm_migration::{MigrationTrait, SchemaManager};
use store::schema::{create_index, create_table, index, instant, instant_or_null, long_text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        standings(m).await?;
        belongings(m).await
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        for table in ["belongings", "standings"] {
            m.drop_table(Table::drop().table(table).if_exists().to_owned()).await?;
        }
        Ok(())
    }
}

async fn standings(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_table(
        m,
        Table::create()
            .table("standings")
            .col(uuid("id").primary_key())
            .col(uuid("tenant_id"))
            .col(string_len("kind", 10))
            .col(string_len("name", 60))
            .col(long_text(m, "about"))
            .col(long_text(m, "operations"))
            .col(string_len("changed_by", 80))
            .col(instant(m, "changed_at"))
            .col(big_integer("version"))
            .to_owned(),
    )
    .await?;
    let mut one_each = index("ux_standings_tenant_id_kind_name", "standings", &["tenant_id", "kind", "name"]);
    create_index(m, one_each.unique().to_owned()).await
}

async fn belongings(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_table(
        m,
        Table::create()
            .table("belongings")
            .col(uuid("id").primary_key())
            .col(uuid("tenant_id"))
            .col(string_len("kind", 10))
            .col(string_len("name", 60))
            .col(string_len("holder", 80))
            .col(instant_or_null(m, "ends_at"))
            .col(string_len("given_by", 80))
            .col(instant(m, "given_at"))
            .col(big_integer("version"))
            .to_owned(),
    )
    .await?;
    let columns = ["tenant_id", "kind", "name", "holder"];
    let mut one_each = index("ux_belongings_tenant_id_kind_name_holder", "belongings", &columns);
    create_index(m, one_each.unique().to_owned()).await?;
    // What somebody holds is asked with every request, and what has ended every minute.
    create_index(m, index("ix_belongings_tenant_id_holder", "belongings", &["tenant_id", "holder"])).await?;
    create_index(m, index("ix_belongings_ends_at", "belongings", &["ends_at"])).await
}
