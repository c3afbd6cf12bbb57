//! Makes another link to an invitation. The task of this name mails it, so that the link's secret lies nowhere but in the
//! mail.

use super::link_by_mail::ONCE_IN;
use crate::credentials::OpaqueToken;
use crate::store::{AddInvitationLink, Invitation, NewLink};
use crate::{Auth, operations};
use kernel::{Attribute, Caller, Fault, Held, NewTask, Operation, Permit, Resource, Second, Time, UseCase, UserId};
use serde::{Deserialize, Serialize};
use taskmill::Task;
use uuid::Uuid;

/// Which invitation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PrepareInvitation {
    pub(crate) invitation: Uuid,
}

/// What the mail says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct MailedInvitation {
    pub(crate) to: String,
    pub(crate) token: String,
    /// Who invites, as people know them; none when it was an operator.
    pub(crate) from: Option<String>,
    pub(crate) note: Option<String>,
    pub(crate) expires_at: Time,
}

impl PrepareInvitation {
    pub(super) fn of(invitation: &Invitation) -> Self {
        Self { invitation: invitation.id }
    }

    /// The task that mails a link, unless one was mailed a moment ago.
    pub(super) fn once_in_a_while(&self) -> NewTask {
        self.task().unique(self.invitation.to_string(), Held::For(ONCE_IN), Second::Dropped)
    }
}

impl UseCase for PrepareInvitation {
    type Module = Auth;
    type Subject = Option<Invitation>;
    type Output = Option<MailedInvitation>;
    const OPERATION: &'static Operation = &operations::PREPARE_INVITATION;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<Option<Invitation>, Fault> {
        module.store.invitation(caller.actor.tenant, self.invitation).await
    }

    fn resource(&self, _: &Option<Invitation>, caller: &Caller) -> Resource {
        Resource::new("Invitation", self.invitation, caller.actor.tenant)
    }

    async fn run(
        &self,
        module: &Auth,
        invitation: Option<Invitation>,
        permit: Permit,
    ) -> Result<Option<MailedInvitation>, Fault> {
        let is_good = |invitation: &Invitation| invitation.state().good(module.clock.now()).is_ok();
        let Some(invitation) = invitation.filter(is_good) else { return Ok(None) };
        let Some(to) = invitation.email.clone() else { return Ok(None) };
        let token = OpaqueToken::new(module.ids.as_ref());
        let mailed = MailedInvitation {
            to,
            token: token.text,
            from: names(&invitation),
            note: invitation.note.clone(),
            expires_at: invitation.expires_at,
        };
        let link = NewLink { id: module.ids.next(), token_hash: token.hash, mailed: true };
        let change = AddInvitationLink { invitation, tenant: permit.tenant(), link };
        module.store.inner().commit(permit, change, Vec::new(), Some(mailed)).await
    }
}

/// Whoever invites, as people know them.
pub(super) fn names(invitation: &Invitation) -> Option<String> {
    let (name, handle) = (invitation.inviter_name.as_ref()?, invitation.inviter_handle.as_ref()?);
    Some(format!("{name} (@{handle})"))
}

/// The invitation as policies see it: whose it is.
pub(super) fn of_its_owner(invitation: &Invitation, caller: &Caller) -> Resource {
    let resource = Resource::new("Invitation", invitation.id, caller.actor.tenant);
    match invitation.invited_by {
        Some(owner) => resource.with("owner", Attribute::User(UserId(owner))),
        None => resource,
    }
}

/// The invitation of that id.
///
/// # Errors
/// `NotFound` when there never was one.
pub(super) async fn known(module: &Auth, caller: &Caller, id: Uuid) -> Result<Invitation, Fault> {
    let invitation = module.store.invitation(caller.actor.tenant, id).await?;
    invitation.ok_or_else(|| kernel::reasons::NO_ROUTE.fault().detail("There is no such invitation."))
}
