//! Ends every log-in of the caller but the one they came through.

use super::account::account;
use crate::store::EndOthers;
use crate::{Auth, operations};
use kernel::{Attribute, Caller, Fault, Operation, Permit, Resource, UseCase, UserId, reasons};
use serde::Serialize;

/// Takes nothing: they are the caller's.
#[derive(Serialize)]
pub(crate) struct LogOutElsewhere;

impl UseCase for LogOutElsewhere {
    type Module = Auth;
    type Subject = UserId;
    type Output = ();
    const OPERATION: &'static Operation = &operations::LOG_OUT_ELSEWHERE;

    async fn load(&self, _: &Auth, caller: &Caller) -> Result<UserId, Fault> {
        caller.actor.user_id().ok_or_else(|| reasons::LOG_IN.fault())
    }

    fn resource(&self, user: &UserId, caller: &Caller) -> Resource {
        account(Some(*user), caller).with("owner", Attribute::User(*user))
    }

    async fn run(&self, module: &Auth, user: UserId, permit: Permit) -> Result<(), Fault> {
        let change = EndOthers { user, keep: permit.caller().actor.session, at: module.clock.now() };
        module.store.inner().commit(permit, change, Vec::new(), ()).await
    }
}
