//! Keeps the module's own copy of who is who.

use crate::Admin;
use crate::operations::RECORD_PERSON;
use crate::store::{KnownPerson, RecordedPerson};
use auth_contract::reasons::NO_SUCH_USER;
use kernel::{Caller, Fault, Operation, Permit, Resource, Time, UseCase, UserId};
use serde::Serialize;

/// Who somebody is from now on.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RecordPerson {
    /// Who.
    pub(crate) user: UserId,
    /// The unique name.
    pub(crate) handle: String,
    /// The name shown.
    pub(crate) display_name: String,
    /// When they registered; as recorded before when absent.
    pub(crate) registered_at: Option<Time>,
}

impl UseCase for RecordPerson {
    type Module = Admin;
    type Subject = Option<KnownPerson>;
    type Output = ();
    const OPERATION: &'static Operation = &RECORD_PERSON;

    async fn load(&self, admin: &Admin, caller: &Caller) -> Result<Option<KnownPerson>, Fault> {
        admin.store.person(caller.actor.tenant, self.user).await
    }

    fn resource(&self, _: &Option<KnownPerson>, caller: &Caller) -> Resource {
        Resource::new("Person", self.user, caller.actor.tenant)
    }

    async fn run(&self, admin: &Admin, known: Option<KnownPerson>, permit: Permit) -> Result<(), Fault> {
        // Events of one person come in order, so that a new name for somebody unknown is a mistake worth a dead letter.
        let registered_at = self.registered_at.or(known.as_ref().map(|person| person.registered_at));
        let change = RecordedPerson {
            tenant: permit.tenant(),
            user: self.user,
            handle: self.handle.clone(),
            display_name: self.display_name.clone(),
            registered_at: registered_at.ok_or_else(|| NO_SUCH_USER.fault())?,
            version: known.map_or(0, |person| person.version) + 1,
        };
        admin.store.base().commit(permit, change, Vec::new(), ()).await
    }
}
