//! A thread: when it takes replies, and who closes it.

use super::{Body, CategoryId, Post, PostId, Title};
use kernel::{TenantId, Time, UserId};

kernel::id!(
    /// A thread.
    ThreadId
);

/// A thread as decisions see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Thread {
    pub(crate) id: ThreadId,
    pub(crate) tenant: TenantId,
    pub(crate) category_id: CategoryId,
    pub(crate) author_id: UserId,
    pub(crate) title: Title,
    pub(crate) locked: bool,
    pub(crate) started_at: Time,
    /// Counts the changes of the thread itself, from 1. A reply is not one.
    pub(crate) version: i64,
}

/// Why a reply is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReplyRefused {
    /// A moderator has closed the thread.
    Locked,
}

/// Why locking or unlocking is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LockRefused {
    /// It is so already.
    NothingToDo,
}

impl Thread {
    /// A reply to this thread.
    pub(crate) fn reply(&self, id: PostId, author_id: UserId, body: Body, at: Time) -> Result<Post, ReplyRefused> {
        if self.locked {
            return Err(ReplyRefused::Locked);
        }
        Ok(Post {
            id,
            tenant: self.tenant,
            thread_id: self.id,
            author_id,
            body,
            posted_at: at,
            edited_at: None,
            version: 1,
        })
    }

    /// The thread closed to replies, or open to them again.
    pub(crate) fn set_locked(&self, locked: bool) -> Result<Self, LockRefused> {
        if self.locked == locked {
            return Err(LockRefused::NothingToDo);
        }
        Ok(Self { locked, version: self.version + 1, ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use uuid::Uuid;

    fn thread(locked: bool) -> Thread {
        Thread {
            id: ThreadId(Uuid::from_u128(1)),
            tenant: TenantId::FIRST,
            category_id: CategoryId(Uuid::from_u128(2)),
            author_id: UserId(Uuid::from_u128(3)),
            title: Title::parse("A title").unwrap(),
            locked,
            started_at: DateTime::UNIX_EPOCH,
            version: 1,
        }
    }

    #[test]
    fn locked_thread_refuses_replies() {
        let body = Body::parse("Hello").unwrap();
        let (id, author) = (PostId(Uuid::from_u128(9)), UserId(Uuid::from_u128(3)));
        let refused = thread(true).reply(id, author, body.clone(), DateTime::UNIX_EPOCH);
        assert_eq!(refused, Err(ReplyRefused::Locked));
        let reply = thread(false).reply(id, author, body, DateTime::UNIX_EPOCH).unwrap();
        assert_eq!((reply.thread_id, reply.version), (ThreadId(Uuid::from_u128(1)), 1));
    }

    #[test]
    fn locking_twice_is_one_change() {
        let locked = thread(false).set_locked(true).unwrap();
        assert_eq!((locked.locked, locked.version), (true, 2));
        assert_eq!(locked.set_locked(true), Err(LockRefused::NothingToDo));
    }
}
