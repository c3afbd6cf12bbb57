//! The rules that communities add to the policies of the modules, for processes where admin does not run.

use crate::Admin;
use crate::operations::READ_RULES;
use kernel::{Caller, CommunityRules, Fault, Operation, Permit, Resource, UseCase};
use serde::{Deserialize, Serialize};

/// Those that whoever asks does not have.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ReadRules {
    /// What those are called that they have.
    pub(crate) known: String,
}

/// What is in force.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RulesInForce {
    /// What they are called.
    pub(crate) known: String,
    /// Nothing when whoever asks has them.
    pub(crate) rules: Option<Vec<CommunityRules>>,
}

impl UseCase for ReadRules {
    type Module = Admin;
    type Subject = ();
    type Output = RulesInForce;
    const OPERATION: &'static Operation = &READ_RULES;

    async fn load(&self, _: &Admin, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), caller: &Caller) -> Resource {
        Resource::new("Tenant", caller.actor.tenant, caller.actor.tenant)
    }

    async fn run(&self, admin: &Admin, (): (), _: Permit) -> Result<RulesInForce, Fault> {
        let (known, rules) = admin.rules.all();
        let rules = (known != self.known).then(|| rules.as_ref().clone());
        Ok(RulesInForce { known, rules })
    }
}
