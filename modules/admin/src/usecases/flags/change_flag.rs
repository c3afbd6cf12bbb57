//! Puts another definition in the place of a flag's.

use super::{FlagWritten, as_expected, commit_flag, loaded_resource};
use crate::Admin;
use crate::domain::{Definition, Flag};
use crate::operations::CHANGE_FLAG;
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::Serialize;
use serde_json::Value;

/// Another definition for a flag.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ChangeFlag {
    /// What programs call it.
    pub(crate) key: String,
    /// The definition in JSON.
    pub(crate) definition: Value,
    /// The version the editor saw; any when absent.
    pub(crate) expected_version: Option<i64>,
}

impl UseCase for ChangeFlag {
    type Module = Admin;
    type Subject = Option<Flag>;
    type Output = FlagWritten;
    const OPERATION: &'static Operation = &CHANGE_FLAG;

    async fn load(&self, admin: &Admin, caller: &Caller) -> Result<Option<Flag>, Fault> {
        admin.store.flag(caller.actor.tenant, &self.key).await
    }

    fn resource(&self, flag: &Option<Flag>, caller: &Caller) -> Resource {
        loaded_resource(caller.actor.tenant, &self.key, flag.as_ref())
    }

    async fn run(&self, admin: &Admin, flag: Option<Flag>, permit: Permit) -> Result<FlagWritten, Fault> {
        let flag = as_expected(flag, self.expected_version)?;
        let as_it_is = FlagWritten { key: self.key.clone(), version: flag.version };
        match flag.redefine(Definition::parse(self.definition.clone())?)? {
            Some(flag) => commit_flag(admin, permit, flag).await,
            None => Ok(as_it_is),
        }
    }
}
