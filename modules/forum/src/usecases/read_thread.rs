//! Reads a thread with some of its posts.

use crate::domain::ThreadId;
use crate::store::{PostView, ThreadView};
use crate::{Forum, operations};
use kernel::{Attribute, Caller, Fault, Operation, Page, PageRequest, Permit, Resource, UseCase, UserId};
use serde::{Deserialize, Serialize};

/// Which part of which thread.
#[derive(Debug, Serialize)]
pub(crate) struct ReadThread {
    pub(crate) id: ThreadId,
    pub(crate) page: PageRequest,
}

/// A thread with some of its posts.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ThreadPage {
    pub(crate) thread: ThreadView,
    pub(crate) posts: Page<PostView>,
}

impl UseCase for ReadThread {
    type Module = Forum;
    type Subject = ThreadView;
    type Output = ThreadPage;
    const OPERATION: &'static Operation = &operations::READ_THREAD;

    async fn load(&self, forum: &Forum, caller: &Caller) -> Result<ThreadView, Fault> {
        forum.store.thread_view(caller.actor.tenant, self.id).await
    }

    fn resource(&self, thread: &ThreadView, caller: &Caller) -> Resource {
        Resource::new("Thread", thread.id, caller.actor.tenant)
            .with("author", Attribute::User(UserId(thread.author_id)))
            .with("locked", Attribute::Flag(thread.locked))
    }

    async fn run(&self, forum: &Forum, thread: ThreadView, permit: Permit) -> Result<ThreadPage, Fault> {
        let size = self.page.size(50, 100)?;
        let posts = forum.store.posts(permit.tenant(), self.id, self.page.cursor.as_ref(), size).await?;
        Ok(ThreadPage { thread, posts })
    }
}
