//! What entries say since refusals are recorded and changes digested. Entries from before, and those that a program from
//! before still records, have none of it.

use sea_orm::DbErr;
use sea_orm::sea_query::Table;
use sea_orm_migration::prelude::DeriveMigrationName;
use sea_orm_migration::schema::string_len_null;
use sea_orm_migration::{MigrationTrait, SchemaManager};
use store::schema::{create_index, index, long_text_or_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let columns = [
            ("detail", long_text_or_null(m, "detail")),
            ("user_agent", string_len_null("user_agent", 400)),
            ("result", string_len_null("result", 20)),
        ];
        for (name, column) in columns {
            if !m.has_column("entries", name).await? {
                m.alter_table(Table::alter().table("entries").add_column(column).to_owned()).await?;
            }
        }
        create_index(m, index("ix_entries_result", "entries", &["tenant_id", "result", "at", "id"])).await
    }
}
