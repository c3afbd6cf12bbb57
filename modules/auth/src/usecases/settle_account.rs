//! Does what time has brought about to one account: a suspension that is over ends, and an account whose time of grace is
//! over is gone.

use super::notice::{Notice, What};
use super::read_account::{Ward, owned};
use crate::domain::{Bar, OF_THE_GONE};
use crate::store::{EraseAccount, UnbarAccount, User};
use crate::{Auth, operations};
use auth_contract::{UserDeleted, UserRestored};
use kernel::{Caller, Fault, NewEvent, Operation, Permit, Resource, UseCase};
use serde::{Deserialize, Serialize};

/// How somebody is called whose account is gone.
const NOBODY: &str = "Deleted member";

/// Takes nothing: what is due in the caller's community is in the tables. Answers whether there was anything to do.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SettleAccount {}

impl UseCase for SettleAccount {
    type Module = Auth;
    type Subject = Option<Ward>;
    type Output = bool;
    const OPERATION: &'static Operation = &operations::SETTLE_ACCOUNT;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<Option<Ward>, Fault> {
        let Some(user) = module.store.due_account(caller.actor.tenant, module.clock.now()).await? else {
            return Ok(None);
        };
        Ok(Some(Ward { state: module.store.account_state(user.user_id()).await?, user }))
    }

    fn resource(&self, ward: &Option<Ward>, caller: &Caller) -> Resource {
        match ward {
            Some(ward) => owned(ward.user.user_id(), caller),
            None => super::account::account(None, caller),
        }
    }

    async fn run(&self, module: &Auth, ward: Option<Ward>, permit: Permit) -> Result<bool, Fault> {
        let Some(Ward { user, state: Some(state) }) = ward else { return Ok(false) };
        let at_ms = module.clock.now().timestamp_millis();
        match state.bar {
            Bar::Suspended => {
                let told = UserRestored { user_id: user.id.to_string(), at_ms };
                let notice = Notice::to(&user, What::Restored, permit.caller()).without_address();
                let effects = (vec![NewEvent::of(&told)], module.notices(notice));
                let change = UnbarAccount { user, before: Bar::Suspended };
                module.store.inner().commit(permit, change, effects, true).await
            }
            Bar::Leaving => erase(module, user, permit).await,
            Bar::Gone => Ok(false),
        }
    }
}

async fn erase(module: &Auth, user: User, permit: Permit) -> Result<bool, Fault> {
    let at = module.clock.now();
    // The end of a UUID v7 is its random part; the whole would be too long for a handle.
    let hex = user.id.simple().to_string();
    let handle = format!("{OF_THE_GONE}{}", &hex[hex.len() - 20..]);
    let told = UserDeleted {
        user_id: user.id.to_string(),
        handle: handle.clone(),
        display_name: NOBODY.to_owned(),
        at_ms: at.timestamp_millis(),
    };
    let notice = Notice::to(&user, What::Gone, permit.caller()).without_address();
    let effects = (vec![NewEvent::of(&told)], module.notices(notice));
    let change = EraseAccount {
        // `.invalid` is nobody's (RFC 2606).
        email: format!("{handle}@deleted.invalid"),
        handle,
        display_name: NOBODY.to_owned(),
        retired: module.ids.next(),
        user,
        at,
    };
    let subject = change.user.id;
    let done = module.store.inner().commit(permit, change, effects, true).await;
    module.store.inner().sealer().forget_subject(subject);
    done
}
