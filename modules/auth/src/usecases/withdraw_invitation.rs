//! Withdraws an invitation that still lets somebody in. Withdrawing it twice is withdrawing it once; accounts it made stay.

use super::prepare_invitation::{known, of_its_owner};
use crate::store::{EndInvitation, Invitation};
use crate::{Auth, operations};
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::Serialize;
use uuid::Uuid;

/// Which one.
#[derive(Serialize)]
pub(crate) struct WithdrawInvitation {
    pub(crate) id: Uuid,
}

impl UseCase for WithdrawInvitation {
    type Module = Auth;
    type Subject = Invitation;
    type Output = ();
    const OPERATION: &'static Operation = &operations::WITHDRAW_INVITATION;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<Invitation, Fault> {
        known(module, caller, self.id).await
    }

    fn resource(&self, invitation: &Invitation, caller: &Caller) -> Resource {
        of_its_owner(invitation, caller)
    }

    async fn run(&self, module: &Auth, invitation: Invitation, permit: Permit) -> Result<(), Fault> {
        let at = module.clock.now();
        if invitation.state().good(at).is_err() {
            return Ok(());
        }
        module.store.inner().commit(permit, EndInvitation { invitation, at }, Vec::new(), ()).await
    }
}
