//! What an invitation says, to whoever has its link and has not filled in the form yet.

use super::account::account;
use super::prepare_invitation::names;
use crate::credentials::token_hash;
use crate::domain::TypedSecret;
use crate::store::Reached;
use crate::{Auth, operations};
use auth_contract::reasons;
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::{Deserialize, Serialize};
use settings::Registration;

/// The link's token.
#[derive(Serialize)]
pub(crate) struct ReadInvitation {
    pub(crate) token: TypedSecret,
}

/// What whoever was invited may know.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct InvitationText {
    /// The one address it is for, if it is for one.
    pub(crate) email: Option<String>,
    /// Who invites, as people know them.
    pub(crate) from: Option<String>,
    pub(crate) note: Option<String>,
}

impl UseCase for ReadInvitation {
    type Module = Auth;
    type Subject = Option<Reached>;
    type Output = InvitationText;
    const OPERATION: &'static Operation = &operations::READ_INVITATION;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<Option<Reached>, Fault> {
        module.store.reached_invitation(caller.actor.tenant, &token_hash(self.token.expose())).await
    }

    fn resource(&self, _: &Option<Reached>, caller: &Caller) -> Resource {
        account(None, caller)
    }

    async fn run(&self, module: &Auth, reached: Option<Reached>, _: Permit) -> Result<InvitationText, Fault> {
        if module.settings.auth.registration == Registration::Closed {
            return Err(reasons::REGISTRATION_CLOSED.fault());
        }
        let Reached { invitation, .. } = reached.ok_or_else(|| reasons::INVITATION_SPENT.fault())?;
        invitation.state().good(module.clock.now())?;
        Ok(InvitationText { from: names(&invitation), email: invitation.email, note: invitation.note })
    }
}
