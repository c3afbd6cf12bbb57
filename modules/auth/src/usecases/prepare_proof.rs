//! Makes the link that proves an address. The task of this name mails it.

use super::account::account;
use super::link_by_mail::{LinkByMail, ONCE_IN, link_by_mail};
use crate::credentials::token_hash;
use crate::domain::Purpose;
use crate::store::User;
use crate::{Auth, operations};
use kernel::{Caller, Fault, Held, NewTask, Operation, Permit, Resource, Second, UseCase, UserId};
use serde::{Deserialize, Serialize};
use taskmill::Task;

/// Whose address, and which: their account's, or the one it is to have.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PrepareProof {
    pub(crate) user: UserId,
    pub(crate) email: String,
    /// The account's version when it was asked for. Another address is not proven once the account has changed: perhaps
    /// its owner found out that somebody else had asked.
    pub(crate) version: i64,
}

impl PrepareProof {
    pub(super) fn of(user: &User, email: &str) -> Self {
        Self { user: user.user_id(), email: email.to_owned(), version: user.version }
    }

    /// The task, unless one for this account and address was enqueued a moment ago.
    pub(super) fn once_in_a_while(&self) -> NewTask {
        let key = token_hash(&format!("{} {}", self.user, self.email));
        self.task().unique(key, Held::For(ONCE_IN), Second::Dropped)
    }
}

impl UseCase for PrepareProof {
    type Module = Auth;
    type Subject = Option<User>;
    type Output = Option<LinkByMail>;
    const OPERATION: &'static Operation = &operations::PREPARE_PROOF;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<Option<User>, Fault> {
        module.store.user_by_id(caller.actor.tenant, self.user).await
    }

    fn resource(&self, _: &Option<User>, caller: &Caller) -> Resource {
        account(Some(self.user), caller)
    }

    async fn run(&self, module: &Auth, user: Option<User>, permit: Permit) -> Result<Option<LinkByMail>, Fault> {
        let asks_still = |user: &User| match user.email == self.email {
            true => user.email_proven_at.is_none(),
            false => user.version == self.version,
        };
        let Some(user) = user.filter(asks_still) else { return Ok(None) };
        link_by_mail(module, permit, &user, self.email.clone(), Purpose::ProveEmail).await.map(Some)
    }
}
