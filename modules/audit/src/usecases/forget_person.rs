//! Has the record forget who somebody was: their name, addresses and clients in every entry that was sealed for them. What
//! they did stays, under an id that leads to nobody.

use crate::Audit;
use crate::operations::FORGET_PERSON;
use crate::store::Forget;
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::Serialize;
use uuid::Uuid;

/// Whom. A second time changes nothing.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ForgetPerson {
    /// The user's id.
    pub(crate) person: Uuid,
}

impl UseCase for ForgetPerson {
    type Module = Audit;
    type Subject = ();
    type Output = ();
    const OPERATION: &'static Operation = &FORGET_PERSON;

    async fn load(&self, _: &Audit, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), caller: &Caller) -> Resource {
        Resource::new("Record", caller.actor.tenant, caller.actor.tenant)
    }

    async fn run(&self, audit: &Audit, (): (), permit: Permit) -> Result<(), Fault> {
        let forget = Forget { person: self.person, at: audit.store.base().clock().now() };
        audit.store.base().commit(permit, forget, Vec::new(), ()).await?;
        audit.store.base().sealer().forget_subject(self.person);
        Ok(())
    }
}
