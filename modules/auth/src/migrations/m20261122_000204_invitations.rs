//! Invitations, and the links that lead to them. An invitation may have several: each mail brings a new one.

use sea_orm::DbErr;
use sea_orm::sea_query::{ForeignKey, Index, Table};
use sea_orm_migration::prelude::DeriveMigrationName;
use sea_orm_migration::schema::{big_integer, boolean, string_len, string_len_null, uuid, uuid_null};
use sea_orm_migration::{MigrationTrait, SchemaManager};
use store::schema::{create_index, create_table, instant, instant_or_null, long_text_or_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        invitations(m).await?;
        links(m).await
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        for table in ["invitation_links", "invitations"] {
            m.drop_table(Table::drop().table(table).if_exists().to_owned()).await?;
        }
        Ok(())
    }
}

async fn invitations(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut of_a_user = ForeignKey::create()
        .name("fk_invitations_invited_by")
        .from("invitations", "invited_by")
        .to("users", "id")
        .to_owned();
    create_table(
        m,
        Table::create()
            .table("invitations")
            .col(uuid("id").primary_key())
            .col(uuid("tenant_id"))
            // None where an operator invites.
            .col(uuid_null("invited_by"))
            // The one address that it lets in; none when it lets anybody in who has the link.
            .col(string_len_null("email", 254))
            .col(long_text_or_null(m, "note"))
            .col(big_integer("most_uses"))
            .col(big_integer("uses"))
            .col(instant(m, "created_at"))
            .col(instant(m, "expires_at"))
            // When it was withdrawn.
            .col(instant_or_null(m, "ended_at"))
            .col(big_integer("version"))
            .foreign_key(&mut of_a_user)
            .to_owned(),
    )
    .await?;
    for columns in [&["tenant_id", "id"][..], &["invited_by", "created_at"], &["expires_at"]] {
        let mut index = Index::create();
        index.name(format!("ix_invitations_{}", columns.join("_"))).table("invitations");
        for column in columns {
            index.col(*column);
        }
        create_index(m, index).await?;
    }
    Ok(())
}

async fn links(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut of_an_invitation = ForeignKey::create()
        .name("fk_invitation_links_invitation_id")
        .from("invitation_links", "invitation_id")
        .to("invitations", "id")
        .to_owned();
    create_table(
        m,
        Table::create()
            .table("invitation_links")
            .col(uuid("id").primary_key())
            .col(uuid("tenant_id"))
            .col(uuid("invitation_id"))
            .col(string_len("token_hash", 64))
            // Whether it went to the invited address, and to nobody else.
            .col(boolean("mailed"))
            .foreign_key(&mut of_an_invitation)
            .to_owned(),
    )
    .await?;
    let token = Index::create()
        .name("ux_invitation_links_token_hash")
        .table("invitation_links")
        .unique()
        .col("token_hash")
        .to_owned();
    create_index(m, token).await?;
    let of_one = Index::create()
        .name("ix_invitation_links_invitation_id")
        .table("invitation_links")
        .col("invitation_id")
        .to_owned();
    create_index(m, of_one).await
}
