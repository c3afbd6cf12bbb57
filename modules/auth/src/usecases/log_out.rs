//! Ends a log-in: this one, or another one of the same person. Ending it twice is ending it once.

use crate::store::{EndSession, LogInKind, LogInRow, RevokeFamily};
use crate::{Auth, operations};
use kernel::{Attribute, Caller, Fault, Operation, Permit, Resource, SessionId, UseCase, reasons};
use serde::Serialize;

/// Which log-in.
#[derive(Serialize)]
pub(crate) struct LogOut {
    pub(crate) id: SessionId,
}

impl UseCase for LogOut {
    type Module = Auth;
    type Subject = LogInRow;
    type Output = ();
    const OPERATION: &'static Operation = &operations::LOG_OUT;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<LogInRow, Fault> {
        let log_in = module.store.log_in(caller.actor.tenant, self.id).await?;
        log_in.ok_or_else(|| reasons::NO_ROUTE.fault().detail("There is no such log-in."))
    }

    fn resource(&self, log_in: &LogInRow, caller: &Caller) -> Resource {
        Resource::new("Session", log_in.id, caller.actor.tenant).with("owner", Attribute::User(log_in.user))
    }

    async fn run(&self, module: &Auth, log_in: LogInRow, permit: Permit) -> Result<(), Fault> {
        if log_in.ended_at.is_some() {
            return Ok(());
        }
        let (id, user, at) = (log_in.id, log_in.user, module.clock.now());
        match log_in.kind {
            LogInKind::Browser => {
                module.store.inner().commit(permit, EndSession { id, user, at }, Vec::new(), ()).await
            }
            LogInKind::Api => {
                module.store.inner().commit(permit, RevokeFamily { family: id, user, at }, Vec::new(), ()).await
            }
        }
    }
}
