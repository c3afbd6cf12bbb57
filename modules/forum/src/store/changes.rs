//! What the forum writes. Each change names the version it was decided on.

use crate::domain::{Category, Post, Thread};
use kernel::{Revision, TenantId, Time, UserId};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Value};
use serde_json::json;
use store::{Change, ChangeError, Changed, insert_or_update, statement};

/// Runs one statement; how many rows it touched.
async fn execute<const N: usize>(tx: &DatabaseTransaction, sql: &str, values: [Value; N]) -> Result<u64, DbErr> {
    Ok(tx.execute_raw(statement(tx.get_database_backend(), sql, values)).await?.rows_affected())
}

/// A new category.
pub(crate) struct NewCategory {
    pub(crate) category: Category,
    pub(crate) at: Time,
}

#[async_trait::async_trait]
impl Change for NewCategory {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let Category { id, tenant, slug, name, description } = &self.category;
        // The aggregate stands by itself: beside parameters, MariaDB may refuse it when it prepares the statement anew.
        let insert = "INSERT INTO categories (id, tenant_id, slug, name, description, place, thread_count, created_at, version) \
                      SELECT $1, $2, $3, $4, $5, last.place + 1, 0, $6, 1 \
                      FROM (SELECT COALESCE(MAX(place), 0) AS place FROM categories WHERE tenant_id = $2) AS last";
        let values: [Value; 6] = [
            id.0.into(),
            tenant.0.into(),
            slug.as_str().into(),
            name.as_str().into(),
            description.as_str().into(),
            self.at.into(),
        ];
        execute(tx, insert, values).await?;
        let state = json!({ "slug": slug.as_str(), "name": name.as_str(), "description": description.as_str() });
        Ok(vec![Revision { kind: "category", id: id.0, version: 1, state: Some(state) }])
    }
}

/// A new thread with its first post.
pub(crate) struct NewThread {
    pub(crate) thread: Thread,
    pub(crate) post: Post,
    pub(crate) html: String,
}

#[async_trait::async_trait]
impl Change for NewThread {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let thread = &self.thread;
        // The category's row is taken first. Adding the thread alone would share it with whoever else adds one, and then
        // neither could count.
        let count = "UPDATE categories SET thread_count = thread_count + 1 WHERE id = $1 AND tenant_id = $2";
        execute(tx, count, [thread.category_id.0.into(), thread.tenant.0.into()]).await?;
        let insert = "INSERT INTO threads (id, tenant_id, category_id, author_id, title, locked, post_count, started_at, \
                      last_post_at, last_author_id, version) VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $7, $4, 1)";
        let values: [Value; 7] = [
            thread.id.0.into(),
            thread.tenant.0.into(),
            thread.category_id.0.into(),
            thread.author_id.0.into(),
            thread.title.as_str().into(),
            thread.locked.into(),
            thread.started_at.into(),
        ];
        execute(tx, insert, values).await?;
        insert_post(tx, &self.post, &self.html).await?;
        Ok(vec![thread_revision(thread), post_revision(&self.post)])
    }
}

/// A reply to a thread that was open at this version.
pub(crate) struct NewReply {
    pub(crate) post: Post,
    pub(crate) html: String,
    pub(crate) thread_version: i64,
}

#[async_trait::async_trait]
impl Change for NewReply {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let post = &self.post;
        let count = "UPDATE threads SET post_count = post_count + 1, last_post_at = $1, last_author_id = $2 \
                     WHERE id = $3 AND version = $4 AND tenant_id = $5";
        let values: [Value; 5] = [
            post.posted_at.into(),
            post.author_id.0.into(),
            post.thread_id.0.into(),
            self.thread_version.into(),
            post.tenant.0.into(),
        ];
        if execute(tx, count, values).await? == 0 {
            return Err(ChangeError::Stale);
        }
        insert_post(tx, post, &self.html).await?;
        Ok(vec![post_revision(post)])
    }
}

/// A post with another text, in a thread that was open at this version.
pub(crate) struct EditedPost {
    pub(crate) post: Post,
    pub(crate) html: String,
    pub(crate) thread_version: i64,
}

#[async_trait::async_trait]
impl Change for EditedPost {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let post = &self.post;
        // The thread's row is taken, not only looked at: of this edit and a lock at the same time one comes first.
        let hold = "UPDATE threads SET version = version WHERE id = $1 AND version = $2 AND tenant_id = $3";
        let held = [post.thread_id.0.into(), self.thread_version.into(), post.tenant.0.into()];
        if execute(tx, hold, held).await? == 0 {
            return Err(ChangeError::Stale);
        }
        let update = "UPDATE posts SET body = $1, html = $2, edited_at = $3, version = $4 WHERE id = $5 AND version = $6 \
             AND tenant_id = $7";
        let values: [Value; 7] = [
            post.body.as_str().into(),
            self.html.as_str().into(),
            post.edited_at.into(),
            post.version.into(),
            post.id.0.into(),
            (post.version - 1).into(),
            post.tenant.0.into(),
        ];
        match execute(tx, update, values).await? {
            0 => Err(ChangeError::Stale),
            _ => Ok(vec![post_revision(post)]),
        }
    }
}

/// A thread closed to replies, or open to them again.
pub(crate) struct LockedThread(pub(crate) Thread);

#[async_trait::async_trait]
impl Change for LockedThread {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let Self(thread) = self;
        let update = "UPDATE threads SET locked = $1, version = $2 WHERE id = $3 AND version = $4 AND tenant_id = $5";
        let values: [Value; 5] = [
            thread.locked.into(),
            thread.version.into(),
            thread.id.0.into(),
            (thread.version - 1).into(),
            thread.tenant.0.into(),
        ];
        match execute(tx, update, values).await? {
            0 => Err(ChangeError::Stale),
            _ => Ok(vec![thread_revision(thread)]),
        }
    }
}

/// What auth tells of a member.
pub(crate) struct RecordedMember {
    pub(crate) tenant: TenantId,
    pub(crate) user_id: UserId,
    pub(crate) handle: String,
    pub(crate) display_name: String,
}

#[async_trait::async_trait]
impl Change for RecordedMember {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let insert = "INSERT INTO members (user_id, handle, display_name, tenant_id) VALUES ($1, $2, $3, $4)";
        // Nobody moves to another community.
        let upsert = insert_or_update(tx.get_database_backend(), insert, "user_id", &["handle", "display_name"]);
        let (handle, display_name) = (self.handle.as_str(), self.display_name.as_str());
        let values: [Value; 4] = [self.user_id.0.into(), handle.into(), display_name.into(), self.tenant.0.into()];
        execute(tx, &upsert, values).await?;
        Ok(Vec::new())
    }
}

/// The thread has counted the post already, and its row is ours until the commit: the count is the post's number.
async fn insert_post(tx: &DatabaseTransaction, post: &Post, html: &str) -> Result<(), DbErr> {
    let insert = "INSERT INTO posts (id, tenant_id, thread_id, number, author_id, body, html, posted_at, version) \
                  VALUES ($1, $2, $3, (SELECT post_count FROM threads WHERE id = $3 AND tenant_id = $2), $4, $5, $6, $7, 1)";
    let values: [Value; 7] = [
        post.id.0.into(),
        post.tenant.0.into(),
        post.thread_id.0.into(),
        post.author_id.0.into(),
        post.body.as_str().into(),
        html.into(),
        post.posted_at.into(),
    ];
    execute(tx, insert, values).await.map(drop)
}

fn thread_revision(thread: &Thread) -> Revision {
    let state = json!({
        "category_id": thread.category_id,
        "author_id": thread.author_id,
        "title": thread.title.as_str(),
        "locked": thread.locked,
    });
    Revision { kind: "thread", id: thread.id.0, version: thread.version, state: Some(state) }
}

fn post_revision(post: &Post) -> Revision {
    let state = json!({ "thread_id": post.thread_id, "author_id": post.author_id, "body": post.body.as_str() });
    Revision { kind: "post", id: post.id.0, version: post.version, state: Some(state) }
}
