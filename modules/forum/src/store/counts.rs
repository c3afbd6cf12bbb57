//! The counts that threads and categories keep, held against what there is.

use super::ForumStore;
use super::loads::get;
use kernel::Fault;
use sea_orm::{ConnectionTrait, DatabaseTransaction, QueryResult, Value};
use store::{Change, ChangeError, Changed, statement};
use uuid::Uuid;

/// A count that says something else than there is.
#[derive(Debug, Clone)]
pub(crate) struct Drifted {
    counter: Counter,
    id: Uuid,
    kept: i64,
    real: i64,
}

#[derive(Debug, Clone, Copy)]
enum Counter {
    PostsOfThread,
    ThreadsOfCategory,
}

impl ForumStore {
    /// Of the next `limit` threads after the one named, those whose count of posts is wrong; and the last of them all,
    /// when there may be more. The highest number counts: the next post's is one more.
    pub(crate) async fn threads_drifted(
        &self,
        after: Option<Uuid>,
        limit: u64,
    ) -> Result<(Vec<Drifted>, Option<Uuid>), Fault> {
        let select = "SELECT t.id, t.post_count AS kept, \
                      (SELECT COALESCE(MAX(p.number), 0) FROM posts p WHERE p.thread_id = t.id) AS actual \
                      FROM threads t WHERE t.id > $1 ORDER BY t.id LIMIT $2";
        let count = i64::try_from(limit).unwrap_or(i64::MAX);
        let values: [Value; 2] = [after.unwrap_or_default().into(), count.into()];
        let rows = self.counted(select, values).await?;
        let is_full = u64::try_from(rows.len()).is_ok_and(|rows| rows >= limit);
        let last = rows.last().filter(|_| is_full).map(|row| get(row, "id")).transpose()?;
        Ok((drifted(Counter::PostsOfThread, &rows)?, last))
    }

    /// The categories whose count of threads is wrong.
    pub(crate) async fn categories_drifted(&self) -> Result<Vec<Drifted>, Fault> {
        let select = "SELECT c.id, c.thread_count AS kept, \
                      (SELECT COUNT(*) FROM threads t WHERE t.category_id = c.id) AS actual FROM categories c";
        drifted(Counter::ThreadsOfCategory, &self.counted(select, []).await?)
    }

    async fn counted<const N: usize>(&self, sql: &str, values: [Value; N]) -> Result<Vec<QueryResult>, Fault> {
        let query = statement(self.0.backend(), sql, values);
        self.0.read(self.0.primary().query_all_raw(query)).await
    }
}

fn drifted(counter: Counter, rows: &[QueryResult]) -> Result<Vec<Drifted>, Fault> {
    let mut drifted = Vec::new();
    for row in rows {
        let count = Drifted { counter, id: get(row, "id")?, kept: get(row, "kept")?, real: get(row, "actual")? };
        if count.kept != count.real {
            drifted.push(count);
        }
    }
    Ok(drifted)
}

/// Counts put right. Stale when one has changed since it was looked at.
pub(crate) struct MendedCounts(pub(crate) Vec<Drifted>);

#[async_trait::async_trait]
impl Change for MendedCounts {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        for Drifted { counter, id, kept, real } in &self.0 {
            let update = match counter {
                Counter::PostsOfThread => "UPDATE threads SET post_count = $1 WHERE id = $2 AND post_count = $3",
                Counter::ThreadsOfCategory => {
                    "UPDATE categories SET thread_count = $1 WHERE id = $2 AND thread_count = $3"
                }
            };
            let values: [Value; 3] = [(*real).into(), (*id).into(), (*kept).into()];
            let update = statement(tx.get_database_backend(), update, values);
            if tx.execute_raw(update).await?.rows_affected() == 0 {
                return Err(ChangeError::Stale);
            }
        }
        Ok(Vec::new())
    }
}
