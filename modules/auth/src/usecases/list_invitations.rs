//! Invitations that still let somebody in, the newest first: one's own, or everybody's.

use super::account::account;
use crate::store::Invitation;
use crate::{Auth, operations};
use kernel::{Attribute, Caller, Cursor, Fault, Operation, Page, PageRequest, Permit, Resource, Time, UseCase, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const USUAL: u32 = 50;
const MOST: u32 = 100;

/// Whose, and which part of the list.
#[derive(Serialize)]
pub(crate) struct ListInvitations {
    /// Everybody's, not only the caller's.
    pub(crate) everybodys: bool,
    pub(crate) page: PageRequest,
}

/// An invitation as those see it who look after it: without its link, which only whoever was invited has.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct InvitationView {
    pub(crate) id: Uuid,
    pub(crate) email: Option<String>,
    pub(crate) note: Option<String>,
    /// The handle of whoever invites; none when it was an operator.
    pub(crate) invited_by: Option<String>,
    pub(crate) uses: i64,
    pub(crate) most_uses: i64,
    pub(crate) created_at: Time,
    pub(crate) expires_at: Time,
}

impl From<Invitation> for InvitationView {
    fn from(row: Invitation) -> Self {
        let Invitation { id, email, note, inviter_handle, uses, most_uses, created_at, expires_at, .. } = row;
        Self { id, email, note, invited_by: inviter_handle, uses, most_uses, created_at, expires_at }
    }
}

impl UseCase for ListInvitations {
    type Module = Auth;
    type Subject = Option<UserId>;
    type Output = Page<InvitationView>;
    const OPERATION: &'static Operation = &operations::LIST_INVITATIONS;

    async fn load(&self, _: &Auth, caller: &Caller) -> Result<Option<UserId>, Fault> {
        if self.everybodys {
            return Ok(None);
        }
        caller.actor.user_id().map(Some).ok_or_else(|| kernel::reasons::LOG_IN.fault())
    }

    fn resource(&self, of: &Option<UserId>, caller: &Caller) -> Resource {
        let resource = account(*of, caller);
        match of {
            Some(user) => resource.with("owner", Attribute::User(*user)),
            None => resource,
        }
    }

    async fn run(&self, module: &Auth, of: Option<UserId>, permit: Permit) -> Result<Page<InvitationView>, Fault> {
        let size = self.page.size(USUAL, MOST)?;
        let before = self.page.cursor.as_ref().map(Cursor::key).transpose()?;
        let rows = module.store.open_invitations(permit.tenant(), of, module.clock.now(), before, size + 1).await?;
        Ok(Page::cut(rows, size, |row| row.id).map(InvitationView::from))
    }
}
