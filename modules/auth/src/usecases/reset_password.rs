//! Sets a new password by a link that was mailed. Whoever was logged in is logged out everywhere.

use super::account::{account, own_words};
use super::linked::{Linked, linked};
use super::notice::{Notice, What};
use super::password_proof::guesses_at;
use crate::domain::{Password, Purpose, TypedSecret};
use crate::store::ChangePassword;
use crate::{Auth, operations};
use auth_contract::{PasswordChanged, reasons};
use kernel::{Caller, Fault, NewEvent, Operation, Permit, Resource, UseCase};
use serde::Serialize;

/// What the mail brought, and the password from now on. Answers with the account's address, to log in with.
#[derive(Serialize)]
pub(crate) struct ResetPassword {
    pub(crate) token: TypedSecret,
    pub(crate) password: TypedSecret,
}

impl UseCase for ResetPassword {
    type Module = Auth;
    type Subject = Option<Linked>;
    type Output = String;
    const OPERATION: &'static Operation = &operations::RESET_PASSWORD;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<Option<Linked>, Fault> {
        linked(module, caller, Purpose::ResetPassword, &self.token).await
    }

    fn resource(&self, linked: &Option<Linked>, caller: &Caller) -> Resource {
        account(linked.as_ref().map(|linked| linked.user.user_id()), caller)
    }

    async fn run(&self, module: &Auth, linked: Option<Linked>, permit: Permit) -> Result<String, Fault> {
        let at = module.clock.now();
        let Linked { link, user } = Linked::good(linked, at)?;
        if link.email != user.email {
            // Whoever reads the mail of an address that was left behind has no say any more.
            return Err(reasons::LINK_SPENT.fault());
        }
        let password = Password::parse(&self.password, &own_words(&user));
        let password = password.map_err(|refused| Fault::invalid("password", refused.to_string()))?;
        let password_hash = module.passwords.hash(password.secret()).await?;
        let told = PasswordChanged { user_id: user.id.to_string(), was_reset: true, at_ms: at.timestamp_millis() };
        let notice = Notice::to(&user, What::PasswordReset, permit.caller());
        let effects = (vec![NewEvent::of(&told)], module.notices(notice));
        let (email, forgets) = (user.email.clone(), guesses_at(&user, permit.caller()));
        let change = ChangePassword { user, password_hash, link: Some(link), keep: None, forgets, at };
        module.store.inner().commit(permit, change, effects, email).await
    }
}
