//! Closes a thread to replies, and opens it again.

use super::{author, thread_resource};
use crate::domain::{LockRefused, Thread, ThreadId};
use crate::store::LockedThread;
use crate::{Forum, operations};
use forum_contract::{ThreadLocked, ThreadUnlocked};
use kernel::{Caller, Fault, NewEvent, Operation, Permit, Resource, UseCase};
use serde::Serialize;

/// Closes a thread.
#[derive(Debug, Serialize)]
pub(crate) struct LockThread {
    pub(crate) id: ThreadId,
}

/// Opens a thread again.
#[derive(Debug, Serialize)]
pub(crate) struct UnlockThread {
    pub(crate) id: ThreadId,
}

impl UseCase for LockThread {
    type Module = Forum;
    type Subject = Thread;
    type Output = ();
    const OPERATION: &'static Operation = &operations::LOCK_THREAD;

    async fn load(&self, forum: &Forum, caller: &Caller) -> Result<Thread, Fault> {
        forum.store.thread(caller.actor.tenant, self.id).await
    }

    fn resource(&self, thread: &Thread, _: &Caller) -> Resource {
        thread_resource(thread)
    }

    async fn run(&self, forum: &Forum, thread: Thread, permit: Permit) -> Result<(), Fault> {
        let (thread_id, locked_by) = (thread.id.to_string(), author(permit.caller())?.to_string());
        set_locked(forum, &thread, true, NewEvent::of(&ThreadLocked { thread_id, locked_by }), permit).await
    }
}

impl UseCase for UnlockThread {
    type Module = Forum;
    type Subject = Thread;
    type Output = ();
    const OPERATION: &'static Operation = &operations::UNLOCK_THREAD;

    async fn load(&self, forum: &Forum, caller: &Caller) -> Result<Thread, Fault> {
        forum.store.thread(caller.actor.tenant, self.id).await
    }

    fn resource(&self, thread: &Thread, _: &Caller) -> Resource {
        thread_resource(thread)
    }

    async fn run(&self, forum: &Forum, thread: Thread, permit: Permit) -> Result<(), Fault> {
        let (thread_id, unlocked_by) = (thread.id.to_string(), author(permit.caller())?.to_string());
        set_locked(forum, &thread, false, NewEvent::of(&ThreadUnlocked { thread_id, unlocked_by }), permit).await
    }
}

/// Asking for what is so already is answered with success: a second click does no harm and leaves no trace.
async fn set_locked(
    forum: &Forum,
    thread: &Thread,
    locked: bool,
    event: NewEvent,
    permit: Permit,
) -> Result<(), Fault> {
    match thread.set_locked(locked) {
        Ok(changed) => forum.store.0.commit(permit, LockedThread(changed), vec![event], ()).await,
        Err(LockRefused::NothingToDo) => Ok(()),
    }
}
