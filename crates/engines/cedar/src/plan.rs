//! Everything about one operation that can be known before anybody asks.

use crate::diagnosis::PolicyFaults;
use crate::part::PolicyPart;
use crate::scope::Scope;
use crate::vocabulary::Vocabulary;
use cedar_policy::{ActionConstraint, Effect, Entities, EntityTypeName, EntityUid, Policy, PolicySet};
use cedar_policy::{PolicyId, ResourceConstraint};
use kernel::{Actor, Operation};

/// One operation, ready to be decided on.
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
pub(crate) struct Rule {
    pub(crate) effect: Effect,
    pub(crate) scope: Scope,
    /// Whether nothing but the principal matters: no condition, and any resource will do.
    pub(crate) free: bool,
    /// Whether it is the engine's own and holds everywhere.
    pub(crate) base: bool,
}

impl Plan {
    /// Whether some permit's head lets this actor through.
    pub(crate) fn could_allow(&self, actor: &Actor, vocabulary: &Vocabulary) -> bool {
        self.rules.iter().any(|rule| rule.effect == Effect::Permit && rule.scope.admits(actor, vocabulary))
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
    for policy in policies.policies().filter(|policy| covers(policy.action_constraint(), &plan.action, actions)) {
        if policy.effect() == Effect::Permit {
            plan.permits.push(policy.id().to_string());
        }
        plan.rules.extend(rule(policy, &plan.resource, vocabulary));
        if let Err(error) = plan.policies.add(policy.clone()) {
            faults.add_all(plan.operation.module(), &error, None);
        }
    }
    plan.permits.sort();
    plan
}

fn covers(constraint: ActionConstraint, action: &EntityUid, actions: &Entities) -> bool {
    match constraint {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(other) => other == *action,
        ActionConstraint::In(groups) => {
            groups.iter().any(|group| group == action || actions.is_ancestor_of(group, action))
        }
    }
}

fn rule(policy: &Policy, resource: &EntityTypeName, vocabulary: &Vocabulary) -> Option<Rule> {
    // An operation has one type of resource, so naming that type constrains nothing.
    let any_resource = match policy.resource_constraint() {
        ResourceConstraint::Any => true,
        ResourceConstraint::Is(name) => name == *resource,
        _ => false,
    };
    Some(Rule {
        effect: policy.effect(),
        scope: Scope::read(policy.principal_constraint(), vocabulary)?,
        free: any_resource && !policy.has_non_scope_constraint(),
        base: module_of(policy.id()) == PolicyPart::BASE.module,
    })
}

/// The module a policy came from: what stands before the slash of its id.
pub(crate) fn module_of(id: &PolicyId) -> &str {
    let id: &str = id.as_ref();
    id.split_once('/').map_or(id, |(module, _)| module)
}
