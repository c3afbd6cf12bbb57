//! Reads a flag, also one that was put away.

use super::flag_resource;
use crate::Admin;
use crate::operations::READ_FLAG;
use crate::store::FlagView;
use admin_contract::reasons::NO_SUCH_FLAG;
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::Serialize;

/// Which flag.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ReadFlag {
    /// What programs call it.
    pub(crate) key: String,
}

impl UseCase for ReadFlag {
    type Module = Admin;
    type Subject = Option<FlagView>;
    type Output = FlagView;
    const OPERATION: &'static Operation = &READ_FLAG;

    async fn load(&self, admin: &Admin, caller: &Caller) -> Result<Option<FlagView>, Fault> {
        admin.store.flag_view(caller.actor.tenant, &self.key).await
    }

    fn resource(&self, flag: &Option<FlagView>, caller: &Caller) -> Resource {
        flag_resource(caller.actor.tenant, &self.key, flag.as_ref().is_some_and(FlagView::public))
    }

    async fn run(&self, _: &Admin, flag: Option<FlagView>, _: Permit) -> Result<FlagView, Fault> {
        flag.ok_or_else(|| NO_SUCH_FLAG.fault())
    }
}
