//! The tables of tasks. Bodies are written once; what waits and what is held are narrow rows of their own that come and
//! go; ends are only ever appended. So nothing hot is updated in place, and a long transaction that holds back vacuum
//! leaves dead rows, but no chains of them. Instants are microseconds since 1970; nothing is null in the hot tables.

use crate::schema::{create_index, create_partial_index, create_table, index, long_text};
use sea_orm::DbErr;
use sea_orm::sea_query::{Index, Table};
use sea_orm_migration::prelude::DeriveMigrationName;
use sea_orm_migration::schema::{big_integer, integer, small_integer, string_len, uuid};
use sea_orm_migration::{MigrationTrait, SchemaManager};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        bodies(m).await?;
        waiting(m).await?;
        held(m).await?;
        ended(m).await?;
        around(m).await
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let tables = [
            "tasks",
            "task_ready",
            "task_running",
            "task_runs",
            "task_dead",
            "task_keys",
            "task_progress",
            "task_queues",
            "task_holders",
        ];
        for table in tables {
            m.drop_table(Table::drop().table(table).if_exists().to_owned()).await?;
        }
        Ok(())
    }
}

async fn bodies(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    let tasks = Table::create()
        .table("tasks")
        .col(uuid("id").primary_key())
        .col(string_len("kind", 80))
        .col(integer("version"))
        .col(string_len("queue", 40))
        .col(uuid("tenant"))
        .col(string_len("task_key", 160))
        .col(long_text(m, "payload"))
        .col(long_text(m, "origin"))
        .col(long_text(m, "demand"))
        .col(big_integer("enqueued_us"))
        .to_owned();
    create_table(m, tasks).await?;
    create_index(m, index("ix_tasks_kind", "tasks", &["kind", "id"])).await?;
    create_partial_index(m, index("ix_tasks_task_key", "tasks", &["task_key", "id"]), "task_key <> ''").await
}

async fn waiting(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    let ready = Table::create()
        .table("task_ready")
        .col(uuid("task_id").primary_key())
        .col(string_len("queue", 40))
        .col(small_integer("aside"))
        .col(small_integer("priority"))
        .col(big_integer("due_us"))
        .col(uuid("tenant"))
        .col(string_len("lane", 160))
        .col(integer("lane_limit"))
        .col(small_integer("in_order"))
        .col(big_integer("expires_us"))
        .col(small_integer("key_held"))
        .col(integer("attempts"))
        .col(integer("token"))
        .to_owned();
    create_table(m, ready).await?;
    create_index(m, index("ix_task_ready_order", "task_ready", &["queue", "aside", "priority", "due_us", "task_id"]))
        .await?;
    create_index(m, index("ix_task_ready_tenant", "task_ready", &["queue", "aside", "tenant", "priority", "due_us"]))
        .await?;
    create_partial_index(
        m,
        index("ix_task_ready_lane", "task_ready", &["queue", "lane", "aside", "task_id"]),
        "lane <> ''",
    )
    .await
}

async fn held(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    let running = Table::create()
        .table("task_running")
        .col(uuid("task_id").primary_key())
        .col(string_len("queue", 40))
        .col(uuid("holder"))
        .col(integer("token"))
        .col(integer("attempt"))
        .col(small_integer("priority"))
        .col(uuid("tenant"))
        .col(big_integer("due_us"))
        .col(big_integer("started_us"))
        .col(string_len("lane", 160))
        .col(integer("lane_limit"))
        .col(small_integer("in_order"))
        .col(big_integer("expires_us"))
        .col(small_integer("key_held"))
        .col(small_integer("cancel"))
        .to_owned();
    create_table(m, running).await?;
    create_partial_index(m, index("ix_task_running_stops", "task_running", &["holder", "cancel"]), "cancel <> 0")
        .await?;
    create_partial_index(m, index("ix_task_running_lane", "task_running", &["queue", "lane"]), "lane <> ''").await
}

async fn ended(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    let runs = Table::create()
        .table("task_runs")
        .col(uuid("task_id"))
        .col(integer("token"))
        .col(integer("attempt"))
        .col(string_len("outcome", 12))
        .col(big_integer("started_us"))
        .col(big_integer("ended_us"))
        .col(uuid("holder"))
        .col(long_text(m, "error"))
        .col(long_text(m, "result"))
        .primary_key(Index::create().col("task_id").col("token"))
        .to_owned();
    create_table(m, runs).await?;
    create_index(m, index("ix_task_runs_ended", "task_runs", &["ended_us", "outcome"])).await?;
    let dead = Table::create()
        .table("task_dead")
        .col(uuid("task_id").primary_key())
        .col(string_len("queue", 40))
        .col(string_len("kind", 80))
        .col(uuid("tenant"))
        .col(big_integer("died_us"))
        .to_owned();
    create_table(m, dead).await?;
    create_index(m, index("ix_task_dead_queue", "task_dead", &["queue", "died_us"])).await
}

async fn around(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    let keys = Table::create()
        .table("task_keys")
        .col(string_len("kind", 80))
        .col(string_len("task_key", 160))
        .col(uuid("task_id"))
        .col(big_integer("until_us"))
        .primary_key(Index::create().col("kind").col("task_key"))
        .to_owned();
    create_table(m, keys).await?;
    let progress = Table::create()
        .table("task_progress")
        .col(uuid("task_id").primary_key())
        .col(small_integer("percent"))
        .col(string_len("note", 400))
        .col(long_text(m, "checkpoint"))
        .col(big_integer("updated_us"))
        .to_owned();
    create_table(m, progress).await?;
    let queues = Table::create()
        .table("task_queues")
        .col(string_len("name", 40).primary_key())
        .col(small_integer("paused"))
        .col(integer("per_process"))
        .col(integer("at_most"))
        .col(integer("rate"))
        .col(big_integer("rate_period_us"))
        .col(big_integer("period_end_us"))
        .col(big_integer("period_started"))
        .to_owned();
    create_table(m, queues).await?;
    let holders = Table::create()
        .table("task_holders")
        .col(uuid("id").primary_key())
        .col(string_len("name", 120))
        .col(big_integer("beats"))
        .col(big_integer("joined_us"))
        .col(big_integer("beat_us"))
        .to_owned();
    create_table(m, holders).await
}
