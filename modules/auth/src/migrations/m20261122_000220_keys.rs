//! Service accounts, and keys for programs. Of a key only the hash is kept.

use sea_orm::DbErr;
use sea_orm::sea_query::{ForeignKey, ForeignKeyCreateStatement, Index, Table};
use sea_orm_migration::prelude::DeriveMigrationName;
use sea_orm_migration::schema::{string_len, string_len_null, uuid};
use sea_orm_migration::{MigrationTrait, SchemaManager};
use store::schema::{create_index, create_table, index, instant, instant_or_null, long_text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        service_accounts(m).await?;
        api_keys(m).await
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        for table in ["api_keys", "service_accounts"] {
            m.drop_table(Table::drop().table(table).if_exists().to_owned()).await?;
        }
        Ok(())
    }
}

async fn service_accounts(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_table(
        m,
        Table::create()
            .table("service_accounts")
            // The account it is: one that nobody logs in to.
            .col(uuid("user_id").primary_key())
            .col(uuid("tenant_id"))
            // Whoever made it, as `user:<UUID>` or `service:<name>`.
            .col(string_len("made_by", 100))
            .col(instant(m, "created_at"))
            .foreign_key(&mut of_a_user("service_accounts"))
            .to_owned(),
    )
    .await?;
    create_index(m, index("ix_service_accounts_tenant_id", "service_accounts", &["tenant_id"])).await
}

async fn api_keys(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_table(
        m,
        Table::create()
            .table("api_keys")
            .col(uuid("id").primary_key())
            .col(uuid("tenant_id"))
            .col(uuid("user_id"))
            .col(string_len("name", 60))
            .col(string_len("token_hash", 64))
            // The key's last four characters.
            .col(string_len("hint", 4))
            // With spaces between them.
            .col(long_text(m, "scopes"))
            .col(string_len("made_by", 100))
            .col(instant(m, "created_at"))
            .col(instant(m, "expires_at"))
            .col(instant_or_null(m, "revoked_at"))
            .col(instant_or_null(m, "last_used_at"))
            .col(string_len_null("last_used_from", 64))
            .foreign_key(&mut of_a_user("api_keys"))
            .to_owned(),
    )
    .await?;
    let token = Index::create().name("ux_api_keys_token_hash").table("api_keys").unique().col("token_hash").to_owned();
    create_index(m, token).await?;
    create_index(m, index("ix_api_keys_user_id", "api_keys", &["user_id"])).await
}

fn of_a_user(table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create().name(format!("fk_{table}_user_id")).from(table, "user_id").to("users", "id").to_owned()
}
