//! Makes the link that sets a new password, when there is an account of that address. The task of this name mails it. The
//! link is made here and not where it was asked for, so that its secret lies nowhere but in the mail.

use super::account::account;
use crate::credentials::OpaqueToken;
use crate::domain::{Email, Purpose};
use crate::store::{AddMailLink, User};
use crate::{Auth, operations};
use kernel::{Caller, Fault, Held, NewTask, Operation, Permit, Resource, Second, TenantId, UseCase};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use taskmill::Task;

/// Mail with such links goes to one address this often at most, however often it is asked for.
pub(super) const ONCE_IN: Duration = Duration::from_mins(2);

/// Whose password was forgotten.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PrepareReset {
    pub(crate) email: String,
}

/// A link on its way, and to whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LinkByMail {
    pub(crate) to: String,
    pub(crate) to_name: String,
    pub(crate) token: String,
}

impl PrepareReset {
    pub(super) fn of(email: &Email) -> Self {
        Self { email: email.to_string() }
    }

    /// The task, unless one for this address was enqueued a moment ago.
    pub(super) fn once_in_a_while(&self, tenant: TenantId) -> NewTask {
        let key = format!("{tenant} {}", self.email);
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

/// Commits a new link, and gives it to whoever mails it.
pub(super) async fn link_by_mail(
    module: &Auth,
    permit: Permit,
    user: &User,
    email: String,
    purpose: Purpose,
) -> Result<LinkByMail, Fault> {
    let token = OpaqueToken::new(module.ids.as_ref());
    let change = AddMailLink {
        id: module.ids.next(),
        tenant: permit.tenant(),
        user: user.user_id(),
        purpose,
        token_hash: token.hash,
        email: email.clone(),
        created_at: module.clock.now(),
    };
    let link = LinkByMail { to: email, to_name: user.display_name.clone(), token: token.text };
    module.store.inner().commit(permit, change, Vec::new(), link).await
}
