//! One contribution to a thread.

use super::{Body, ThreadId};
use kernel::{TenantId, Time, UserId};

kernel::id!(
    /// A post.
    PostId
);

/// A post as decisions see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Post {
    pub(crate) id: PostId,
    pub(crate) tenant: TenantId,
    pub(crate) thread_id: ThreadId,
    pub(crate) author_id: UserId,
    pub(crate) body: Body,
    pub(crate) posted_at: Time,
    pub(crate) edited_at: Option<Time>,
    /// Counts the edits, from 1.
    pub(crate) version: i64,
}

impl Post {
    /// The post with another text; nothing when the text is the same.
    pub(crate) fn edit(&self, body: Body, at: Time) -> Option<Self> {
        (self.body != body).then(|| Self { body, edited_at: Some(at), version: self.version + 1, ..self.clone() })
    }
}
