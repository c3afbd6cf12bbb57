//! Deletes somebody's account. It is shut at once, and gone after a while, within which it can be restored.

use super::notice::{Notice, What};
use super::read_account::{KnownAccount, Ward, owned, ward};
use super::suspend_user::runs_nothing;
use crate::domain::{AccountState, Bar, read_reason};
use crate::store::BarAccount;
use crate::{Auth, operations};
use auth_contract::reasons;
use chrono::TimeDelta;
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase, UserId};
use serde::Serialize;

/// Whose, and why.
#[derive(Serialize)]
pub(crate) struct DeleteUser {
    pub(crate) user: UserId,
    pub(crate) reason: String,
}

impl UseCase for DeleteUser {
    type Module = Auth;
    type Subject = Ward;
    type Output = KnownAccount;
    const OPERATION: &'static Operation = &operations::DELETE_USER;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<Ward, Fault> {
        ward(module, caller, self.user).await
    }

    fn resource(&self, _: &Ward, caller: &Caller) -> Resource {
        owned(self.user, caller)
    }

    async fn run(&self, module: &Auth, Ward { user, state }: Ward, permit: Permit) -> Result<KnownAccount, Fault> {
        let reason = read_reason(&self.reason, false)?;
        let before = state.as_ref().map(|state| state.bar);
        match &state {
            Some(AccountState { bar: Bar::Gone, .. }) => return Err(reasons::NO_SUCH_USER.fault()),
            // Deleting twice is deleting once; but whoever leaves by themselves could come back.
            Some(AccountState { bar: Bar::Leaving, decided_by, .. }) if *decided_by != Some(self.user) => {
                return Ok(KnownAccount::of(&user, state));
            }
            _ => {}
        }
        runs_nothing(module, permit.caller(), self.user).await?;
        let state = leaving(module, reason.clone(), permit.caller().actor.user_id());
        let notice = Notice::to(&user, What::DeletedByOthers, permit.caller()).without_address();
        let tasks = module.notices(notice.because(reason, state.until));
        let answer = KnownAccount::of(&user, Some(state.clone()));
        module.store.inner().commit(permit, BarAccount { user, before, state }, (Vec::new(), tasks), answer).await
    }
}

/// On its way out from now on.
pub(super) fn leaving(module: &Auth, reason: Option<String>, decided_by: Option<UserId>) -> AccountState {
    let now = module.clock.now();
    let grace = TimeDelta::days(i64::from(module.settings.auth.deletion_grace_days));
    AccountState { bar: Bar::Leaving, reason, decided_by, since: now, until: Some(now + grace) }
}
