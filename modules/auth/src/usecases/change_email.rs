//! Asks for another address. The account has it once it is proven, and the old one hears of it at once.

use super::account::account;
use super::change_password::own_account;
use super::notice::{Notice, What};
use super::password_proof::{Proven, proven};
use super::prepare_proof::PrepareProof;
use crate::domain::{Email, TypedSecret};
use crate::store::{HoldProof, User};
use crate::{Auth, operations};
use auth_contract::reasons;
use kernel::{Attribute, Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::Serialize;

/// The address to have, and the account's password.
#[derive(Serialize)]
pub(crate) struct ChangeEmail {
    pub(crate) email: String,
    pub(crate) password: TypedSecret,
}

impl UseCase for ChangeEmail {
    type Module = Auth;
    type Subject = User;
    type Output = ();
    const OPERATION: &'static Operation = &operations::CHANGE_EMAIL;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<User, Fault> {
        own_account(module, caller).await
    }

    fn resource(&self, user: &User, caller: &Caller) -> Resource {
        account(Some(user.user_id()), caller).with("owner", Attribute::User(user.user_id()))
    }

    async fn run(&self, module: &Auth, user: User, permit: Permit) -> Result<(), Fault> {
        if module.mailer.is_none() {
            return Err(reasons::NO_MAIL.fault());
        }
        let wanted = Email::parse(&self.email).map_err(|refused| Fault::invalid("email", refused.to_string()))?;
        if wanted.as_str() == user.email {
            return Err(Fault::invalid("email", "is your address already"));
        }
        let email = user.email.clone();
        let Proven { user, permit, proof } = proven(module, permit, Some(user), &email, &self.password).await?;
        let mut tasks = module.notices(Notice::to(&user, What::EmailToChange, permit.caller()));
        // Whether somebody else has that address only whoever reads its mail may learn.
        tasks.push(PrepareProof::of(&user, wanted.as_str()).once_in_a_while());
        let change = HoldProof { user: user.user_id(), proof };
        module.store.inner().commit(permit, change, (Vec::new(), tasks), ()).await
    }
}
