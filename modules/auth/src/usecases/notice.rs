//! Tells people by mail what was done to their account, so that they notice when it was not them.

use crate::credentials::token_hash;
use crate::store::User;
use kernel::{Caller, Held, NewTask, Second, Time};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use taskmill::Task;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum What {
    /// Its password was changed by somebody logged in.
    PasswordChanged,
    /// Its password was set by a link in a mail.
    PasswordReset,
    /// It is to have another address, once that is proven.
    EmailToChange,
    /// It has another address.
    EmailChanged,
    /// A key was made for it.
    KeyMade,
    /// Somebody tried to register with its address.
    RegisteredAgain,
    /// Its owner was shut out.
    Suspended,
    /// Its owner may come in again.
    Restored,
    /// Its owner wants to leave.
    Leaving,
    /// Somebody in charge deleted it.
    DeletedByOthers,
    /// It is gone for good.
    Gone,
    /// An authenticator app is asked for from now on.
    SecondFactorAdded,
    /// No second factor is asked for any more.
    SecondFactorRemoved,
    /// Somebody logged in with a recovery code.
    RecoveryCodeUsed {
        /// How many are left.
        left: u32,
    },
    /// It has new recovery codes.
    RecoveryCodesRenewed,
}

/// The task: to whom, and what. It names the address, because that may not be the account's any more.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Notice {
    pub(crate) to: String,
    pub(crate) to_name: String,
    pub(crate) what: What,
    /// Where whoever did it came from.
    pub(crate) address: Option<String>,
    /// Why it was done.
    #[serde(default)]
    pub(crate) reason: Option<String>,
    /// Until when it holds, or when it is final.
    #[serde(default)]
    pub(crate) until: Option<Time>,
}

impl Notice {
    /// To the account's own address.
    pub(super) fn to(user: &User, what: What, caller: &Caller) -> Self {
        Self {
            to: user.email.clone(),
            to_name: user.display_name.clone(),
            what,
            address: caller.origin.address.clone(),
            reason: None,
            until: None,
        }
    }

    /// What somebody in charge did from where is nobody's business.
    pub(super) fn without_address(self) -> Self {
        Self { address: None, ..self }
    }

    /// With why, and until when.
    pub(super) fn because(self, reason: Option<String>, until: Option<Time>) -> Self {
        Self { reason, until, ..self }
    }

    /// Whether there is anybody to write to.
    pub(crate) fn is_addressed(&self) -> bool {
        self.to.contains('@')
    }

    /// The task. What strangers can bring about goes to one address once a day at most.
    pub(crate) fn in_a_mail(&self) -> NewTask {
        let task = self.task();
        if self.what != What::RegisteredAgain {
            return task;
        }
        task.unique(token_hash(&self.to), Held::For(Duration::from_hours(24)), Second::Dropped)
    }
}
