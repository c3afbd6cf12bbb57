//! A question to the policies, its answer, and the port behind which they are kept.

use crate::{Caller, Condition, Explanation, Operation, TenantId, UserId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A fact about a resource that policies may look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attribute {
    /// Words.
    Text(String),
    /// A whole number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
    /// A person.
    User(UserId),
}

/// The thing an operation is about, as policies see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Its kind as the module's schema names it, such as `Thread`.
    pub kind: &'static str,
    /// Its id within that kind.
    pub id: String,
    /// The community it belongs to.
    pub tenant: TenantId,
    /// What else policies may look at.
    pub attributes: Vec<(&'static str, Attribute)>,
}

impl Resource {
    /// A resource with no further attributes.
    pub fn new(kind: &'static str, id: impl ToString, tenant: TenantId) -> Self {
        Self { kind, id: id.to_string(), tenant, attributes: Vec::new() }
    }

    /// The same resource with one more attribute.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Attribute) -> Self {
        self.attributes.push((name, value));
        self
    }
}

/// May this caller do this to that?
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Who asks.
    pub caller: &'a Caller,
    /// What for.
    pub operation: &'static Operation,
    /// To what.
    pub resource: &'a Resource,
}

/// The answer to a [`Question`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whether it may be done.
    pub allowed: bool,
    /// Why.
    pub explanation: Explanation,
}

/// Decides. Implemented by a policy engine; quick, no I/O. What it decides depends on the question and on the rules that
/// are in force.
pub trait DecisionPoint: Send + Sync {
    /// Decides on one question. Whatever cannot be evaluated does not permit. Of the explanation it gives what costs
    /// nothing: the policies that decided, and what an allowing one looked at.
    fn decide(&self, question: Question<'_>) -> Decision;

    /// Decides as [`decide`](Self::decide) does, and explains in full.
    fn explain(&self, question: Question<'_>) -> Decision {
        self.decide(question)
    }

    /// Whether there is any resource at all for which the caller might be allowed this: a quick "no" before
    /// anything is loaded or parsed. May err on the side of yes, never of no.
    fn could_allow(&self, caller: &Caller, operation: &Operation) -> bool;

    /// Every operation it decides on, whichever module declared it. None where nobody declared any.
    fn operations(&self) -> Vec<&'static Operation> {
        Vec::new()
    }

    /// Why [`could_allow`](Self::could_allow) says no; nothing where nobody can tell.
    fn explain_early(&self, caller: &Caller, operation: &Operation) -> Option<Explanation> {
        let _untold = (caller, operation);
        None
    }

    /// Whether the caller is allowed this whatever it is about: only what somebody has like that can they pass on.
    /// May err on the side of no, never of yes.
    fn holds(&self, caller: &Caller, operation: &str) -> bool {
        let _untold = (caller, operation);
        false
    }

    /// Which resources the caller may do `operation` to, as a condition over their attributes: what lists are narrowed
    /// by. `None` when it cannot be said in one, and each must be decided on.
    fn narrow(&self, caller: &Caller, operation: &Operation) -> Option<Condition> {
        let _untold = (caller, operation);
        None
    }

    /// Puts a community's own rules in force in this process, in place of those it had. Rules with the revision that is
    /// in force change nothing.
    ///
    /// # Errors
    /// Everything that is wrong with them. Those that were in force stay in force.
    fn adopt(&self, rules: &CommunityRules) -> Result<(), Vec<RuleProblem>> {
        let _ignored = rules;
        Ok(())
    }

    /// What would be decided if these were the community's own rules. Nothing comes into force.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    fn with(&self, rules: &CommunityRules) -> Result<Arc<dyn DecisionPoint>, Vec<RuleProblem>> {
        let _ignored = rules;
        Err(vec![RuleProblem { line: None, detail: "this engine takes no rules of a community".to_owned() }])
    }
}

/// What a community adds to the policies of the modules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommunityRules {
    /// Which community.
    pub tenant: TenantId,
    /// Moves on with every change.
    pub revision: i64,
    /// Its policies, in the engine's language.
    pub policies: String,
    /// Its own roles.
    pub roles: Vec<CustomRole>,
}

/// A role that a community made up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomRole {
    /// Its name in policies.
    pub name: String,
    /// The operations its holders may do to anything of the community.
    pub operations: Vec<String>,
}

/// One thing wrong with a community's rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleProblem {
    /// The line it stands in, from 1, where that is known.
    pub line: Option<usize>,
    /// What is wrong.
    pub detail: String,
}

/// Hears of decisions. Must not wait for anything.
pub trait DecisionLog: Send + Sync {
    /// A permit was asked for, and this is what came of it.
    fn record(&self, question: Question<'_>, decision: &Decision);
}
