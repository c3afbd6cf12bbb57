//! Lanes that stand still although nobody is at them. No order of events is known that leads there; should there be one,
//! this lets the lane go on and tells of it.

use super::settle::{lock_queue, promote};
use crate::Store;
use crate::sql::statement;
use kernel::Fault;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};

/// Lanes in which everything is set aside. That is as it should be while one of the lane runs.
const ALL_ASIDE: &str =
    "SELECT queue, lane FROM task_ready WHERE lane <> '' GROUP BY queue, lane HAVING MIN(aside) = 1";
/// How many lanes are woken in one go.
const MOST: usize = 100;

impl Store {
    /// Lets the next task come forward in each lane where all wait and none runs. The lanes, each as queue and key.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn wake_stuck_lanes(&self) -> Result<Vec<(String, String)>, Fault> {
        let find = format!(
            "SELECT g.queue, g.lane FROM ({ALL_ASIDE}) AS g WHERE NOT EXISTS \
             (SELECT 1 FROM task_running x WHERE x.queue = g.queue AND x.lane = g.lane) LIMIT {MOST}"
        );
        let rows = self.read(self.primary().query_all_raw(statement(self.backend(), find, []))).await?;
        let mut woken = Vec::new();
        for row in &rows {
            let queue: String = row.try_get("", "queue").map_err(Fault::internal)?;
            let lane: String = row.try_get("", "lane").map_err(Fault::internal)?;
            if self.in_transaction(async |tx| Ok(wake(tx, &queue, &lane).await?)).await? {
                woken.push((queue, lane));
            }
        }
        if !woken.is_empty() {
            self.enqueued();
        }
        Ok(woken)
    }
}

/// Looks again under the queue's lock, without which a lane may just be moving on.
async fn wake(tx: &DatabaseTransaction, queue: &str, lane: &str) -> Result<bool, DbErr> {
    let backend = tx.get_database_backend();
    lock_queue(tx, queue).await?;
    let look = "SELECT (SELECT COUNT(*) FROM task_ready WHERE queue = $1 AND lane = $2 AND lane <> '' AND aside = 0) \
                + (SELECT COUNT(*) FROM task_running WHERE queue = $1 AND lane = $2) AS moving, \
                (SELECT COUNT(*) FROM task_ready WHERE queue = $1 AND lane = $2 AND lane <> '' AND aside = 1) AS waiting";
    let row = tx.query_one_raw(statement(backend, look, [queue.into(), lane.into()])).await?;
    let Some(row) = row else { return Ok(false) };
    let (moving, waiting): (i64, i64) = (row.try_get("", "moving")?, row.try_get("", "waiting")?);
    if moving > 0 || waiting == 0 {
        return Ok(false);
    }
    promote(tx, queue, lane, 1).await?;
    Ok(true)
}
