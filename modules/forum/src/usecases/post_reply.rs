//! Posts a reply to a thread.

use super::{author, thread_resource};
use crate::domain::{Body, PostId, Thread, ThreadId};
use crate::store::NewReply;
use crate::{Forum, markdown, operations};
use forum_contract::ReplyPosted;
use kernel::{Caller, Fault, NewEvent, Operation, Permit, Resource, UseCase};
use serde::{Deserialize, Serialize};

/// A reply as its author words it.
#[derive(Debug, Serialize)]
pub(crate) struct PostReply {
    pub(crate) thread_id: ThreadId,
    pub(crate) body: String,
}

/// The reply posted.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ReplyPostedAs {
    pub(crate) id: PostId,
    pub(crate) thread_id: ThreadId,
}

impl UseCase for PostReply {
    type Module = Forum;
    type Subject = Thread;
    type Output = ReplyPostedAs;
    const OPERATION: &'static Operation = &operations::POST_REPLY;

    async fn load(&self, forum: &Forum, caller: &Caller) -> Result<Thread, Fault> {
        forum.store.thread(caller.actor.tenant, self.thread_id).await
    }

    fn resource(&self, thread: &Thread, _: &Caller) -> Resource {
        thread_resource(thread)
    }

    async fn run(&self, forum: &Forum, thread: Thread, permit: Permit) -> Result<ReplyPostedAs, Fault> {
        let author_id = author(permit.caller())?;
        let body = Body::parse(&self.body)?;
        let post = thread.reply(PostId(forum.ids.next()), author_id, body, forum.clock.now())?;
        let event = NewEvent::of(&ReplyPosted {
            thread_id: thread.id.to_string(),
            post_id: post.id.to_string(),
            author_id: author_id.to_string(),
        });
        let answer = ReplyPostedAs { id: post.id, thread_id: thread.id };
        let html = markdown::render(post.body.as_str());
        let change = NewReply { post, html, thread_version: thread.version };
        forum.store.0.commit(permit, change, vec![event], answer).await
    }
}
