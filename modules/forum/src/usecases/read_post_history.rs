//! Reads every version of a post's text.

use super::read_post::ReadPost;
use crate::domain::PostId;
use crate::store::{PostVersion, PostView};
use crate::{Forum, operations};
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::{Deserialize, Serialize};

/// Which post.
#[derive(Debug, Serialize)]
pub(crate) struct ReadPostHistory {
    pub(crate) id: PostId,
}

/// A post as it is, and as it was.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PostHistory {
    pub(crate) post: PostView,
    /// The first version first.
    pub(crate) versions: Vec<PostVersion>,
}

impl UseCase for ReadPostHistory {
    type Module = Forum;
    type Subject = PostView;
    type Output = PostHistory;
    const OPERATION: &'static Operation = &operations::READ_POST_HISTORY;

    async fn load(&self, forum: &Forum, caller: &Caller) -> Result<PostView, Fault> {
        forum.store.post_view(caller.actor.tenant, self.id).await
    }

    fn resource(&self, post: &PostView, caller: &Caller) -> Resource {
        ReadPost { id: self.id }.resource(post, caller)
    }

    async fn run(&self, forum: &Forum, post: PostView, _: Permit) -> Result<PostHistory, Fault> {
        let versions = forum.store.post_versions(self.id).await?;
        Ok(PostHistory { post, versions })
    }
}
