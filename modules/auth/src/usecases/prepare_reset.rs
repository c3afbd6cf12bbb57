//! Makes the link that sets a new password, when there is an account of that address. The task of this name mails it. The
//! link is made here and not where it was asked for, so that its secret lies nowhere but in the mail.

use super::account::account;
use super::link_by_mail::{LinkByMail, ONCE_IN, link_by_mail};
use crate::credentials::token_hash;
use crate::domain::{Email, Purpose};
use crate::store::User;
use crate::{Auth, operations};
use kernel::{Caller, Fault, Held, NewTask, Operation, Permit, Resource, Second, TenantId, UseCase};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use taskmill::Task;

/// Whose password was forgotten.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PrepareReset {
    pub(crate) email: String,
}

impl PrepareReset {
    pub(super) fn of(email: &Email) -> Self {
        Self { email: email.to_string() }
    }

    /// The task, unless one for this address was enqueued a moment ago.
    pub(super) fn once_in_a_while(&self, tenant: TenantId) -> NewTask {
        let key = token_hash(&format!("{tenant} {}", self.email));
        self.task().unique(key, Held::For(ONCE_IN), Second::Dropped).expiring_after(Duration::from_hours(1))
    }
}

impl UseCase for PrepareReset {
    type Module = Auth;
    type Subject = Option<User>;
    type Output = Option<LinkByMail>;
    const OPERATION: &'static Operation = &operations::PREPARE_RESET;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<Option<User>, Fault> {
        let email = Email::parse(&self.email).map_err(|refused| Fault::invalid("email", refused.to_string()))?;
        module.store.user_by_email(caller.actor.tenant, &email).await
    }

    fn resource(&self, user: &Option<User>, caller: &Caller) -> Resource {
        account(user.as_ref().map(User::user_id), caller)
    }

    async fn run(&self, module: &Auth, user: Option<User>, permit: Permit) -> Result<Option<LinkByMail>, Fault> {
        let Some(user) = user else { return Ok(None) };
        let email = user.email.clone();
        link_by_mail(module, permit, &user, email, Purpose::ResetPassword).await.map(Some)
    }
}
