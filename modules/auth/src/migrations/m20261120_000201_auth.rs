//! Users, sessions, refresh tokens, set-up links. Of everything that opens a door only hashes are kept.

use sea_orm::DbErr;
use sea_orm::sea_query::{ForeignKey, ForeignKeyCreateStatement, Index, IndexCreateStatement, Table};
use sea_orm_migration::prelude::DeriveMigrationName;
use sea_orm_migration::schema::{big_integer, boolean, string_len, string_len_null, uuid};
use sea_orm_migration::{MigrationTrait, SchemaManager};
use store::schema::{create_index, create_table, instant, instant_or_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        users(m).await?;
        sessions(m).await?;
        refresh_tokens(m).await?;
        setup_links(m).await
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        for table in ["setup_links", "refresh_tokens", "sessions", "users"] {
            m.drop_table(Table::drop().table(table).if_exists().to_owned()).await?;
        }
        Ok(())
    }
}

async fn users(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_table(
        m,
        Table::create()
            .table("users")
            .col(uuid("id").primary_key())
            .col(uuid("tenant_id"))
            .col(string_len("email", 254))
            .col(string_len("handle", 30))
            .col(string_len("display_name", 60))
            .col(string_len("password_hash", 255))
            .col(boolean("founder"))
            .col(instant(m, "created_at"))
            .col(big_integer("version"))
            .to_owned(),
    )
    .await?;
    create_index(m, unique("ux_users_tenant_id_email", "users").col("tenant_id").col("email").to_owned()).await?;
    create_index(m, unique("ux_users_tenant_id_handle", "users").col("tenant_id").col("handle").to_owned()).await
}

async fn sessions(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_table(
        m,
        Table::create()
            .table("sessions")
            .col(uuid("id").primary_key())
            .col(uuid("tenant_id"))
            .col(uuid("user_id"))
            .col(string_len("token_hash", 64))
            .col(instant(m, "created_at"))
            .col(instant(m, "last_seen_at"))
            .col(instant(m, "expires_at"))
            .col(string_len_null("user_agent", 200))
            .col(string_len_null("address", 64))
            .col(instant_or_null(m, "ended_at"))
            .foreign_key(&mut of_a_user("sessions"))
            .to_owned(),
    )
    .await?;
    create_index(m, unique("ux_sessions_token_hash", "sessions").col("token_hash").to_owned()).await?;
    create_index(m, Index::create().name("ix_sessions_user_id").table("sessions").col("user_id").to_owned()).await
}

async fn refresh_tokens(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_table(
        m,
        Table::create()
            .table("refresh_tokens")
            .col(uuid("id").primary_key())
            .col(uuid("tenant_id"))
            .col(uuid("family_id"))
            // Counts the tokens of a family from 1.
            .col(big_integer("generation"))
            .col(uuid("user_id"))
            .col(string_len("token_hash", 64))
            // When the password was shown that the family began with.
            .col(instant(m, "authenticated_at"))
            .col(instant(m, "issued_at"))
            .col(instant(m, "expires_at"))
            .col(instant_or_null(m, "used_at"))
            .col(instant_or_null(m, "revoked_at"))
            .foreign_key(&mut of_a_user("refresh_tokens"))
            .to_owned(),
    )
    .await?;
    create_index(m, unique("ux_refresh_tokens_token_hash", "refresh_tokens").col("token_hash").to_owned()).await?;
    let generation = unique("ux_refresh_tokens_family_id_generation", "refresh_tokens")
        .col("family_id")
        .col("generation")
        .to_owned();
    create_index(m, generation).await?;
    create_index(m, Index::create().name("ix_refresh_tokens_user_id").table("refresh_tokens").col("user_id").to_owned())
        .await
}

async fn setup_links(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_table(
        m,
        Table::create()
            .table("setup_links")
            .col(uuid("id").primary_key())
            .col(uuid("tenant_id"))
            .col(string_len("token_hash", 64))
            .col(instant(m, "created_at"))
            .col(instant_or_null(m, "spent_at"))
            .to_owned(),
    )
    .await?;
    create_index(m, unique("ux_setup_links_token_hash", "setup_links").col("token_hash").to_owned()).await
}

fn unique(name: &'static str, table: &'static str) -> IndexCreateStatement {
    Index::create().name(name).table(table).unique().to_owned()
}

fn of_a_user(table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create().name(format!("fk_{table}_user_id")).from(table, "user_id").to("users", "id").to_owned()
}
