//! What a flag would come to for somebody made up, and what became of each of its rules. The flag is read from the
//! database, so that whoever just changed it tries what they wrote.

use super::evaluate_flag::{Evaluation, Told};
use super::loaded_resource;
use crate::Admin;
use crate::domain::{Context, Flag, Step};
use crate::operations::TRY_FLAG;
use admin_contract::reasons::NO_SUCH_FLAG;
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::{Deserialize, Serialize};

/// Which flag, for whom.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct TryFlag {
    /// What programs call it.
    pub(crate) key: String,
    /// For whom.
    pub(crate) context: Context,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Trial {
    /// What the flag comes to.
    pub(crate) evaluation: Evaluation,
    /// What became of each rule, in their order.
    pub(crate) rules: Vec<TriedRule>,
}

/// What became of one rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TriedRule {
    /// Its name, or empty.
    pub(crate) name: String,
    /// Whether it would give something, if no rule before it does.
    pub(crate) applies: bool,
    /// The same in words.
    pub(crate) words: String,
}

impl UseCase for TryFlag {
    type Module = Admin;
    type Subject = Option<Flag>;
    type Output = Trial;
    const OPERATION: &'static Operation = &TRY_FLAG;

    async fn load(&self, admin: &Admin, caller: &Caller) -> Result<Option<Flag>, Fault> {
        admin.store.flag(caller.actor.tenant, &self.key).await
    }

    fn resource(&self, flag: &Option<Flag>, caller: &Caller) -> Resource {
        loaded_resource(caller.actor.tenant, &self.key, flag.as_ref())
    }

    async fn run(&self, admin: &Admin, flag: Option<Flag>, _: Permit) -> Result<Trial, Fault> {
        let flag = flag.ok_or_else(|| NO_SUCH_FLAG.fault())?;
        let now = admin.clock.now();
        let told = flag.evaluate(&self.context, now).map(|verdict| Told::of(&flag, verdict));
        let tried = |(name, step): (&str, Step<'_>)| TriedRule {
            name: name.to_owned(),
            applies: matches!(step, Step::Gives(_) | Step::Shares(..)),
            words: step.to_string(),
        };
        let rules = flag.steps(&self.context, now).into_iter().map(tried).collect();
        Ok(Trial { evaluation: Evaluation { key: self.key.clone(), told }, rules })
    }
}
