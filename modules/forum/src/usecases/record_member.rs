//! Keeps the forum's own copy of who its members are.

use super::board;
use crate::store::RecordedMember;
use crate::{Forum, operations};
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase, UserId};
use serde::Serialize;

/// What auth tells of a member.
#[derive(Debug, Serialize)]
pub(crate) struct RecordMember {
    pub(crate) user_id: UserId,
    pub(crate) handle: String,
    pub(crate) display_name: String,
}

impl UseCase for RecordMember {
    type Module = Forum;
    type Subject = ();
    type Output = ();
    const OPERATION: &'static Operation = &operations::RECORD_MEMBER;

    async fn load(&self, _: &Forum, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), caller: &Caller) -> Resource {
        board(caller.actor.tenant)
    }

    async fn run(&self, forum: &Forum, (): (), permit: Permit) -> Result<(), Fault> {
        let (handle, display_name) = (self.handle.clone(), self.display_name.clone());
        let change = RecordedMember { tenant: permit.tenant(), user_id: self.user_id, handle, display_name };
        forum.store.0.commit(permit, change, Vec::new(), ()).await
    }
}
