//! The caller's own account.

use super::account::{AccountView, account};
use crate::store::User;
use crate::{Auth, operations};
use auth_contract::reasons;
use kernel::{Attribute, Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::Serialize;

/// Takes nothing: who asks is all there is to know.
#[derive(Serialize)]
pub(crate) struct ReadMe;

impl UseCase for ReadMe {
    type Module = Auth;
    type Subject = User;
    type Output = AccountView;
    const OPERATION: &'static Operation = &operations::READ_ME;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<User, Fault> {
        let id = caller.actor.user_id().ok_or_else(|| kernel::reasons::LOG_IN.fault())?;
        let user = module.store.user_by_id(caller.actor.tenant, id).await?;
        user.ok_or_else(|| reasons::NO_SUCH_USER.fault())
    }

    fn resource(&self, user: &User, caller: &Caller) -> Resource {
        account(Some(user.user_id()), caller).with("owner", Attribute::User(user.user_id()))
    }

    async fn run(&self, _: &Auth, user: User, _: Permit) -> Result<AccountView, Fault> {
        Ok(AccountView::from(&user))
    }
}
