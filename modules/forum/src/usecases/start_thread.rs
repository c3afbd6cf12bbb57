//! Starts a thread with its first post.

use super::{author, both};
use crate::domain::{Body, CategoryId, Post, PostId, Thread, ThreadId, Title};
use crate::store::NewThread;
use crate::{Forum, markdown, operations};
use forum_contract::ThreadStarted;
use kernel::{Caller, Fault, NewEvent, Operation, Permit, Resource, UseCase};
use serde::{Deserialize, Serialize};

/// A thread as its author words it.
#[derive(Debug, Serialize)]
pub(crate) struct StartThread {
    pub(crate) category_id: CategoryId,
    pub(crate) title: String,
    pub(crate) body: String,
}

/// The thread started, and its first post.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ThreadStartedAs {
    pub(crate) id: ThreadId,
    pub(crate) post_id: PostId,
}

impl UseCase for StartThread {
    type Module = Forum;
    type Subject = CategoryId;
    type Output = ThreadStartedAs;
    const OPERATION: &'static Operation = &operations::START_THREAD;

    async fn load(&self, forum: &Forum, caller: &Caller) -> Result<CategoryId, Fault> {
        forum.store.category(caller.actor.tenant, self.category_id).await
    }

    fn resource(&self, category: &CategoryId, caller: &Caller) -> Resource {
        Resource::new("Category", category, caller.actor.tenant)
    }

    async fn run(&self, forum: &Forum, category_id: CategoryId, permit: Permit) -> Result<ThreadStartedAs, Fault> {
        let (author_id, tenant, now) = (author(permit.caller())?, permit.tenant(), forum.clock.now());
        let (title, body) = both(Title::parse(&self.title), Body::parse(&self.body))?;
        let thread = Thread {
            id: ThreadId(forum.ids.next()),
            tenant,
            category_id,
            author_id,
            title,
            locked: false,
            started_at: now,
            version: 1,
        };
        let post: Post = thread.reply(PostId(forum.ids.next()), author_id, body, now)?;
        let event = NewEvent::of(&ThreadStarted {
            thread_id: thread.id.to_string(),
            category_id: category_id.to_string(),
            author_id: author_id.to_string(),
            title: thread.title.as_str().to_owned(),
            post_id: post.id.to_string(),
        });
        let answer = ThreadStartedAs { id: thread.id, post_id: post.id };
        let html = markdown::render(post.body.as_str());
        forum.store.0.commit(permit, NewThread { thread, post, html }, vec![event], answer).await
    }
}
