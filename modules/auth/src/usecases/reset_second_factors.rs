//! Removes somebody's second factor at the shell, when app and recovery codes are lost. Every log-in of theirs stays; the
//! password is asked for as before.

use super::account::account;
use super::notice::{Notice, What};
use super::password_proof::claimed;
use super::remove_totp::removed;
use super::second_proof::{factor, target};
use crate::store::{RemoveTotp as Change, User};
use crate::{Auth, operations};
use auth_contract::reasons;
use kernel::{Caller, Fault, NewEvent, Operation, Permit, Resource, UseCase};
use serde::Serialize;

/// The account's address.
#[derive(Serialize)]
pub(crate) struct ResetSecondFactors {
    pub(crate) email: String,
}

impl UseCase for ResetSecondFactors {
    type Module = Auth;
    type Subject = Option<User>;
    type Output = ();
    const OPERATION: &'static Operation = &operations::RESET_SECOND_FACTORS;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<Option<User>, Fault> {
        claimed(module, caller, &self.email).await
    }

    fn resource(&self, user: &Option<User>, caller: &Caller) -> Resource {
        account(user.as_ref().map(User::user_id), caller)
    }

    async fn run(&self, module: &Auth, user: Option<User>, permit: Permit) -> Result<(), Fault> {
        let user = user.ok_or_else(|| reasons::NO_SUCH_USER.fault())?;
        let factor = factor(module, &user).await?.ok_or_else(|| reasons::NO_SECOND_FACTOR.fault())?;
        let at = module.clock.now();
        let effects = (
            vec![NewEvent::of(&removed(&user, at.timestamp_millis()))],
            module.notices(Notice::to(&user, What::SecondFactorRemoved, permit.caller())),
        );
        let forgets = vec![target(&user)];
        module.store.inner().commit(permit, Change { user, factor, code: None, forgets, at }, effects, ()).await
    }
}
