//! What stands against the use of accounts, and handles that nobody gets for a while.

use sea_orm::DbErr;
use sea_orm::sea_query::{ForeignKey, Index, Table};
use sea_orm_migration::prelude::DeriveMigrationName;
use sea_orm_migration::schema::{string_len, uuid, uuid_null};
use sea_orm_migration::{MigrationTrait, SchemaManager};
use store::schema::{create_index, create_table, instant, instant_or_null, long_text_or_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        account_states(m).await?;
        retired_handles(m).await
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        for table in ["retired_handles", "account_states"] {
            m.drop_table(Table::drop().table(table).if_exists().to_owned()).await?;
        }
        Ok(())
    }
}

async fn account_states(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut of_a_user = ForeignKey::create()
        .name("fk_account_states_user_id")
        .from("account_states", "user_id")
        .to("users", "id")
        .to_owned();
    create_table(
        m,
        Table::create()
            .table("account_states")
            // An account that may be used has no row.
            .col(uuid("user_id").primary_key())
            .col(uuid("tenant_id"))
            .col(string_len("bar", 20))
            .col(long_text_or_null(m, "reason"))
            .col(uuid_null("decided_by"))
            .col(instant(m, "since"))
            .col(instant_or_null(m, "until"))
            .foreign_key(&mut of_a_user)
            .to_owned(),
    )
    .await?;
    let due = Index::create().name("ix_account_states_until").table("account_states").col("until").to_owned();
    create_index(m, due).await
}

async fn retired_handles(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_table(
        m,
        Table::create()
            .table("retired_handles")
            .col(uuid("id").primary_key())
            .col(uuid("tenant_id"))
            .col(string_len("handle", 30))
            .col(instant(m, "until"))
            .to_owned(),
    )
    .await?;
    let mut handle = Index::create();
    let handle = handle.name("ix_retired_handles_tenant_id_handle").table("retired_handles");
    create_index(m, handle.col("tenant_id").col("handle").to_owned()).await?;
    let over = Index::create().name("ix_retired_handles_until").table("retired_handles").col("until").to_owned();
    create_index(m, over).await
}
