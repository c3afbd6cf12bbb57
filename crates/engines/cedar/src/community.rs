//! A community's own rules on top of the modules' policies: policies it wrote, and roles it made up. They may forbid more
//! and permit more, within limits that are checked here; the modules' policies stay, and a forbid wins.
//!
//! What may not enter: the modules' own policies.

use crate::diagnosis::problems;
use crate::engine::Core;
use crate::narrow::Known;
use crate::plan::{Plan, covers};
use crate::scope::{Reach, Scope};
use crate::vocabulary::{PrincipalKind, standing};
use cedar_policy::{ActionConstraint, Effect, EntityUid, Policy, PolicyId, PolicySet, ValidationMode, Validator};
use kernel::{Actor, CommunityRules, CustomRole, Kind, Operation, Role, RuleProblem, TenantId, UserId};
use std::collections::HashMap;

/// Being recognised is nobody's to take away: whoever may log in is not for a community's policies to say.
const APART: [&str; 1] = ["auth"];

/// A community's rules, ready to be decided by.
pub(crate) struct Community {
    pub(crate) revision: i64,
    /// The operations they speak of, under the modules' policies and theirs.
    pub(crate) plans: HashMap<&'static str, Plan>,
}

impl Community {
    /// # Errors
    /// Everything that is wrong with them.
    pub(crate) fn of(core: &Core, rules: &CommunityRules) -> Result<Self, Vec<RuleProblem>> {
        let mut found = Vec::new();
        let own = parse(core, &rules.policies, &mut found);
        let mut all: Vec<Policy> = own;
        for role in &rules.roles {
            all.extend(role_policy(core, role).map_err(|problem| found.push(problem)).ok());
        }
        if !found.is_empty() {
            return Err(found);
        }
        let mut plans = HashMap::new();
        for plan in core.plans.values().filter(|plan| is_open(plan.operation)) {
            let mut speak = all.iter().filter(|policy| covers(policy.action_constraint(), &plan.action, &core.actions));
            let Some(first) = speak.next() else { continue };
            let mut plan = plan.clone();
            for policy in std::iter::once(first).chain(speak) {
                plan.take(policy, &core.vocabulary).map_err(|detail| vec![RuleProblem { line: None, detail }])?;
            }
            found.extend(check_narrows(core, &plan));
            plans.insert(plan.operation.id, plan);
        }
        if found.is_empty() { Ok(Self { revision: rules.revision, plans }) } else { Err(found) }
    }
}

/// Whether a community's rules may speak of it.
fn is_open(operation: &Operation) -> bool {
    !operation.kept && !APART.contains(&operation.module())
}

fn parse(core: &Core, text: &str, found: &mut Vec<RuleProblem>) -> Vec<Policy> {
    let parsed: PolicySet = match text.parse() {
        Ok(parsed) => parsed,
        Err(error) => {
            let error: cedar_policy::ParseErrors = error;
            found.extend(problems(&error, text));
            return Vec::new();
        }
    };
    for template in parsed.templates() {
        found.push(problem(text, &template.to_string(), "is a template, whose slots nobody fills"));
    }
    let mut named = PolicySet::new();
    for policy in parsed.policies() {
        let Some(id) = policy.annotation("id").filter(|id| !id.is_empty()) else {
            found.push(problem(text, &policy.to_string(), "has no @id(\"…\"), by which explanations name it"));
            continue;
        };
        let policy = policy.new_id(PolicyId::new(format!("community/{id}")));
        found.extend(limits(core, &policy).into_iter().map(|words| problem(text, &policy.to_string(), &words)));
        if named.add(policy).is_err() {
            found.push(RuleProblem { line: None, detail: format!("two policies have the id {id}") });
        }
    }
    let result = Validator::new(core.schema.clone()).validate(&named, ValidationMode::Strict);
    let mut said: Vec<RuleProblem> = result.validation_errors().flat_map(|error| problems(error, text)).collect();
    said.extend(result.validation_warnings().flat_map(|warning| problems(warning, text)));
    said.sort_by(|a, b| (a.line, &a.detail).cmp(&(b.line, &b.detail)));
    said.dedup();
    found.extend(said);
    let mut policies: Vec<Policy> = named.policies().cloned().collect();
    policies.sort_by_key(|policy| policy.id().to_string());
    policies
}

/// A problem with the policy that reads like this, at its line.
fn problem(text: &str, policy: &str, words: &str) -> RuleProblem {
    let at = text.find(policy);
    let head = policy.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('@'));
    let line = at.map(|at| 1 + text[..at].matches('\n').count());
    RuleProblem { line, detail: format!("`{}` {words}", head.unwrap_or_default()) }
}

/// What a valid policy may not say all the same.
fn limits(core: &Core, policy: &Policy) -> Vec<String> {
    let mut wrong = Vec::new();
    let scope = Scope::read(policy.principal_constraint(), &core.vocabulary);
    if matches!(&scope, Some(Scope::Kind(PrincipalKind::Service) | Scope::Exactly(PrincipalKind::Service, _))) {
        wrong.push("speaks of services, which a community's policies never reach".to_owned());
    }
    let named: Vec<EntityUid> = match policy.action_constraint() {
        ActionConstraint::Any if policy.effect() == Effect::Permit => {
            wrong.push("permits every action: name those that are meant".to_owned());
            Vec::new()
        }
        ActionConstraint::Any => Vec::new(),
        ActionConstraint::Eq(action) => vec![action],
        ActionConstraint::In(actions) => actions,
    };
    let plans = || core.plans.values().filter(|plan| covers(policy.action_constraint(), &plan.action, &core.actions));
    for plan in plans() {
        let id = plan.operation.id;
        if !is_open(plan.operation) {
            // A group or `action` simply does not reach it.
            if named.contains(&plan.action) {
                wrong.push(format!("speaks of {id}, on which the built-in policies alone decide"));
            }
        } else if policy.effect() == Effect::Permit {
            let guests = scope.as_ref().is_none_or(reaches_guests);
            if guests && plan.operation.kind == Kind::Command {
                wrong.push(format!("permits guests {id}, which changes something"));
            }
            if !is_for_people(plan) {
                wrong.push(format!("permits people {id}, which only services do"));
            }
        }
    }
    wrong.sort();
    wrong
}

fn reaches_guests(scope: &Scope) -> bool {
    scope.reach(PrincipalKind::Guest, Role::Guest) != Reach::Nobody
}

/// Whether the modules' policies let any person do it.
fn is_for_people(plan: &Plan) -> bool {
    let reaches = |role| move |scope: &Scope| scope.reach(PrincipalKind::User, role) != Reach::Nobody;
    let permits = || plan.rules.iter().filter(|rule| rule.effect == Effect::Permit).map(|rule| &rule.scope);
    Role::ALL.into_iter().any(|role| permits().any(reaches(role)))
}

/// The policy that a made-up role is.
fn role_policy(core: &Core, role: &CustomRole) -> Result<Policy, RuleProblem> {
    let wrong = |detail: String| RuleProblem { line: None, detail: format!("role {}: {detail}", role.name) };
    let mut actions = Vec::new();
    for id in &role.operations {
        let plan = core.plans.get(id.as_str()).ok_or_else(|| wrong(format!("nothing is called {id}")))?;
        if !is_open(plan.operation) || !is_for_people(plan) {
            return Err(wrong(format!("{id} is not for roles to give")));
        }
        actions.push(plan.action.to_string());
    }
    let principal = core.vocabulary.custom_role(&role.name);
    let text = format!("permit (principal in {principal}, action in [{}], resource);", actions.join(", "));
    Policy::parse(Some(PolicyId::new(format!("role/{}", role.name))), text).map_err(|error| wrong(error.to_string()))
}

/// Lists are narrowed by what is left of the policies, so there must be a condition that says it.
fn check_narrows(core: &Core, plan: &Plan) -> Option<RuleProblem> {
    if !plan.operation.listed {
        return None;
    }
    let somebody = Actor::user(TenantId::FIRST, UserId(uuid::Uuid::nil()), Role::Member, "Somebody");
    debug_assert_eq!(standing(&somebody).0, PrincipalKind::User);
    let (request, entities) = core.pose_unknown(plan, &somebody).ok()?;
    let known = Known { plan, actor: &somebody, request: &request, entities: &entities, vocabulary: &core.vocabulary };
    let untranslatable = known.narrow().err()?;
    let detail = format!("{}: {}", plan.operation.id, untranslatable.0);
    Some(RuleProblem { line: None, detail })
}
