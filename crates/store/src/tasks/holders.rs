//! Who holds tasks: processes that say they live.

use super::give_back::{give_back, lock_lanes};
use super::rows::{Column, Rows};
use super::{for_update, micros};
use crate::sql::statement;
use kernel::{Beat, Time};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};
use uuid::Uuid;

const HOLDERS: &[Column] =
    &[Column::Id("id"), Column::Text("name"), Column::Big("beats"), Column::Big("joined_us"), Column::Big("beat_us")];
const QUEUES: &[Column] = &[
    Column::Text("name"),
    Column::Small("paused"),
    Column::Int("per_process"),
    Column::Int("at_most"),
    Column::Int("rate"),
    Column::Big("rate_period_us"),
    Column::Big("period_end_us"),
    Column::Big("period_started"),
];

/// Makes a holder and its queues known.
pub(super) async fn join(
    tx: &DatabaseTransaction,
    holder: Uuid,
    name: &str,
    queues: &[&str],
    now: Time,
) -> Result<(), DbErr> {
    let mut holders = Rows::into_table("task_holders", HOLDERS);
    let name: String = name.chars().take(120).collect();
    holders.push(vec![holder.into(), name.into(), 0_i64.into(), micros(now).into(), micros(now).into()]);
    holders.insert_what_is_free(tx).await?;
    let mut rows = Rows::into_table("task_queues", QUEUES);
    for queue in queues {
        let limits = [0_i16.into(), 0_i32.into(), 0_i32.into(), 0_i32.into()];
        let nothing_set = limits.into_iter().chain([0_i64.into(), 0_i64.into(), 0_i64.into()]);
        rows.push(std::iter::once((*queue).into()).chain(nothing_set).collect());
    }
    rows.insert_what_is_free(tx).await.map(drop)
}

/// Counts one more beat, and looks around.
pub(super) async fn beat(tx: &DatabaseTransaction, holder: Uuid, now: Time) -> Result<Beat, DbErr> {
    let backend = tx.get_database_backend();
    let count = "UPDATE task_holders SET beats = beats + 1, beat_us = $2 WHERE id = $1";
    let counted = tx.execute_raw(statement(backend, count, [holder.into(), micros(now).into()])).await?;
    if counted.rows_affected() == 0 {
        return Ok(Beat::default());
    }
    let mut beat = Beat { alive: true, ..Beat::default() };
    let others = "SELECT id, beats FROM task_holders WHERE id <> $1";
    for row in tx.query_all_raw(statement(backend, others, [holder.into()])).await? {
        beat.others.push((row.try_get("", "id")?, row.try_get("", "beats")?));
    }
    let cancelled = "SELECT task_id FROM task_running WHERE holder = $1 AND cancel <> 0";
    for row in tx.query_all_raw(statement(backend, cancelled, [holder.into()])).await? {
        beat.cancelled.push(row.try_get("", "task_id")?);
    }
    Ok(beat)
}

/// Forgets the holder and gives back what it held.
pub(super) async fn leave(tx: &DatabaseTransaction, holder: Uuid, now: Time) -> Result<u64, DbErr> {
    let backend = tx.get_database_backend();
    lock_lanes(tx, holder).await?;
    tx.execute_raw(statement(backend, "DELETE FROM task_holders WHERE id = $1", [holder.into()])).await?;
    give_back(tx, holder, &[], "returned", "", now).await
}

/// Gives back whatever the holder holds besides these claims: what it claimed without hearing of it.
pub(super) async fn keep_only(
    tx: &DatabaseTransaction,
    holder: Uuid,
    known: &[(Uuid, i32)],
    now: Time,
) -> Result<u64, DbErr> {
    lock_lanes(tx, holder).await?;
    // A claim has the holder's row until it is committed: what it brought is seen here.
    let lock = format!("SELECT beats FROM task_holders WHERE id = $1{}", for_update(tx.get_database_backend()));
    tx.query_one_raw(statement(tx.get_database_backend(), lock, [holder.into()])).await?;
    give_back(tx, holder, known, "returned", "", now).await
}

/// Forgets a holder that does not beat any more, and gives back what it held.
pub(super) async fn rescue(tx: &DatabaseTransaction, holder: Uuid, beats: i64, now: Time) -> Result<u64, DbErr> {
    let backend = tx.get_database_backend();
    lock_lanes(tx, holder).await?;
    let forget = "DELETE FROM task_holders WHERE id = $1 AND beats = $2";
    let forgotten = tx.execute_raw(statement(backend, forget, [holder.into(), beats.into()])).await?;
    if forgotten.rows_affected() == 0 {
        return Ok(0);
    }
    give_back(tx, holder, &[], "lost", "the process that held it was not heard of any more", now).await
}
