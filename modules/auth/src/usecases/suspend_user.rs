//! Shuts somebody out, for a time or for good, and says why. Whoever runs the community gives up that role first: so the
//! last one who does cannot be shut out.

use super::notice::{Notice, What};
use super::read_account::{KnownAccount, Ward, owned, ward};
use crate::domain::{AccountState, Bar, read_reason, read_until};
use crate::store::BarAccount;
use crate::{Auth, operations};
use admin_contract::RoleOfRequest;
use auth_contract::{UserSuspended, reasons};
use kernel::{Caller, Fault, NewEvent, Operation, Permit, Resource, Role, Time, UseCase, UserId};
use serde::Serialize;

/// Whom, why, and until when; without an end, for good.
#[derive(Serialize)]
pub(crate) struct SuspendUser {
    pub(crate) user: UserId,
    pub(crate) reason: String,
    pub(crate) until: Option<Time>,
}

impl UseCase for SuspendUser {
    type Module = Auth;
    type Subject = Ward;
    type Output = KnownAccount;
    const OPERATION: &'static Operation = &operations::SUSPEND_USER;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<Ward, Fault> {
        ward(module, caller, self.user).await
    }

    fn resource(&self, _: &Ward, caller: &Caller) -> Resource {
        owned(self.user, caller)
    }

    async fn run(&self, module: &Auth, Ward { user, state }: Ward, permit: Permit) -> Result<KnownAccount, Fault> {
        let now = module.clock.now();
        let reason = read_reason(&self.reason, true)?;
        let until = read_until(self.until, now)?;
        let before = state.as_ref().map(|state| state.bar);
        match state {
            Some(AccountState { bar: Bar::Gone, .. }) => return Err(reasons::NO_SUCH_USER.fault()),
            // Whoever leaves could come back within the time of grace: that keeps nobody from shutting them out.
            Some(AccountState { bar: Bar::Leaving, decided_by, .. }) if decided_by != Some(self.user) => {
                return Err(reasons::ACCOUNT_LEAVING.fault());
            }
            _ => {}
        }
        runs_nothing(module, permit.caller(), self.user).await?;
        let decided_by = permit.caller().actor.user_id();
        let state = AccountState { bar: Bar::Suspended, reason: reason.clone(), decided_by, since: now, until };
        let told = UserSuspended {
            user_id: user.id.to_string(),
            at_ms: now.timestamp_millis(),
            until_ms: until.map(|until| until.timestamp_millis()),
        };
        let notice = Notice::to(&user, What::Suspended, permit.caller()).without_address().because(reason, until);
        let effects = (vec![NewEvent::of(&told)], module.notices(notice));
        let answer = KnownAccount::of(&user, Some(state.clone()));
        module.store.inner().commit(permit, BarAccount { user, before, state }, effects, answer).await
    }
}

/// Refuses where somebody runs the community: their role goes first, and the last one keeps it.
///
/// # Errors
/// `auth.runs_the_community`; `Unavailable` when nobody can tell.
pub(super) async fn runs_nothing(module: &Auth, caller: &Caller, user: UserId) -> Result<(), Fault> {
    let request = RoleOfRequest { user_id: user.to_string(), tenant_id: caller.actor.tenant.to_string() };
    let reply = module.admin.get().role_of(caller, request).await?;
    match Role::parse(&reply.role) {
        Some(Role::Administrator) | None => Err(reasons::RUNS_THE_COMMUNITY.fault()),
        Some(_) => Ok(()),
    }
}
