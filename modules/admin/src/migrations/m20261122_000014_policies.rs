//! A community's own policies, every version that was ever proposed.

use sea_orm::DbErr;
use sea_orm::sea_query::Table;
use sea_orm_migration::prelude::DeriveMigrationName;
use sea_orm_migration::schema::{big_integer, string_len, string_len_null, uuid};
use sea_orm_migration::{MigrationTrait, SchemaManager};
use store::schema::{create_index, create_table, index, instant, instant_or_null, long_text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        create_table(
            m,
            Table::create()
                .table("policy_versions")
                .col(uuid("id").primary_key())
                .col(uuid("tenant_id"))
                .col(big_integer("number"))
                .col(long_text(m, "policies"))
                .col(long_text(m, "cases"))
                .col(long_text(m, "note"))
                .col(string_len("author", 80))
                .col(instant(m, "proposed_at"))
                .col(string_len("status", 20))
                .col(string_len_null("decided_by", 80))
                .col(instant_or_null(m, "decided_at"))
                .col(big_integer("version"))
                .to_owned(),
        )
        .await?;
        let columns = ["tenant_id", "number"];
        let mut one_each = index("ux_policy_versions_tenant_id_number", "policy_versions", &columns);
        create_index(m, one_each.unique().to_owned()).await
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.drop_table(Table::drop().table("policy_versions").if_exists().to_owned()).await
    }
}
