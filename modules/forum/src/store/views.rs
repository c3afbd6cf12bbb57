//! What people look at: lists from the replica when there is one, single things from the primary. Every list is read by
//! key, never by offset, so that a page costs the same wherever it stands.

use super::ForumStore;
use crate::domain::{CategoryId, PostId, ThreadId};
use crate::markdown;
use chrono::Datelike;
use forum_contract::reasons::{NO_SUCH_POST, NO_SUCH_THREAD};
use kernel::{Condition, Cursor, Fault, Page, TenantId, Time};
use sea_orm::{ConnectionTrait, DatabaseConnection, FromQueryResult, QueryResult, Value};
use serde::{Deserialize, Serialize};
use store::statement;
use uuid::Uuid;

/// A category as people see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, FromQueryResult)]
pub(crate) struct CategoryView {
    pub(crate) id: Uuid,
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) thread_count: i64,
}

/// A thread as people see it in a list and at the head of its page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, FromQueryResult)]
pub(crate) struct ThreadView {
    pub(crate) id: Uuid,
    pub(crate) category_id: Uuid,
    pub(crate) category_slug: String,
    pub(crate) category_name: String,
    pub(crate) title: String,
    pub(crate) locked: bool,
    pub(crate) post_count: i64,
    pub(crate) author_id: Uuid,
    pub(crate) author_name: Option<String>,
    pub(crate) last_author_name: Option<String>,
    pub(crate) started_at: Time,
    pub(crate) last_post_at: Time,
    pub(crate) version: i64,
}

/// A post as people see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, FromQueryResult)]
pub(crate) struct PostView {
    pub(crate) id: Uuid,
    pub(crate) thread_id: Uuid,
    pub(crate) number: i64,
    pub(crate) author_id: Uuid,
    pub(crate) author_name: Option<String>,
    pub(crate) author_handle: Option<String>,
    pub(crate) body: String,
    pub(crate) html: String,
    pub(crate) posted_at: Time,
    pub(crate) edited_at: Option<Time>,
    pub(crate) version: i64,
}

/// One version of a post's text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PostVersion {
    pub(crate) version: i64,
    pub(crate) body: String,
    /// Rendered anew, since only the newest version keeps its HTML.
    pub(crate) html: String,
    pub(crate) actor: String,
    pub(crate) at: Time,
}

/// Some threads, and the category they were asked for in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ThreadList {
    pub(crate) category: Option<CategoryView>,
    pub(crate) threads: Page<ThreadView>,
}

/// Which threads are listed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ThreadFilter<'a> {
    pub(crate) category: Option<Uuid>,
    /// Those whoever asks may read.
    pub(crate) readable: &'a Condition,
    pub(crate) after: Option<&'a Cursor>,
    pub(crate) size: u64,
}

/// Where a thread's attributes stand.
const THREAD_COLUMNS: &[store::AttributeColumn] = &[
    store::AttributeColumn::Uuid("id", "t.id"),
    store::AttributeColumn::Uuid("tenant", "t.tenant_id"),
    store::AttributeColumn::Uuid("author", "t.author_id"),
    store::AttributeColumn::Flag("locked", "t.locked"),
];

const CATEGORY: &str = "SELECT id, slug, name, description, thread_count FROM categories";
const THREAD: &str = "SELECT t.id, t.category_id, c.slug AS category_slug, c.name AS category_name, t.title, t.locked, \
                      t.post_count, t.author_id, a.display_name AS author_name, l.display_name AS last_author_name, \
                      t.started_at, t.last_post_at, t.version FROM threads t JOIN categories c ON c.id = t.category_id \
                      AND c.tenant_id = t.tenant_id LEFT JOIN members a ON a.user_id = t.author_id \
                      AND a.tenant_id = t.tenant_id LEFT JOIN members l ON l.user_id = t.last_author_id \
                      AND l.tenant_id = t.tenant_id";
const POST: &str = "SELECT p.id, p.thread_id, p.number, p.author_id, m.display_name AS author_name, \
                    NULLIF(m.handle, '') AS author_handle, p.body, p.html, p.posted_at, p.edited_at, p.version \
                    FROM posts p LEFT JOIN members m ON m.user_id = p.author_id \
                    AND m.tenant_id = p.tenant_id";

impl ForumStore {
    /// Every category, in the community's order.
    pub(crate) async fn categories(&self, tenant: TenantId) -> Result<Vec<CategoryView>, Fault> {
        let sql = format!("{CATEGORY} WHERE tenant_id = $1 ORDER BY place, id");
        self.fresh(sql, vec![tenant.0.into()]).await
    }

    /// The category with that short name or id.
    pub(crate) async fn find_category(&self, tenant: TenantId, name: &str) -> Result<Option<CategoryView>, Fault> {
        let (column, value): (_, Value) = match name.parse::<CategoryId>() {
            Ok(id) => ("id", id.0.into()),
            Err(_) => ("slug", name.into()),
        };
        let sql = format!("{CATEGORY} WHERE tenant_id = $1 AND {column} = $2");
        Ok(self.fresh(sql, vec![tenant.0.into(), value]).await?.pop())
    }

    /// Threads, the most recently active first.
    pub(crate) async fn threads(&self, tenant: TenantId, filter: ThreadFilter<'_>) -> Result<Page<ThreadView>, Fault> {
        let ThreadFilter { category, readable, after, size } = filter;
        let mut values: Vec<Value> = vec![tenant.0.into()];
        let mut sql = format!("{THREAD} WHERE t.tenant_id = $1");
        if let Some(category) = category {
            values.push(category.into());
            sql.push_str(" AND t.category_id = $2");
        }
        sql.push_str(&format!(" AND {}", store::narrowed(readable, THREAD_COLUMNS, &mut values)?));
        if let Some(cursor) = after {
            let (at, id): (Time, Uuid) = cursor.key()?;
            // Nobody was given a year that an engine cannot hold.
            if !(1..=9_999).contains(&at.year()) {
                return Err(Fault::invalid("cursor", "is not a cursor of this list"));
            }
            values.extend([at.into(), id.into()]);
            let n = values.len();
            // MariaDB compares pairs row by row; the first condition is what it can look up in the index.
            let at = n - 1;
            sql.push_str(&format!(" AND t.last_post_at <= ${at} AND (t.last_post_at, t.id) < (${at}, ${n})"));
        }
        values.push((size + 1).into());
        sql.push_str(&format!(" ORDER BY t.last_post_at DESC, t.id DESC LIMIT ${}", values.len()));
        let rows: Vec<ThreadView> = self.views(sql, values).await?;
        Ok(Page::cut(rows, size, |thread| (thread.last_post_at, thread.id)))
    }

    /// One thread.
    pub(crate) async fn thread_view(&self, tenant: TenantId, id: ThreadId) -> Result<ThreadView, Fault> {
        let sql = format!("{THREAD} WHERE t.id = $1 AND t.tenant_id = $2");
        self.fresh(sql, vec![id.0.into(), tenant.0.into()]).await?.pop().ok_or_else(|| NO_SUCH_THREAD.fault())
    }

    /// A thread's posts, the oldest first.
    pub(crate) async fn posts(
        &self,
        tenant: TenantId,
        thread: ThreadId,
        after: Option<&Cursor>,
        size: u64,
    ) -> Result<Page<PostView>, Fault> {
        let after: i64 = after.map(Cursor::key).transpose()?.unwrap_or(0);
        let sql =
            format!("{POST} WHERE p.thread_id = $1 AND p.number > $2 AND p.tenant_id = $4 ORDER BY p.number LIMIT $3");
        let values = vec![thread.0.into(), after.into(), (size + 1).into(), tenant.0.into()];
        let rows: Vec<PostView> = self.fresh(sql, values).await?;
        Ok(Page::cut(rows, size, |post| post.number))
    }

    /// One post.
    pub(crate) async fn post_view(&self, tenant: TenantId, id: PostId) -> Result<PostView, Fault> {
        let sql = format!("{POST} WHERE p.id = $1 AND p.tenant_id = $2");
        self.fresh(sql, vec![id.0.into(), tenant.0.into()]).await?.pop().ok_or_else(|| NO_SUCH_POST.fault())
    }

    /// Every version of a post's text, the first one first.
    pub(crate) async fn post_versions(&self, id: PostId) -> Result<Vec<PostVersion>, Fault> {
        let body = |state: Option<serde_json::Value>| {
            let text = state.as_ref().and_then(|state| state.get("body")).and_then(|body| body.as_str());
            text.unwrap_or_default().to_owned()
        };
        let versions = self.0.versions("post", id.0).await?;
        let shown = |v: store::Version| {
            let body = body(v.state);
            PostVersion { version: v.version, html: markdown::render(&body), body, actor: v.actor, at: v.valid_from }
        };
        Ok(versions.into_iter().map(shown).collect())
    }

    /// From the primary: what somebody may have written a moment ago, and what live pages are held against.
    async fn fresh<V: FromQueryResult>(&self, sql: String, values: Vec<Value>) -> Result<Vec<V>, Fault> {
        self.views_of(self.0.primary(), sql, values).await
    }

    /// From the replica, if there is one.
    async fn views<V: FromQueryResult>(&self, sql: String, values: Vec<Value>) -> Result<Vec<V>, Fault> {
        self.views_of(self.0.replica(), sql, values).await
    }

    async fn views_of<V: FromQueryResult>(
        &self,
        from: &DatabaseConnection,
        sql: String,
        values: Vec<Value>,
    ) -> Result<Vec<V>, Fault> {
        let query = statement(self.0.backend(), sql, values);
        let rows = self.0.read(from.query_all_raw(query)).await?;
        rows.iter()
            .map(|row: &QueryResult| V::from_query_result(row, ""))
            .collect::<Result<_, _>>()
            .map_err(Fault::internal)
    }
}
