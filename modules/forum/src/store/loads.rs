//! What decisions are made on, read from the primary.

use super::ForumStore;
use crate::domain::{Body, CategoryId, Post, PostId, Thread, ThreadId, Title};
use forum_contract::reasons::{NO_SUCH_CATEGORY, NO_SUCH_POST, NO_SUCH_THREAD};
use kernel::{Fault, TenantId, UserId};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::statement;

impl ForumStore {
    /// The thread with that id.
    pub(crate) async fn thread(&self, tenant: TenantId, id: ThreadId) -> Result<Thread, Fault> {
        let select = "SELECT id, tenant_id, category_id, author_id, title, locked, started_at, version \
                      FROM threads WHERE id = $1 AND tenant_id = $2";
        let row = self.row(select, [id.0.into(), tenant.0.into()]).await?.ok_or_else(|| NO_SUCH_THREAD.fault())?;
        let title: String = get(&row, "title")?;
        Ok(Thread {
            id,
            tenant,
            category_id: CategoryId(get(&row, "category_id")?),
            author_id: UserId(get(&row, "author_id")?),
            title: Title::parse(&title).map_err(Fault::internal)?,
            locked: get(&row, "locked")?,
            started_at: get(&row, "started_at")?,
            version: get(&row, "version")?,
        })
    }

    /// The post with that id.
    pub(crate) async fn post(&self, tenant: TenantId, id: PostId) -> Result<Post, Fault> {
        let select = "SELECT thread_id, author_id, body, posted_at, edited_at, version \
                      FROM posts WHERE id = $1 AND tenant_id = $2";
        let row = self.row(select, [id.0.into(), tenant.0.into()]).await?.ok_or_else(|| NO_SUCH_POST.fault())?;
        let body: String = get(&row, "body")?;
        Ok(Post {
            id,
            tenant,
            thread_id: ThreadId(get(&row, "thread_id")?),
            author_id: UserId(get(&row, "author_id")?),
            body: Body::parse(&body).map_err(Fault::internal)?,
            posted_at: get(&row, "posted_at")?,
            edited_at: get(&row, "edited_at")?,
            version: get(&row, "version")?,
        })
    }

    /// That there is such a category.
    pub(crate) async fn category(&self, tenant: TenantId, id: CategoryId) -> Result<CategoryId, Fault> {
        let select = "SELECT id FROM categories WHERE id = $1 AND tenant_id = $2";
        self.row(select, [id.0.into(), tenant.0.into()]).await?.ok_or_else(|| NO_SUCH_CATEGORY.fault())?;
        Ok(id)
    }

    async fn row<const N: usize>(&self, sql: &str, values: [Value; N]) -> Result<Option<QueryResult>, Fault> {
        let query = statement(self.0.backend(), sql, values);
        self.0.read(self.0.primary().query_one_raw(query)).await
    }
}

/// One column of a row.
pub(super) fn get<T: sea_orm::TryGetable>(row: &QueryResult, column: &str) -> Result<T, Fault> {
    row.try_get("", column).map_err(Fault::internal)
}
