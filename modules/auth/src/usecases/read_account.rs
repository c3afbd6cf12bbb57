//! Somebody's account, for whoever runs the community.

use super::account::{AccountView, account};
use crate::Auth;
use crate::domain::AccountState;
use crate::operations::READ_ACCOUNT;
use crate::store::User;
use auth_contract::reasons;
use kernel::{Attribute, Caller, Fault, Operation, Permit, Resource, Time, UseCase, UserId};
use serde::{Deserialize, Serialize};

/// Whose.
#[derive(Serialize)]
pub(crate) struct ReadAccount {
    pub(crate) user: UserId,
}

/// An account, and what stands against its use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KnownAccount {
    pub(crate) account: AccountView,
    pub(crate) state: Option<StateView>,
}

/// What stands against the use of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StateView {
    /// `suspended`, `leaving` or `gone`.
    pub(crate) bar: String,
    pub(crate) reason: Option<String>,
    pub(crate) decided_by: Option<UserId>,
    pub(crate) since: Time,
    /// When the suspension ends, or the account is deleted.
    pub(crate) until: Option<Time>,
}

impl KnownAccount {
    pub(super) fn of(user: &User, state: Option<AccountState>) -> Self {
        let state = state.map(|state| StateView {
            bar: state.bar.name().to_owned(),
            reason: state.reason,
            decided_by: state.decided_by,
            since: state.since,
            until: state.until,
        });
        Self { account: AccountView::from(user), state }
    }
}

/// An account somebody decides about.
#[derive(Clone)]
pub(crate) struct Ward {
    pub(super) user: User,
    pub(super) state: Option<AccountState>,
}

/// The account of that id, with what stands against its use.
///
/// # Errors
/// `auth.no_such_user`.
pub(super) async fn ward(module: &Auth, caller: &Caller, id: UserId) -> Result<Ward, Fault> {
    let user = module.store.user_by_id(caller.actor.tenant, id).await?;
    let user = user.ok_or_else(|| reasons::NO_SUCH_USER.fault())?;
    Ok(Ward { state: module.store.account_state(id).await?, user })
}

/// The account as policies see it: with its owner, who decides nothing about themselves here.
pub(super) fn owned(id: UserId, caller: &Caller) -> Resource {
    account(Some(id), caller).with("owner", Attribute::User(id))
}

impl UseCase for ReadAccount {
    type Module = Auth;
    type Subject = Ward;
    type Output = KnownAccount;
    const OPERATION: &'static Operation = &READ_ACCOUNT;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<Ward, Fault> {
        ward(module, caller, self.user).await
    }

    fn resource(&self, _: &Ward, caller: &Caller) -> Resource {
        owned(self.user, caller)
    }

    async fn run(&self, _: &Auth, ward: Ward, _: Permit) -> Result<KnownAccount, Fault> {
        Ok(KnownAccount::of(&ward.user, ward.state))
    }
}
