//! Has the record forget who somebody was: their name, addresses and clients in every entry that was sealed for them. What
//! they did stays, under an id that leads to nobody.

use crate::Audit;
use crate::operations::FORGET_PERSON;
use crate::store::Forget;
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::Serialize;
use uuid::Uuid;

/// Whom. A second time changes nothing. Answers with how many of their keys there were to destroy; none is that nothing was
/// sealed of them.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ForgetPerson {
    /// The user's id.
    pub(crate) person: Uuid,
}

impl UseCase for ForgetPerson {
    type Module = Audit;
    type Subject = u64;
    type Output = u64;
    const OPERATION: &'static Operation = &FORGET_PERSON;

    async fn load(&self, audit: &Audit, _: &Caller) -> Result<u64, Fault> {
        audit.store.base().sealer().keys_of(self.person).await
    }

    fn resource(&self, _: &u64, caller: &Caller) -> Resource {
        Resource::new("Person", self.person, caller.actor.tenant)
    }

    async fn run(&self, audit: &Audit, keys: u64, permit: Permit) -> Result<u64, Fault> {
        let (at, sealer) = (audit.store.base().clock().now(), audit.store.base().sealer());
        let forget = Forget { person: self.person, at, sealer: sealer.clone() };
        let keys = audit.store.base().commit(permit, forget, Vec::new(), keys).await?;
        sealer.forget_subject(self.person);
        Ok(keys)
    }
}
