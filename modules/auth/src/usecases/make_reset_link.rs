//! Makes the link that sets a new password for somebody who asked an operator, who hands it over: where no mail is sent.

use super::account::account;
use super::link_by_mail::{LinkByMail, link_by_mail};
use super::password_proof::claimed;
use crate::domain::Purpose;
use crate::store::User;
use crate::{Auth, operations};
use auth_contract::reasons;
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::Serialize;

/// Whose password was forgotten.
#[derive(Serialize)]
pub(crate) struct MakeResetLink {
    pub(crate) email: String,
}

impl UseCase for MakeResetLink {
    type Module = Auth;
    type Subject = Option<User>;
    type Output = LinkByMail;
    const OPERATION: &'static Operation = &operations::MAKE_RESET_LINK;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<Option<User>, Fault> {
        claimed(module, caller, &self.email).await
    }

    fn resource(&self, user: &Option<User>, caller: &Caller) -> Resource {
        account(user.as_ref().map(User::user_id), caller)
    }

    async fn run(&self, module: &Auth, user: Option<User>, permit: Permit) -> Result<LinkByMail, Fault> {
        let user = user.ok_or_else(|| reasons::NO_SUCH_USER.fault())?;
        let email = user.email.clone();
        link_by_mail(module, permit, &user, email, Purpose::ResetPassword).await
    }
}
