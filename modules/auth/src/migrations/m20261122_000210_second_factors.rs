//! Second factors, recovery codes, log-ins that wait for a second factor, and how a log-in was proven.

use sea_orm::DbErr;
use sea_orm::sea_query::{ForeignKey, ForeignKeyCreateStatement, Index, IndexCreateStatement, Table};
use sea_orm_migration::prelude::DeriveMigrationName;
use sea_orm_migration::schema::{big_integer, big_integer_null, string_len, string_len_null, uuid};
use sea_orm_migration::{MigrationTrait, SchemaManager};
use store::schema::{create_index, create_table, instant, instant_or_null};

const TABLES: [&str; 3] = ["log_in_challenges", "recovery_codes", "totp_factors"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        for table in ["sessions", "refresh_tokens"] {
            // Where DDL commits by itself, this may have been done before.
            if !m.has_column(table, "amr").await? {
                let amr = Table::alter().table(table).add_column(string_len_null("amr", 60)).to_owned();
                m.alter_table(amr).await?;
            }
        }
        if !m.has_column("sessions", "authenticated_at").await? {
            let at = Table::alter().table("sessions").add_column(instant_or_null(m, "authenticated_at")).to_owned();
            m.alter_table(at).await?;
        }
        totp_factors(m).await?;
        recovery_codes(m).await?;
        log_in_challenges(m).await
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            m.drop_table(Table::drop().table(table).if_exists().to_owned()).await?;
        }
        for (table, column) in [("sessions", "amr"), ("sessions", "authenticated_at"), ("refresh_tokens", "amr")] {
            m.alter_table(Table::alter().table(table).drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}

async fn totp_factors(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = "totp_factors";
    create_table(
        m,
        Table::create()
            .table(table)
            .col(uuid("id").primary_key())
            .col(uuid("tenant_id"))
            .col(uuid("user_id"))
            .col(string_len("sealed", 300))
            // The time step of the code that was accepted last: no code is accepted twice.
            .col(big_integer_null("last_step"))
            .col(instant(m, "created_at"))
            .col(instant_or_null(m, "confirmed_at"))
            .foreign_key(&mut of_a_user(table))
            .to_owned(),
    )
    .await?;
    create_index(m, unique("ux_totp_factors_user_id", table).col("user_id").to_owned()).await
}

async fn recovery_codes(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = "recovery_codes";
    create_table(
        m,
        Table::create()
            .table(table)
            .col(uuid("id").primary_key())
            .col(uuid("tenant_id"))
            .col(uuid("user_id"))
            .col(string_len("code_hash", 64))
            .col(instant(m, "created_at"))
            .col(instant_or_null(m, "used_at"))
            .foreign_key(&mut of_a_user(table))
            .to_owned(),
    )
    .await?;
    let one = unique("ux_recovery_codes_user_id_code_hash", table).col("user_id").col("code_hash").to_owned();
    create_index(m, one).await
}

async fn log_in_challenges(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = "log_in_challenges";
    create_table(
        m,
        Table::create()
            .table(table)
            .col(uuid("id").primary_key())
            .col(uuid("tenant_id"))
            .col(uuid("user_id"))
            .col(string_len("token_hash", 64))
            // The account's version whose password was shown.
            .col(big_integer("user_version"))
            .col(instant(m, "created_at"))
            .col(instant(m, "expires_at"))
            .col(instant_or_null(m, "spent_at"))
            .foreign_key(&mut of_a_user(table))
            .to_owned(),
    )
    .await?;
    create_index(m, unique("ux_log_in_challenges_token_hash", table).col("token_hash").to_owned()).await?;
    let stale = Index::create().name("ix_log_in_challenges_expires_at").table(table).col("expires_at").to_owned();
    create_index(m, stale).await
}

fn unique(name: &'static str, table: &'static str) -> IndexCreateStatement {
    Index::create().name(name).table(table).unique().to_owned()
}

fn of_a_user(table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create().name(format!("fk_{table}_user_id")).from(table, "user_id").to("users", "id").to_owned()
}
