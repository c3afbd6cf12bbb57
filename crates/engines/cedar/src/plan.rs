//! Everything about one operation that can be known before anybody asks.

use crate::diagnosis::PolicyFaults;
use crate::part::PolicyPart;
use crate::reading::Reading;
use crate::scope::Scope;
use crate::vocabulary::Vocabulary;
use cedar_policy::{ActionConstraint, Effect, Entities, EntityTypeName, EntityUid, Policy, PolicySet};
use cedar_policy::{PolicyId, ResourceConstraint};
use kernel::{Actor, Operation};
use std::sync::Arc;

/// One operation, ready to be decided on.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) operation: &'static Operation,
    pub(crate) action: EntityUid,
    pub(crate) resource: EntityTypeName,
    /// Whether the action declares `Polity::Context`; the others take none.
    pub(crate) takes_context: bool,
    /// The policies whose head covers the action. The others cannot say anything about it, so they are not asked,
    /// and a decision does not get slower with every module.
    pub(crate) policies: PolicySet,
    /// The action with the groups it is in.
    pub(crate) entities: Entities,
    pub(crate) rules: Vec<Rule>,
    /// The ids of the permits among the policies, sorted.
    pub(crate) permits: Vec<String>,
}

/// What can be read off a policy without evaluating it.
#[derive(Clone)]
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) effect: Effect,
    pub(crate) scope: Scope,
    /// Whether nothing but the principal matters: no condition, and any resource will do.
    pub(crate) free: bool,
    /// Whether it is the engine's own and holds everywhere.
    pub(crate) base: bool,
    /// The one resource its head names, if it names one.
    pub(crate) about: Option<EntityUid>,
    /// Its conditions.
    pub(crate) reading: Arc<Reading>,
}

impl Plan {
    /// Whether some permit's head lets this actor through.
    pub(crate) fn could_allow(&self, actor: &Actor, vocabulary: &Vocabulary) -> bool {
        self.rules.iter().any(|rule| rule.effect == Effect::Permit && rule.scope.admits(actor, vocabulary))
    }

    /// Takes a policy in whose head covers the action.
    ///
    /// # Errors
    /// What cannot be read of it.
    pub(crate) fn take(&mut self, policy: &Policy, vocabulary: &Vocabulary) -> Result<(), String> {
        if policy.effect() == Effect::Permit {
            self.permits.push(policy.id().to_string());
            self.permits.sort();
        }
        self.rules.extend(rule(policy, &self.resource, vocabulary)?);
        self.rules.sort_by(|a, b| a.id.cmp(&b.id));
        self.policies.add(policy.clone()).map_err(|error| error.to_string())
    }

    pub(crate) fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    /// Whether the caller is allowed it whatever it is about, but for the wall between communities.
    pub(crate) fn holds(&self, actor: &Actor, vocabulary: &Vocabulary) -> bool {
        let always = |effect: Effect| {
            let mut rules = self.rules.iter().filter(move |rule| rule.effect == effect && rule.free && !rule.base);
            rules.any(|rule| rule.scope.admits(actor, vocabulary))
        };
        always(Effect::Permit) && !always(Effect::Forbid)
    }

    pub(crate) fn forbids(&self, id: &PolicyId) -> bool {
        self.policies.policy(id).is_some_and(|policy| policy.effect() == Effect::Forbid)
    }
}

/// An operation that fits the schema, before policies are dealt out.
pub(crate) struct Declared {
    pub(crate) operation: &'static Operation,
    pub(crate) action: EntityUid,
    pub(crate) resource: EntityTypeName,
    pub(crate) takes_context: bool,
}

/// Deals out `policies` to one operation. `actions` are the schema's actions and groups.
pub(crate) fn draw_up(
    declared: Declared,
    policies: &PolicySet,
    actions: &Entities,
    vocabulary: &Vocabulary,
    faults: &mut PolicyFaults,
) -> Plan {
    let mut plan = Plan {
        operation: declared.operation,
        entities: Entities::empty(),
        policies: PolicySet::new(),
        rules: Vec::new(),
        permits: Vec::new(),
        takes_context: declared.takes_context,
        action: declared.action,
        resource: declared.resource,
    };
    match Entities::from_entities(actions.get(&plan.action).cloned(), None) {
        Ok(entities) => plan.entities = entities,
        Err(error) => faults.add_all(plan.operation.module(), &error, None),
    }
    let action = plan.action.clone();
    for policy in policies.policies().filter(|policy| covers(policy.action_constraint(), &action, actions)) {
        if let Err(fault) = plan.take(policy, vocabulary) {
            faults.add(plan.operation.module(), fault);
        }
    }
    plan
}

/// Whether a policy's head speaks of `action`.
pub(crate) fn covers(constraint: ActionConstraint, action: &EntityUid, actions: &Entities) -> bool {
    match constraint {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(other) => other == *action,
        ActionConstraint::In(groups) => {
            groups.iter().any(|group| group == action || actions.is_ancestor_of(group, action))
        }
    }
}

fn rule(policy: &Policy, resource: &EntityTypeName, vocabulary: &Vocabulary) -> Result<Option<Rule>, String> {
    let Some(scope) = Scope::read(policy.principal_constraint(), vocabulary) else { return Ok(None) };
    // An operation has one type of resource, so naming that type constrains nothing. Nothing is above a resource, so it
    // is in itself alone.
    let (any_resource, about) = match policy.resource_constraint() {
        ResourceConstraint::Any => (true, None),
        ResourceConstraint::Is(name) if name == *resource => (true, None),
        ResourceConstraint::Is(_) => return Ok(None),
        ResourceConstraint::Eq(uid) | ResourceConstraint::In(uid) | ResourceConstraint::IsIn(_, uid) => {
            (false, Some(uid))
        }
    };
    Ok(Some(Rule {
        id: policy.id().to_string(),
        effect: policy.effect(),
        scope,
        free: any_resource && !policy.has_non_scope_constraint(),
        base: module_of(policy.id()) == PolicyPart::BASE.module,
        about,
        reading: Arc::new(Reading::of(policy, resource)?),
    }))
}

/// The module a policy came from: what stands before the slash of its id.
pub(crate) fn module_of(id: &PolicyId) -> &str {
    let id: &str = id.as_ref();
    id.split_once('/').map_or(id, |(module, _)| module)
}
