//! Proven addresses, links that travel by mail, and how often somebody guessed wrong.

use sea_orm::DbErr;
use sea_orm::sea_query::{ForeignKey, Index, Table};
use sea_orm_migration::prelude::DeriveMigrationName;
use sea_orm_migration::schema::{big_integer, string_len, uuid};
use sea_orm_migration::{MigrationTrait, SchemaManager};
use store::schema::{create_index, create_table, instant, instant_or_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        // Where DDL commits by itself, this may have been done before.
        if !m.has_column("users", "email_proven_at").await? {
            let proven = Table::alter().table("users").add_column(instant_or_null(m, "email_proven_at")).to_owned();
            m.alter_table(proven).await?;
        }
        mail_links(m).await?;
        wrong_guesses(m).await
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        for table in ["wrong_guesses", "mail_links"] {
            m.drop_table(Table::drop().table(table).if_exists().to_owned()).await?;
        }
        m.alter_table(Table::alter().table("users").drop_column("email_proven_at").to_owned()).await
    }
}

async fn mail_links(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut of_a_user =
        ForeignKey::create().name("fk_mail_links_user_id").from("mail_links", "user_id").to("users", "id").to_owned();
    create_table(
        m,
        Table::create()
            .table("mail_links")
            .col(uuid("id").primary_key())
            .col(uuid("tenant_id"))
            .col(uuid("user_id"))
            .col(string_len("purpose", 20))
            .col(string_len("token_hash", 64))
            // Where the mail went, which is the address it proves.
            .col(string_len("email", 254))
            .col(instant(m, "created_at"))
            .col(instant(m, "expires_at"))
            .col(instant_or_null(m, "spent_at"))
            .foreign_key(&mut of_a_user)
            .to_owned(),
    )
    .await?;
    let token =
        Index::create().name("ux_mail_links_token_hash").table("mail_links").unique().col("token_hash").to_owned();
    create_index(m, token).await?;
    for column in ["user_id", "expires_at"] {
        let index = Index::create().name(format!("ix_mail_links_{column}")).table("mail_links").col(column).to_owned();
        create_index(m, index).await?;
    }
    Ok(())
}

async fn wrong_guesses(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_table(
        m,
        Table::create()
            .table("wrong_guesses")
            // The hash of what was guessed at, and from where.
            .col(string_len("target", 64).primary_key())
            .col(big_integer("guesses"))
            .col(instant(m, "last_at"))
            .to_owned(),
    )
    .await?;
    let stale = Index::create().name("ix_wrong_guesses_last_at").table("wrong_guesses").col("last_at").to_owned();
    create_index(m, stale).await
}
