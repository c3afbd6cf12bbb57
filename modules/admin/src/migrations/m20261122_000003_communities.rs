//! Communities with short names, states and profiles; the domains that lead to them; who runs the installation.

use kernel::TenantId;
use sea_orm::sea_query::{ColumnDef, Index, Table};
use sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::prelude::DeriveMigrationName;
use sea_orm_migration::schema::{big_integer, integer, string_len, string_len_null, uuid};
use sea_orm_migration::{MigrationTrait, SchemaManager};
use store::schema::{create_index, create_table, index, instant, instant_or_null, long_text_or_null};
use store::statement;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        tenants(m).await?;
        domains(m).await?;
        operators(m).await
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        for table in ["operators", "domains"] {
            m.drop_table(Table::drop().table(table).if_exists().to_owned()).await?;
        }
        m.drop_index(Index::drop().name("ux_tenants_slug").table("tenants").to_owned()).await?;
        for column in ["slug", "state", "profile", "leaving_at", "version"] {
            m.alter_table(Table::alter().table("tenants").drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}

async fn tenants(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    add(m, "slug", string_len_null("slug", 40)).await?;
    add(m, "state", string_len("state", 20).default("active").to_owned()).await?;
    add(m, "profile", long_text_or_null(m, "profile")).await?;
    add(m, "leaving_at", instant_or_null(m, "leaving_at")).await?;
    add(m, "version", big_integer("version").default(1).to_owned()).await?;
    // There was no other before this.
    let name = "UPDATE tenants SET slug = $1 WHERE id = $2 AND slug IS NULL";
    let name = statement(m.get_database_backend(), name, ["main".into(), TenantId::FIRST.0.into()]);
    m.get_connection().execute_raw(name).await?;
    create_index(m, index("ux_tenants_slug", "tenants", &["slug"]).unique().to_owned()).await
}

/// Where DDL commits by itself, this may have been done before.
async fn add(m: &SchemaManager<'_>, name: &str, column: ColumnDef) -> Result<(), DbErr> {
    if m.has_column("tenants", name).await? {
        return Ok(());
    }
    m.alter_table(Table::alter().table("tenants").add_column(column).to_owned()).await
}

async fn domains(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_table(
        m,
        Table::create()
            .table("domains")
            .col(uuid("id").primary_key())
            .col(uuid("tenant_id"))
            // In ASCII, lower case.
            .col(string_len("domain", 253))
            // The first one is where links lead.
            .col(integer("place"))
            .to_owned(),
    )
    .await?;
    create_index(m, index("ux_domains_domain", "domains", &["domain"]).unique().to_owned()).await?;
    create_index(m, index("ix_domains_tenant_id", "domains", &["tenant_id", "place"])).await
}

async fn operators(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_table(
        m,
        Table::create()
            .table("operators")
            .col(uuid("tenant_id"))
            .col(uuid("user_id"))
            .col(string_len("granted_by", 80))
            .col(instant(m, "granted_at"))
            .primary_key(Index::create().col("tenant_id").col("user_id"))
            .to_owned(),
    )
    .await?;
    // Whoever ran the one community there was, ran the installation.
    let backend = m.get_database_backend();
    let theirs = "INSERT INTO operators (tenant_id, user_id, granted_by, granted_at) \
                  SELECT tenant_id, user_id, granted_by, granted_at FROM role_grants WHERE role = $1 AND tenant_id = $2";
    let theirs = store::insert_ignoring_duplicates(backend, theirs, "operators.user_id");
    let values = ["administrator".into(), TenantId::FIRST.0.into()];
    m.get_connection().execute_raw(statement(backend, theirs, values)).await.map(drop)
}
