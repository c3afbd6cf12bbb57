//! The tables of tasks. Bodies are written once; what waits and what is held are narrow rows of their own that come and
//! go; ends are only ever appended. So nothing hot is updated in place, and a long transaction that holds back vacuum
//! leaves dead rows, but no chains of them. Instants are microseconds since 1970; nothing is null in the hot tables.

use sea_orm::sea_query::{ColumnDef, Index, Table, TableCreateStatement};
use sea_orm::{ConnectionTrait, DbBackend, DbErr};
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
    table(m, tasks).await?;
    index(m, "ix_tasks_kind", "tasks", "kind, id").await?;
    only_where(m, "ix_tasks_task_key", "tasks", "task_key, id", "task_key <> ''").await
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
    table(m, ready).await?;
    index(m, "ix_task_ready_order", "task_ready", "queue, aside, priority, due_us, task_id").await?;
    index(m, "ix_task_ready_tenant", "task_ready", "queue, aside, tenant, priority, due_us").await?;
    only_where(m, "ix_task_ready_lane", "task_ready", "queue, lane, aside, task_id", "lane <> ''").await
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
    table(m, running).await?;
    only_where(m, "ix_task_running_stops", "task_running", "holder, cancel", "cancel <> 0").await?;
    only_where(m, "ix_task_running_lane", "task_running", "queue, lane", "lane <> ''").await
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
    table(m, runs).await?;
    index(m, "ix_task_runs_ended", "task_runs", "ended_us, outcome").await?;
    let dead = Table::create()
        .table("task_dead")
        .col(uuid("task_id").primary_key())
        .col(string_len("queue", 40))
        .col(string_len("kind", 80))
        .col(uuid("tenant"))
        .col(big_integer("died_us"))
        .to_owned();
    table(m, dead).await?;
    index(m, "ix_task_dead_queue", "task_dead", "queue, died_us").await
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
    table(m, keys).await?;
    let progress = Table::create()
        .table("task_progress")
        .col(uuid("task_id").primary_key())
        .col(small_integer("percent"))
        .col(string_len("note", 400))
        .col(long_text(m, "checkpoint"))
        .col(big_integer("updated_us"))
        .to_owned();
    table(m, progress).await?;
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
    table(m, queues).await?;
    let holders = Table::create()
        .table("task_holders")
        .col(uuid("id").primary_key())
        .col(string_len("name", 120))
        .col(big_integer("beats"))
        .col(big_integer("joined_us"))
        .col(big_integer("beat_us"))
        .to_owned();
    table(m, holders).await
}

/// Text without a bound that anybody meets.
fn long_text(m: &SchemaManager<'_>, name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    match m.get_database_backend() {
        // Its `text` ends at 64 KiB.
        DbBackend::MySql => column.custom("longtext"),
        _ => column.text(),
    };
    column.not_null();
    column
}

/// Makes the table unless it is there: where there is no transactional DDL, a migration may find its own beginning.
async fn table(m: &SchemaManager<'_>, mut table: TableCreateStatement) -> Result<(), DbErr> {
    m.create_table(table.if_not_exists().to_owned()).await
}

/// Makes the index unless it is there.
async fn index(m: &SchemaManager<'_>, name: &'static str, table: &'static str, columns: &str) -> Result<(), DbErr> {
    if m.has_index(table, name).await? {
        return Ok(());
    }
    m.get_connection().execute_unprepared(&format!("CREATE INDEX {name} ON {table} ({columns})")).await.map(drop)
}

/// An index over the few rows that `condition` leaves; over all of them where there are no partial indexes.
async fn only_where(
    m: &SchemaManager<'_>,
    name: &'static str,
    table: &'static str,
    columns: &str,
    condition: &str,
) -> Result<(), DbErr> {
    if m.has_index(table, name).await? {
        return Ok(());
    }
    let condition = match m.get_database_backend() {
        DbBackend::MySql => String::new(),
        _ => format!(" WHERE {condition}"),
    };
    let create = format!("CREATE INDEX {name} ON {table} ({columns}){condition}");
    m.get_connection().execute_unprepared(&create).await.map(drop)
}
