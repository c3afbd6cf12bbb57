//! Sends an invitation once more, with a link of its own: mail gets lost. The links mailed before stay good.

use super::prepare_invitation::{PrepareInvitation, known, of_its_owner};
use crate::store::Invitation;
use crate::{Auth, operations};
use ::store::Nothing;
use auth_contract::reasons;
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::Serialize;
use uuid::Uuid;

/// Which one.
#[derive(Serialize)]
pub(crate) struct SendInvitationAgain {
    pub(crate) id: Uuid,
}

impl UseCase for SendInvitationAgain {
    type Module = Auth;
    type Subject = Invitation;
    type Output = ();
    const OPERATION: &'static Operation = &operations::SEND_INVITATION_AGAIN;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<Invitation, Fault> {
        known(module, caller, self.id).await
    }

    fn resource(&self, invitation: &Invitation, caller: &Caller) -> Resource {
        of_its_owner(invitation, caller)
    }

    async fn run(&self, module: &Auth, invitation: Invitation, permit: Permit) -> Result<(), Fault> {
        if module.mailer.is_none() {
            return Err(reasons::NO_MAIL.fault());
        }
        invitation.state().good(module.clock.now())?;
        if invitation.email.is_none() {
            return Err(Fault::invalid("email", "is missing: this invitation is a link that was handed over"));
        }
        let tasks = vec![PrepareInvitation::of(&invitation).once_in_a_while()];
        module.store.inner().commit(permit, Nothing, (Vec::new(), tasks), ()).await
    }
}
