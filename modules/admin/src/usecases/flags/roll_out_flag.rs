//! Gives one share of a split another percentage.

use super::{FlagWritten, as_expected, commit_flag, loaded_resource};
use crate::Admin;
use crate::domain::{Flag, Percent};
use crate::operations::ROLL_OUT_FLAG;
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::Serialize;

/// How many are to get it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RollOutFlag {
    /// What programs call it.
    pub(crate) key: String,
    /// The rule, counting from 0.
    pub(crate) rule: usize,
    /// The share of its split, counting from 0.
    pub(crate) share: usize,
    /// The percentage from now on, whatever a clock said of it.
    pub(crate) percent: f64,
    /// The version that was looked at; any when absent.
    pub(crate) expected_version: Option<i64>,
}

impl UseCase for RollOutFlag {
    type Module = Admin;
    type Subject = Option<Flag>;
    type Output = FlagWritten;
    const OPERATION: &'static Operation = &ROLL_OUT_FLAG;

    async fn load(&self, admin: &Admin, caller: &Caller) -> Result<Option<Flag>, Fault> {
        admin.store.flag(caller.actor.tenant, &self.key).await
    }

    fn resource(&self, flag: &Option<Flag>, caller: &Caller) -> Resource {
        loaded_resource(caller.actor.tenant, &self.key, flag.as_ref())
    }

    async fn run(&self, admin: &Admin, flag: Option<Flag>, permit: Permit) -> Result<FlagWritten, Fault> {
        let flag = as_expected(flag, self.expected_version)?;
        let percent = Percent::parse(self.percent)
            .ok_or_else(|| Fault::invalid("percent", "must be 0 to 100, with at most three decimals"))?;
        let definition = flag.definition.with_percent(self.rule, self.share, percent)?;
        let as_it_is = FlagWritten { key: self.key.clone(), version: flag.version };
        match flag.redefine(definition)? {
            Some(flag) => commit_flag(admin, permit, flag).await,
            None => Ok(as_it_is),
        }
    }
}
