//! What people tell everybody about themselves, beside their names.

use sea_orm::DbErr;
use sea_orm::sea_query::{ForeignKey, Table};
use sea_orm_migration::prelude::DeriveMigrationName;
use sea_orm_migration::schema::{string_len, uuid};
use sea_orm_migration::{MigrationTrait, SchemaManager};
use store::schema::{create_table, long_text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let mut of_a_user =
            ForeignKey::create().name("fk_profiles_user_id").from("profiles", "user_id").to("users", "id").to_owned();
        let table = Table::create()
            .table("profiles")
            // Whoever has told nothing has no row.
            .col(uuid("user_id").primary_key())
            .col(string_len("pronouns", 40))
            .col(long_text(m, "about"))
            .foreign_key(&mut of_a_user)
            .to_owned();
        create_table(m, table).await
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.drop_table(Table::drop().table("profiles").if_exists().to_owned()).await
    }
}
