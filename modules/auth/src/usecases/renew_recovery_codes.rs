//! Makes new recovery codes by showing the password and a code once more. Those so far are void. Answers with the new ones,
//! which are never shown again.

use super::account::account;
use super::change_password::own_account;
use super::notice::{Notice, What};
use super::password_proof::{Proven, proven};
use super::second_proof::{Shown, new_codes, shown};
use crate::domain::TypedSecret;
use crate::store::{RenewRecoveryCodes as Change, User};
use crate::{Auth, operations};
use kernel::{Attribute, Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::Serialize;

/// The password, and a code of the app or a recovery code.
#[derive(Serialize)]
pub(crate) struct RenewRecoveryCodes {
    pub(crate) password: TypedSecret,
    pub(crate) code: TypedSecret,
}

impl UseCase for RenewRecoveryCodes {
    type Module = Auth;
    type Subject = User;
    type Output = Vec<String>;
    const OPERATION: &'static Operation = &operations::RENEW_RECOVERY_CODES;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<User, Fault> {
        own_account(module, caller).await
    }

    fn resource(&self, user: &User, caller: &Caller) -> Resource {
        account(Some(user.user_id()), caller).with("owner", Attribute::User(user.user_id()))
    }

    async fn run(&self, module: &Auth, user: User, permit: Permit) -> Result<Vec<String>, Fault> {
        let email = user.email.clone();
        let Proven { user, permit, proof } = proven(module, permit, Some(user), &email, &self.password).await?;
        let Shown { permit, code, forgets, .. } = shown(module, permit, &user, &self.code).await?;
        let (codes, code_hashes) = new_codes(module, &user);
        let notices = module.notices(Notice::to(&user, What::RecoveryCodesRenewed, permit.caller()));
        let (forgets, at) = ([proof.forgets, forgets].concat(), module.clock.now());
        let change = Change { user, code, code_hashes, forgets, at };
        module.store.inner().commit(permit, change, (Vec::new(), notices), codes).await
    }
}
