//! Reads one post.

use crate::domain::PostId;
use crate::store::PostView;
use crate::{Forum, operations};
use kernel::{Attribute, Caller, Fault, Operation, Permit, Resource, UseCase, UserId};
use serde::Serialize;

/// Which post.
#[derive(Debug, Serialize)]
pub(crate) struct ReadPost {
    pub(crate) id: PostId,
}

impl UseCase for ReadPost {
    type Module = Forum;
    type Subject = PostView;
    type Output = PostView;
    const OPERATION: &'static Operation = &operations::READ_POST;

    async fn load(&self, forum: &Forum, caller: &Caller) -> Result<PostView, Fault> {
        forum.store.post_view(caller.actor.tenant, self.id).await
    }

    fn resource(&self, post: &PostView, caller: &Caller) -> Resource {
        Resource::new("Post", post.id, caller.actor.tenant).with("author", Attribute::User(UserId(post.author_id)))
    }

    async fn run(&self, _: &Forum, post: PostView, _: Permit) -> Result<PostView, Fault> {
        Ok(post)
    }
}
