//! Puts another text in the place of a post's.

use super::{author, post_resource};
use crate::domain::{Body, Post, PostId, Thread};
use crate::store::EditedPost;
use crate::{Forum, markdown, operations};
use forum_contract::PostEdited;
use forum_contract::reasons::THREAD_LOCKED;
use kernel::{Caller, Fault, NewEvent, Operation, Permit, Resource, UseCase, reasons};
use serde::{Deserialize, Serialize};

/// Another text for a post.
#[derive(Debug, Serialize)]
pub(crate) struct EditPost {
    pub(crate) id: PostId,
    pub(crate) body: String,
    /// The version the editor saw; any when absent.
    pub(crate) expected_version: Option<i64>,
}

/// The post's version from now on.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PostEditedAs {
    pub(crate) id: PostId,
    pub(crate) version: i64,
}

impl UseCase for EditPost {
    type Module = Forum;
    type Subject = (Post, Thread);
    type Output = PostEditedAs;
    const OPERATION: &'static Operation = &operations::EDIT_POST;

    async fn load(&self, forum: &Forum, caller: &Caller) -> Result<(Post, Thread), Fault> {
        let post = forum.store.post(caller.actor.tenant, self.id).await?;
        let thread = forum.store.thread(caller.actor.tenant, post.thread_id).await?;
        Ok((post, thread))
    }

    fn resource(&self, (post, _): &(Post, Thread), _: &Caller) -> Resource {
        post_resource(post)
    }

    async fn run(&self, forum: &Forum, (post, thread): (Post, Thread), permit: Permit) -> Result<PostEditedAs, Fault> {
        let editor_id = author(permit.caller())?;
        if self.expected_version.is_some_and(|version| version != post.version) {
            return Err(reasons::STALE.fault());
        }
        if thread.locked {
            return Err(THREAD_LOCKED.fault());
        }
        let Some(post) = post.edit(Body::parse(&self.body)?, forum.clock.now()) else {
            return Ok(PostEditedAs { id: post.id, version: post.version });
        };
        let event = NewEvent::of(&PostEdited {
            thread_id: post.thread_id.to_string(),
            post_id: post.id.to_string(),
            editor_id: editor_id.to_string(),
            version: post.version,
        });
        let answer = PostEditedAs { id: post.id, version: post.version };
        let html = markdown::render(post.body.as_str());
        let change = EditedPost { post, html, thread_version: thread.version };
        forum.store.0.commit(permit, change, vec![event], answer).await
    }
}
