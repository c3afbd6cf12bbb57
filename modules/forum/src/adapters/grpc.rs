//! The forum over gRPC, for clients.

use crate::Forum;
use crate::store::{CategoryView, PostView, ThreadView};
use crate::usecases::{EditPost, ListCategories, ListThreads, PostReply, ReadPost, ReadThread, StartThread};
use forum_contract as wire;
use forum_contract::ForumApi;
use kernel::{Caller, Cursor, Fault, PageRequest};
use std::sync::Arc;

/// Answers gRPC calls with the forum's use cases.
pub(crate) struct Api(pub(crate) Arc<Forum>);

fn id<T: std::str::FromStr>(field: &str, text: &str) -> Result<T, Fault> {
    text.parse().map_err(|_| Fault::invalid(field, "is not a UUID"))
}

fn page(cursor: Option<String>, limit: Option<u32>) -> PageRequest {
    PageRequest { cursor: cursor.map(Cursor), limit }
}

#[async_trait::async_trait]
impl ForumApi for Api {
    async fn list_categories(
        &self,
        caller: &Caller,
        _: wire::ListCategoriesRequest,
    ) -> Result<wire::ListCategoriesReply, Fault> {
        let categories = self.0.execute(caller, ListCategories).await?;
        Ok(wire::ListCategoriesReply { categories: categories.into_iter().map(category).collect() })
    }

    async fn list_threads(
        &self,
        caller: &Caller,
        request: wire::ListThreadsRequest,
    ) -> Result<wire::ListThreadsReply, Fault> {
        let page = page(request.cursor, request.limit);
        let list = self.0.execute(caller, ListThreads { category: request.category_id, page }).await?;
        let threads = list.threads;
        Ok(wire::ListThreadsReply {
            threads: threads.items.into_iter().map(thread).collect(),
            next_cursor: threads.next.map(|cursor| cursor.0),
        })
    }

    async fn read_thread(
        &self,
        caller: &Caller,
        request: wire::ReadThreadRequest,
    ) -> Result<wire::ReadThreadReply, Fault> {
        let usecase =
            ReadThread { id: id("thread_id", &request.thread_id)?, page: page(request.cursor, request.limit) };
        let read = self.0.execute(caller, usecase).await?;
        Ok(wire::ReadThreadReply {
            thread: Some(thread(read.thread)),
            posts: read.posts.items.into_iter().map(post).collect(),
            next_cursor: read.posts.next.map(|cursor| cursor.0),
        })
    }

    async fn start_thread(
        &self,
        caller: &Caller,
        request: wire::StartThreadRequest,
    ) -> Result<wire::StartThreadReply, Fault> {
        let category_id = id("category_id", &request.category_id)?;
        let usecase = StartThread { category_id, title: request.title, body: request.body };
        let started = self.0.execute(caller, usecase).await?;
        let page = PageRequest { cursor: None, limit: Some(1) };
        let read = self.0.execute(caller, ReadThread { id: started.id, page }).await?;
        Ok(wire::StartThreadReply {
            thread: Some(thread(read.thread)),
            post: read.posts.items.into_iter().next().map(post),
        })
    }

    async fn post_reply(
        &self,
        caller: &Caller,
        request: wire::PostReplyRequest,
    ) -> Result<wire::PostReplyReply, Fault> {
        let usecase = PostReply { thread_id: id("thread_id", &request.thread_id)?, body: request.body };
        let posted = self.0.execute(caller, usecase).await?;
        let read = self.0.execute(caller, ReadPost { id: posted.id }).await?;
        Ok(wire::PostReplyReply { post: Some(post(read)) })
    }

    async fn edit_post(&self, caller: &Caller, request: wire::EditPostRequest) -> Result<wire::EditPostReply, Fault> {
        let post_id = id("post_id", &request.post_id)?;
        let expected_version = Some(request.expected_version);
        self.0.execute(caller, EditPost { id: post_id, body: request.body, expected_version }).await?;
        let read = self.0.execute(caller, ReadPost { id: post_id }).await?;
        Ok(wire::EditPostReply { post: Some(post(read)) })
    }
}

fn category(view: CategoryView) -> wire::Category {
    wire::Category { category_id: view.id.to_string(), slug: view.slug, name: view.name, description: view.description }
}

fn thread(view: ThreadView) -> wire::ThreadSummary {
    wire::ThreadSummary {
        thread_id: view.id.to_string(),
        category_id: view.category_id.to_string(),
        title: view.title,
        author_id: view.author_id.to_string(),
        author_name: view.author_name.unwrap_or_default(),
        reply_count: view.post_count - 1,
        locked: view.locked,
        started_at_ms: view.started_at.timestamp_millis(),
        last_post_at_ms: view.last_post_at.timestamp_millis(),
    }
}

fn post(view: PostView) -> wire::Post {
    wire::Post {
        post_id: view.id.to_string(),
        thread_id: view.thread_id.to_string(),
        number: view.number,
        author_id: view.author_id.to_string(),
        author_name: view.author_name.unwrap_or_default(),
        body: view.body,
        version: view.version,
        posted_at_ms: view.posted_at.timestamp_millis(),
        edited_at_ms: view.edited_at.map(|at| at.timestamp_millis()),
    }
}
