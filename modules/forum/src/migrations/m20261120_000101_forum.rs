//! Categories, threads, posts, and the forum's own copy of its members.

use sea_orm::DbErr;
use sea_orm::sea_query::{ForeignKey, ForeignKeyAction, Index, IndexOrder, Table};
use sea_orm_migration::prelude::DeriveMigrationName;
use sea_orm_migration::schema::{big_integer, boolean, integer, string_len, uuid};
use sea_orm_migration::{MigrationTrait, SchemaManager};
use store::schema::{create_index, create_table, instant, instant_or_null, long_text};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        categories(m).await?;
        threads(m).await?;
        posts(m).await?;
        members(m).await
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        for table in ["posts", "threads", "categories", "members"] {
            m.drop_table(Table::drop().table(table).if_exists().to_owned()).await?;
        }
        Ok(())
    }
}

async fn categories(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_table(
        m,
        Table::create()
            .table("categories")
            .col(uuid("id").primary_key())
            .col(uuid("tenant_id"))
            .col(string_len("slug", 40))
            .col(string_len("name", 60))
            .col(string_len("description", 300))
            .col(integer("place"))
            .col(big_integer("thread_count"))
            .col(instant(m, "created_at"))
            .col(big_integer("version"))
            .to_owned(),
    )
    .await?;
    let slug = Index::create()
        .name("ux_categories_tenant_id_slug")
        .table("categories")
        .col("tenant_id")
        .col("slug")
        .unique()
        .to_owned();
    create_index(m, slug).await
}

async fn threads(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_table(
        m,
        Table::create()
            .table("threads")
            .col(uuid("id").primary_key())
            .col(uuid("tenant_id"))
            .col(uuid("category_id"))
            .col(uuid("author_id"))
            .col(string_len("title", 200))
            .col(boolean("locked"))
            .col(big_integer("post_count"))
            .col(instant(m, "started_at"))
            .col(instant(m, "last_post_at"))
            .col(uuid("last_author_id"))
            .col(big_integer("version"))
            .foreign_key(
                ForeignKey::create()
                    .from("threads", "category_id")
                    .to("categories", "id")
                    .on_delete(ForeignKeyAction::Restrict),
            )
            .to_owned(),
    )
    .await?;
    let newest = |name: &str, first: &str| {
        Index::create()
            .name(name)
            .table("threads")
            .col(first.to_owned())
            .col(("last_post_at", IndexOrder::Desc))
            .col(("id", IndexOrder::Desc))
            .to_owned()
    };
    create_index(m, newest("ix_threads_tenant_id_newest", "tenant_id")).await?;
    create_index(m, newest("ix_threads_category_id_newest", "category_id")).await
}

async fn posts(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_table(
        m,
        Table::create()
            .table("posts")
            .col(uuid("id").primary_key())
            .col(uuid("tenant_id"))
            .col(uuid("thread_id"))
            .col(big_integer("number"))
            .col(uuid("author_id"))
            .col(long_text(m, "body"))
            .col(long_text(m, "html"))
            .col(instant(m, "posted_at"))
            .col(instant_or_null(m, "edited_at"))
            .col(big_integer("version"))
            .foreign_key(
                ForeignKey::create()
                    .from("posts", "thread_id")
                    .to("threads", "id")
                    .on_delete(ForeignKeyAction::Restrict),
            )
            .to_owned(),
    )
    .await?;
    let number = Index::create()
        .name("ux_posts_thread_id_number")
        .table("posts")
        .col("thread_id")
        .col("number")
        .unique()
        .to_owned();
    create_index(m, number).await
}

async fn members(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_table(
        m,
        Table::create()
            .table("members")
            .col(uuid("user_id").primary_key())
            .col(string_len("handle", 40))
            .col(string_len("display_name", 80))
            .to_owned(),
    )
    .await
}
