//! Defines a flag. One that was put away comes back with its history.

use super::{FlagWritten, commit_flag, loaded_resource};
use crate::Admin;
use crate::domain::{Definition, Flag, FlagId, FlagKey};
use crate::operations::DEFINE_FLAG;
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::Serialize;
use serde_json::Value;

/// A flag as its maker words it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct DefineFlag {
    /// What programs are to call it.
    pub(crate) key: String,
    /// Whether its rules speak from the start.
    pub(crate) enabled: bool,
    /// The definition in JSON.
    pub(crate) definition: Value,
}

impl UseCase for DefineFlag {
    type Module = Admin;
    type Subject = Option<Flag>;
    type Output = FlagWritten;
    const OPERATION: &'static Operation = &DEFINE_FLAG;

    async fn load(&self, admin: &Admin, caller: &Caller) -> Result<Option<Flag>, Fault> {
        admin.store.flag(caller.actor.tenant, &self.key).await
    }

    fn resource(&self, flag: &Option<Flag>, caller: &Caller) -> Resource {
        loaded_resource(caller.actor.tenant, &self.key, flag.as_ref())
    }

    async fn run(&self, admin: &Admin, flag: Option<Flag>, permit: Permit) -> Result<FlagWritten, Fault> {
        let key = FlagKey::parse(&self.key)?;
        let definition = Definition::parse(self.definition.clone())?;
        let flag = match flag {
            Some(flag) => flag.define_again(self.enabled, definition)?,
            None => Flag::new(FlagId(admin.ids.next()), key, self.enabled, definition),
        };
        commit_flag(admin, permit, flag).await
    }
}
