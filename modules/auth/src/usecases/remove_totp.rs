//! Removes the authenticator app, and the recovery codes with it, by showing the password and a code once more.

use super::account::account;
use super::change_password::own_account;
use super::notice::{Notice, What};
use super::password_proof::{Proven, proven};
use super::second_proof::{Shown, factor, shown};
use crate::domain::TypedSecret;
use crate::store::{RemoveTotp as Change, User};
use crate::{Auth, operations};
use auth_contract::{SecondFactorChanged, reasons};
use kernel::{Attribute, Caller, Fault, NewEvent, Operation, Permit, Resource, UseCase};
use serde::Serialize;

/// The password, and a code of the app or a recovery code.
#[derive(Serialize)]
pub(crate) struct RemoveTotp {
    pub(crate) password: TypedSecret,
    pub(crate) code: TypedSecret,
}

impl UseCase for RemoveTotp {
    type Module = Auth;
    type Subject = User;
    type Output = ();
    const OPERATION: &'static Operation = &operations::REMOVE_TOTP;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<User, Fault> {
        own_account(module, caller).await
    }

    fn resource(&self, user: &User, caller: &Caller) -> Resource {
        account(Some(user.user_id()), caller).with("owner", Attribute::User(user.user_id()))
    }

    async fn run(&self, module: &Auth, user: User, permit: Permit) -> Result<(), Fault> {
        let email = user.email.clone();
        let Proven { user, permit, proof } = proven(module, permit, Some(user), &email, &self.password).await?;
        let factor = factor(module, &user).await?.ok_or_else(|| reasons::NO_SECOND_FACTOR.fault())?;
        let Shown { permit, code, forgets, .. } = shown(module, permit, &user, &self.code).await?;
        let at = module.clock.now();
        let effects = (
            vec![NewEvent::of(&removed(&user, at.timestamp_millis()))],
            module.notices(Notice::to(&user, What::SecondFactorRemoved, permit.caller())),
        );
        let forgets = [proof.forgets, forgets].concat();
        let change = Change { user, factor, code: Some(code), forgets, at };
        module.store.inner().commit(permit, change, effects, ()).await
    }
}

pub(super) fn removed(user: &User, at_ms: i64) -> SecondFactorChanged {
    SecondFactorChanged { user_id: user.id.to_string(), kind: "totp".to_owned(), added: false, at_ms }
}
