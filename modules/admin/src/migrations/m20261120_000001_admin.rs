//! Communities with the first one in it, role grants, and people.

use kernel::TenantId;
use sea_orm::sea_query::{Index, Table};
use sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::prelude::DeriveMigrationName;
use sea_orm_migration::schema::{big_integer, string_len, uuid};
use sea_orm_migration::{MigrationTrait, SchemaManager};
use store::schema::{create_index, create_table, instant, long_text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        tenants(m).await?;
        role_grants(m).await?;
        people(m).await
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        for table in ["tenants", "role_grants", "people"] {
            m.drop_table(Table::drop().table(table).if_exists().to_owned()).await?;
        }
        Ok(())
    }
}

async fn tenants(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_table(
        m,
        Table::create()
            .table("tenants")
            .col(uuid("id").primary_key())
            .col(string_len("name", 120))
            .col(string_len("region", 40))
            .col(big_integer("roster_version"))
            .to_owned(),
    )
    .await?;
    let first = "INSERT INTO tenants (id, name, region, roster_version) VALUES ($1, $2, $3, 1)";
    let values = [TenantId::FIRST.0.into(), "Polity".into(), "".into()];
    let backend = m.get_database_backend();
    let first = store::insert_ignoring_duplicates(backend, first, "id");
    m.get_connection().execute_raw(store::statement(backend, first, values)).await?;
    Ok(())
}

async fn role_grants(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_table(
        m,
        Table::create()
            .table("role_grants")
            .col(uuid("id").primary_key())
            .col(uuid("tenant_id"))
            .col(uuid("user_id"))
            .col(string_len("role", 20))
            .col(string_len("granted_by", 80))
            .col(instant(m, "granted_at"))
            .col(big_integer("version"))
            .to_owned(),
    )
    .await?;
    let mut one_each = Index::create();
    one_each.name("ux_role_grants_tenant_id_user_id").table("role_grants").col("tenant_id").col("user_id").unique();
    create_index(m, one_each).await
}

async fn people(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_table(
        m,
        Table::create()
            .table("people")
            .col(uuid("user_id").primary_key())
            .col(uuid("tenant_id"))
            .col(string_len("handle", 80))
            .col(string_len("display_name", 200))
            .col(long_text(m, "search_text"))
            .col(instant(m, "registered_at"))
            .col(big_integer("version"))
            .to_owned(),
    )
    .await?;
    let mut listed = Index::create();
    listed.name("ix_people_tenant_id_handle").table("people").col("tenant_id").col("handle").col("user_id");
    create_index(m, listed).await
}
