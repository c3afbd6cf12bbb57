//! Switches a flag on or off. Off, everybody gets the variant for that, whatever the rules say.

use super::{FlagWritten, as_expected, commit_flag, loaded_resource};
use crate::Admin;
use crate::domain::Flag;
use crate::operations::SWITCH_FLAG;
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::Serialize;

/// How the switch is to stand.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SwitchFlag {
    /// What programs call it.
    pub(crate) key: String,
    /// Whether its rules are to speak.
    pub(crate) enabled: bool,
    /// The version that was looked at; any when absent, because whoever needs a kill switch has no time to look.
    pub(crate) expected_version: Option<i64>,
}

impl UseCase for SwitchFlag {
    type Module = Admin;
    type Subject = Option<Flag>;
    type Output = FlagWritten;
    const OPERATION: &'static Operation = &SWITCH_FLAG;

    async fn load(&self, admin: &Admin, caller: &Caller) -> Result<Option<Flag>, Fault> {
        admin.store.flag(caller.actor.tenant, &self.key).await
    }

    fn resource(&self, flag: &Option<Flag>, caller: &Caller) -> Resource {
        loaded_resource(caller.actor.tenant, &self.key, flag.as_ref())
    }

    async fn run(&self, admin: &Admin, flag: Option<Flag>, permit: Permit) -> Result<FlagWritten, Fault> {
        let flag = as_expected(flag, self.expected_version)?;
        let as_it_is = FlagWritten { key: self.key.clone(), version: flag.version };
        match flag.switch(self.enabled)? {
            Some(flag) => commit_flag(admin, permit, flag).await,
            None => Ok(as_it_is),
        }
    }
}
