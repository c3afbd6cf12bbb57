//! Deletes one's own account, for whoever shows its password. Logging in within the time of grace takes it back.

use super::account::account;
use super::change_password::own_account;
use super::delete_user::leaving;
use super::notice::{Notice, What};
use super::password_proof::{Proven, proven};
use super::suspend_user::runs_nothing;
use crate::domain::TypedSecret;
use crate::store::{BarAccount, User};
use crate::{Auth, operations};
use kernel::{Attribute, Caller, Fault, Operation, Permit, Resource, Time, UseCase};
use serde::Serialize;

/// The account's password. Answers with the instant at which the account is gone for good.
#[derive(Serialize)]
pub(crate) struct DeleteMyAccount {
    pub(crate) password: TypedSecret,
}

impl UseCase for DeleteMyAccount {
    type Module = Auth;
    type Subject = User;
    type Output = Time;
    const OPERATION: &'static Operation = &operations::DELETE_MY_ACCOUNT;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<User, Fault> {
        own_account(module, caller).await
    }

    fn resource(&self, user: &User, caller: &Caller) -> Resource {
        account(Some(user.user_id()), caller).with("owner", Attribute::User(user.user_id()))
    }

    async fn run(&self, module: &Auth, user: User, permit: Permit) -> Result<Time, Fault> {
        runs_nothing(module, permit.caller(), user.user_id()).await?;
        let email = user.email.clone();
        let Proven { user, permit, .. } = proven(module, permit, Some(user), &email, &self.password).await?;
        let stands = module.store.account_state(user.user_id()).await?;
        if let Some(stands) = &stands {
            stands.let_in(user.user_id(), module.clock.now())?;
        }
        let before = stands.map(|stands| stands.bar);
        let state = leaving(module, None, Some(user.user_id()));
        let until = state.until.unwrap_or(state.since);
        let notice = Notice::to(&user, What::Leaving, permit.caller()).because(None, Some(until));
        let tasks = module.notices(notice);
        // Somebody shut out meanwhile has another version, and is not let out of that by leaving.
        let change = BarAccount { user, before, state };
        module.store.inner().commit(permit, change, (Vec::new(), tasks), until).await
    }
}
