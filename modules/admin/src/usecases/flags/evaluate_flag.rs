//! What one flag comes to for somebody, from memory. Guests are told of public flags alone; whether another one is
//! there they do not learn.

use super::flag_resource;
use crate::Admin;
use crate::domain::{Context, Flag, Kind, NoVerdict, Reason, Snapshot, Verdict};
use crate::operations::EVALUATE_FLAG;
use kernel::{Caller, Fault, Operation, Permit, Resource, Time, UseCase};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// Which flag, for whom.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct EvaluateFlag {
    /// What programs call it.
    pub(crate) key: String,
    /// For whom.
    pub(crate) context: Context,
}

/// What a flag comes to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Evaluation {
    /// What programs call it.
    pub(crate) key: String,
    /// The value, or why there is none.
    pub(crate) told: Result<Told, NoVerdict>,
}

/// A value and where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Told {
    pub(crate) variant: String,
    pub(crate) value: Value,
    pub(crate) reason: Reason,
    /// The rule that decided, counting from 0.
    pub(crate) rule: Option<usize>,
    /// The flag's version.
    pub(crate) version: i64,
}

impl Evaluation {
    /// What the flag of that key comes to at `now`, for whoever wants a value of one type, or of any.
    pub(super) fn of(flags: &Snapshot, key: &str, kind: Option<Kind>, context: &Context, now: Time) -> Self {
        let told = flags.flag(key).and_then(|flag| Ok(Told::of(flag, flag.evaluate_as(kind, context, now)?)));
        Self { key: key.to_owned(), told }
    }
}

impl Told {
    pub(super) fn of(flag: &Flag, verdict: Verdict<'_>) -> Self {
        Self {
            variant: verdict.variant.to_owned(),
            value: verdict.value.clone(),
            reason: verdict.reason,
            rule: verdict.rule,
            version: flag.version,
        }
    }
}

/// A flag in memory as policies see it.
pub(super) fn resource_of(flags: &Snapshot, key: &str, caller: &Caller) -> Resource {
    flag_resource(caller.actor.tenant, key, flags.flag(key).is_ok_and(|flag| flag.definition.public))
}

impl UseCase for EvaluateFlag {
    type Module = Admin;
    type Subject = Arc<Snapshot>;
    type Output = Evaluation;
    const OPERATION: &'static Operation = &EVALUATE_FLAG;

    async fn load(&self, admin: &Admin, caller: &Caller) -> Result<Arc<Snapshot>, Fault> {
        Ok(admin.flags.of(caller.actor.tenant))
    }

    fn resource(&self, flags: &Arc<Snapshot>, caller: &Caller) -> Resource {
        resource_of(flags, &self.key, caller)
    }

    async fn run(&self, admin: &Admin, flags: Arc<Snapshot>, _: Permit) -> Result<Evaluation, Fault> {
        Ok(Evaluation::of(&flags, &self.key, None, &self.context, admin.clock.now()))
    }
}
