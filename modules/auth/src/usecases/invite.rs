//! Invites somebody. With an address the link is mailed, and nobody else sees it; otherwise, and where no mail is sent,
//! whoever invites is given it, to hand over.

use super::account::account;
use super::list_invitations::InvitationView;
use super::prepare_invitation::PrepareInvitation;
use crate::credentials::OpaqueToken;
use crate::domain::{InvitationForm, Terms};
use crate::store::{AddInvitation, Invitation, NewLink};
use crate::{Auth, operations};
use auth_contract::reasons;
use kernel::{Attribute, Caller, Fault, Operation, Permit, Resource, UseCase, UserId};
use serde::{Deserialize, Serialize};
use settings::{Inviters, Registration};

/// The form as it was filled in.
#[derive(Serialize)]
pub(crate) struct Invite {
    pub(crate) form: InvitationForm,
}

/// The invitation, and the secret of its link where that is not mailed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Invited {
    pub(crate) invitation: InvitationView,
    pub(crate) token: Option<String>,
}

impl UseCase for Invite {
    type Module = Auth;
    /// Whether every member may invite.
    type Subject = bool;
    type Output = Invited;
    const OPERATION: &'static Operation = &operations::INVITE;

    async fn load(&self, module: &Auth, _: &Caller) -> Result<bool, Fault> {
        Ok(module.settings.auth.inviters == Inviters::Members)
    }

    fn resource(&self, members_invite: &bool, caller: &Caller) -> Resource {
        account(None, caller).with("members_invite", Attribute::Flag(*members_invite))
    }

    async fn run(&self, module: &Auth, _: bool, permit: Permit) -> Result<Invited, Fault> {
        if module.settings.auth.registration == Registration::Closed {
            return Err(reasons::REGISTRATION_CLOSED.fault());
        }
        let invitation = offered(module, self.form.read()?, permit.caller().actor.user_id());
        let shown = InvitationView::from(invitation.clone());
        let tenant = permit.tenant();
        if invitation.email.is_some() && module.mailer.is_some() {
            let tasks = vec![PrepareInvitation::of(&invitation).once_in_a_while()];
            let answer = Invited { invitation: shown, token: None };
            let change = AddInvitation { invitation, tenant, link: None };
            return module.store.inner().commit(permit, change, (Vec::new(), tasks), answer).await;
        }
        let token = OpaqueToken::new(module.ids.as_ref());
        let link = NewLink { id: module.ids.next(), token_hash: token.hash, mailed: false };
        let answer = Invited { invitation: shown, token: Some(token.text) };
        let change = AddInvitation { invitation, tenant, link: Some(link) };
        module.store.inner().commit(permit, change, Vec::new(), answer).await
    }
}

fn offered(module: &Auth, terms: Terms, by: Option<UserId>) -> Invitation {
    let now = module.clock.now();
    Invitation {
        id: module.ids.next(),
        invited_by: by.map(|id| id.0),
        inviter_handle: None,
        inviter_name: None,
        email: terms.email.map(|email| email.to_string()),
        note: terms.note,
        most_uses: terms.most_uses,
        uses: 0,
        created_at: now,
        expires_at: now + terms.lifetime,
        ended_at: None,
        version: 1,
    }
}
