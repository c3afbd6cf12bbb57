//! Makes the first superuser, for whoever has the set-up link. The link is spent in the same commit.

use super::account::{AccountView, account, add_account};
use super::read_setup_link::open_link;
use crate::domain::{AccountForm, Standing, TypedSecret};
use crate::store::Spends;
use crate::{Auth, operations};
use auth_contract::reasons;
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::Serialize;
use uuid::Uuid;

/// The link's token, and the form as it was filled in.
#[derive(Serialize)]
pub(crate) struct FoundCommunity {
    pub(crate) token: TypedSecret,
    pub(crate) form: AccountForm,
}

impl UseCase for FoundCommunity {
    type Module = Auth;
    type Subject = Option<Uuid>;
    type Output = AccountView;
    const OPERATION: &'static Operation = &operations::FOUND_COMMUNITY;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<Option<Uuid>, Fault> {
        open_link(module, caller.actor.tenant, &self.token).await
    }

    fn resource(&self, _: &Option<Uuid>, caller: &Caller) -> Resource {
        account(None, caller)
    }

    async fn run(&self, module: &Auth, open: Option<Uuid>, permit: Permit) -> Result<AccountView, Fault> {
        let link = open.ok_or_else(|| reasons::SETUP_LINK_SPENT.fault())?;
        add_account(module, permit, &self.form, (Standing::Superuser, Spends::Link(link)), |account| account).await
    }
}
