//! Lets somebody in again who was suspended, or is about to be deleted.

use super::notice::{Notice, What};
use super::read_account::{KnownAccount, Ward, owned, ward};
use crate::domain::Bar;
use crate::store::UnbarAccount;
use crate::{Auth, operations};
use auth_contract::{UserRestored, reasons};
use kernel::{Caller, Fault, NewEvent, Operation, Permit, Resource, UseCase, UserId};
use serde::Serialize;

/// Whom.
#[derive(Serialize)]
pub(crate) struct RestoreUser {
    pub(crate) user: UserId,
}

impl UseCase for RestoreUser {
    type Module = Auth;
    type Subject = Ward;
    type Output = KnownAccount;
    const OPERATION: &'static Operation = &operations::RESTORE_USER;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<Ward, Fault> {
        ward(module, caller, self.user).await
    }

    fn resource(&self, _: &Ward, caller: &Caller) -> Resource {
        owned(self.user, caller)
    }

    async fn run(&self, module: &Auth, Ward { user, state }: Ward, permit: Permit) -> Result<KnownAccount, Fault> {
        let answer = KnownAccount::of(&user, None);
        let before = match state.map(|state| state.bar) {
            None => return Ok(answer),
            Some(Bar::Gone) => return Err(reasons::NO_SUCH_USER.fault()),
            Some(bar) => bar,
        };
        let told = UserRestored { user_id: user.id.to_string(), at_ms: module.clock.now().timestamp_millis() };
        let notice = Notice::to(&user, What::Restored, permit.caller()).without_address();
        let effects = (vec![NewEvent::of(&told)], module.notices(notice));
        module.store.inner().commit(permit, UnbarAccount { user, before }, effects, answer).await
    }
}
