//! What flags come to, for the decisions of other modules, from memory.

use super::evaluate_flag::Evaluation;
use crate::Admin;
use crate::domain::{Context, Kind};
use crate::operations::RESOLVE_FLAGS;
use kernel::{Caller, Fault, Operation, Permit, Resource, TenantId, UseCase};
use serde::Serialize;

/// Which flags, for whom.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ResolveFlags {
    /// The community.
    pub(crate) tenant: TenantId,
    /// For whom.
    pub(crate) context: Context,
    /// The flags' keys; every flag when there is none.
    pub(crate) keys: Vec<String>,
    /// The name of the type wanted; empty when any will do.
    pub(crate) kind: String,
}

impl UseCase for ResolveFlags {
    type Module = Admin;
    type Subject = ();
    type Output = Vec<Evaluation>;
    const OPERATION: &'static Operation = &RESOLVE_FLAGS;

    async fn load(&self, _: &Admin, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), _: &Caller) -> Resource {
        Resource::new("Tenant", self.tenant, self.tenant)
    }

    async fn run(&self, admin: &Admin, (): (), _: Permit) -> Result<Vec<Evaluation>, Fault> {
        let kind = match self.kind.as_str() {
            "" => None,
            name => Some(
                Kind::parse(name)
                    .ok_or_else(|| Fault::invalid("kind", "must be boolean, string, number, json, or empty"))?,
            ),
        };
        let (flags, now) = (admin.flags.of(self.tenant), admin.clock.now());
        let evaluate = |key: &str| Evaluation::of(&flags, key, kind, &self.context, now);
        if self.keys.is_empty() {
            return Ok(flags.keys().map(evaluate).collect());
        }
        Ok(self.keys.iter().map(|key| evaluate(key)).collect())
    }
}
