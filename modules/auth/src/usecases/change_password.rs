//! Changes one's own password. Every other log-in ends.

use super::account::{account, own_words};
use super::notice::{Notice, What};
use super::password_proof::{Proven, proven};
use crate::domain::{Password, TypedSecret};
use crate::store::{ChangePassword as Change, User};
use crate::{Auth, operations};
use auth_contract::PasswordChanged;
use kernel::{Attribute, Caller, Fault, NewEvent, Operation, Permit, Resource, UseCase, reasons};
use serde::Serialize;

/// The password so far, and the one from now on.
#[derive(Serialize)]
pub(crate) struct ChangePassword {
    pub(crate) current: TypedSecret,
    pub(crate) new: TypedSecret,
}

impl UseCase for ChangePassword {
    type Module = Auth;
    type Subject = User;
    type Output = ();
    const OPERATION: &'static Operation = &operations::CHANGE_PASSWORD;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<User, Fault> {
        own_account(module, caller).await
    }

    fn resource(&self, user: &User, caller: &Caller) -> Resource {
        account(Some(user.user_id()), caller).with("owner", Attribute::User(user.user_id()))
    }

    async fn run(&self, module: &Auth, user: User, permit: Permit) -> Result<(), Fault> {
        let password = Password::parse(&self.new, &own_words(&user));
        let password = password.map_err(|refused| Fault::invalid("new_password", refused.to_string()))?;
        let email = user.email.clone();
        let Proven { user, permit, proof } = proven(module, permit, Some(user), &email, &self.current).await?;
        let password_hash = module.passwords.hash(password.secret()).await?;
        let at = module.clock.now();
        let told = PasswordChanged { user_id: user.id.to_string(), was_reset: false, at_ms: at.timestamp_millis() };
        let notice = Notice::to(&user, What::PasswordChanged, permit.caller());
        let effects = (vec![NewEvent::of(&told)], module.notices(notice));
        let keep = permit.caller().actor.session;
        let change = Change { user, password_hash, link: None, keep, forgets: proof.forgets, at };
        module.store.inner().commit(permit, change, effects, ()).await
    }
}

/// The caller's own account.
///
/// # Errors
/// `access.log_in` when nobody is logged in, or the account is gone.
pub(super) async fn own_account(module: &Auth, caller: &Caller) -> Result<User, Fault> {
    let id = caller.actor.user_id().ok_or_else(|| reasons::LOG_IN.fault())?;
    let user = module.store.user_by_id(caller.actor.tenant, id).await?;
    user.ok_or_else(|| reasons::LOG_IN.fault())
}
