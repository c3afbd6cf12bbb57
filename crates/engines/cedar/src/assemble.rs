//! From the modules' texts to plans that can be trusted, or to the list of everything wrong with them.

use crate::diagnosis::PolicyFaults;
use crate::part::PolicyPart;
use crate::plan::{Declared, Plan, draw_up, module_of};
use crate::vocabulary::{Vocabulary, context};
use cedar_policy::{
    Context, Entities, EntityId, EntityTypeName, EntityUid, Policy, PolicyId, PolicySet, Schema, SchemaFragment,
};
use cedar_policy::{ValidationMode, Validator};
use kernel::{Actor, Operation, TenantId};
use std::collections::HashSet;

pub(crate) struct Assembled {
    pub(crate) schema: Schema,
    pub(crate) vocabulary: Vocabulary,
    pub(crate) plans: Vec<Plan>,
    /// The schema's actions with their groups.
    pub(crate) actions: Entities,
}

/// # Errors
/// Everything wrong with the parts.
pub(crate) fn assemble(parts: &[PolicyPart]) -> Result<Assembled, PolicyFaults> {
    let mut faults = PolicyFaults::default();
    let all: Vec<PolicyPart> = std::iter::once(PolicyPart::BASE).chain(parts.iter().copied()).collect();
    let schema = merge_schemas(&all, &mut faults);
    let policies = merge_policies(&all, &mut faults);
    check_names(&all, &mut faults);
    let vocabulary = match Vocabulary::new() {
        Ok(vocabulary) => vocabulary,
        Err(error) => {
            faults.add_all(PolicyPart::BASE.module, error.as_ref(), None);
            return Err(faults);
        }
    };
    let Some(schema) = schema else { return Err(faults) };
    let declared = match_operations(&all, &schema, &mut faults);
    validate(&all, &schema, &policies, &mut faults);
    let actions = schema.action_entities().unwrap_or_else(|error| {
        faults.add_all(PolicyPart::BASE.module, &error, None);
        Entities::empty()
    });
    let mut plans = Vec::new();
    for each in declared {
        plans.push(draw_up(each, &policies, &actions, &vocabulary, &mut faults));
    }
    if faults.0.is_empty() { Ok(Assembled { schema, vocabulary, plans, actions }) } else { Err(faults) }
}

fn merge_schemas(parts: &[PolicyPart], faults: &mut PolicyFaults) -> Option<Schema> {
    let mut fragments = Vec::new();
    for part in parts {
        match SchemaFragment::from_cedarschema_str(part.schema) {
            Ok((fragment, _)) => {
                let own = part.namespace();
                for foreign in fragment.namespaces().map(|name| name.map(|name| name.to_string())) {
                    if foreign.as_ref() != Some(&own) {
                        let name = foreign.unwrap_or_else(|| "none".to_owned());
                        faults.add(part.module, format!("the schema declares namespace {name}; only {own} is its own"));
                    }
                }
                fragments.push(fragment);
            }
            Err(error) => faults.add_all(part.module, &error, Some(part.schema)),
        }
    }
    // Without one of the fragments, whatever refers to it would be reported as well.
    if fragments.len() < parts.len() {
        return None;
    }
    Schema::from_schema_fragments(fragments)
        .inspect_err(|error| faults.add_all(PolicyPart::BASE.module, error, None))
        .ok()
}

fn merge_policies(parts: &[PolicyPart], faults: &mut PolicyFaults) -> PolicySet {
    let mut merged = PolicySet::new();
    for part in parts {
        let own: PolicySet = match part.policies.parse() {
            Ok(own) => own,
            Err(error) => {
                faults.add_all(part.module, &error, Some(part.policies));
                continue;
            }
        };
        for template in own.templates() {
            faults.add(part.module, format!("a template has slots nobody fills: {}", head(&template.to_string())));
        }
        let mut policies: Vec<&Policy> = own.policies().collect();
        policies.sort_by_key(|policy| policy.to_string());
        for policy in policies {
            let Some(id) = policy.annotation("id").filter(|id| !id.is_empty()) else {
                faults.add(part.module, format!("a policy has no @id: {}", head(&policy.to_string())));
                continue;
            };
            let id = format!("{}/{id}", part.module);
            if merged.add(policy.new_id(PolicyId::new(&id))).is_err() {
                faults.add(part.module, format!("two policies have the id {id}"));
            }
        }
    }
    merged
}

/// A policy's first line that is not an annotation.
fn head(policy: &str) -> &str {
    policy.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('@')).unwrap_or_default()
}

fn check_names(parts: &[PolicyPart], faults: &mut PolicyFaults) {
    let mut modules = HashSet::new();
    let mut operations = HashSet::new();
    for part in parts {
        if !modules.insert(part.module) {
            faults.add(part.module, "two parts have this module's name");
        }
        for operation in part.operations {
            if operation.module() != part.module {
                faults.add(part.module, format!("operation {} belongs to another module", operation.id));
            }
            if !operations.insert(operation.id) {
                faults.add(part.module, format!("operation {} is declared twice", operation.id));
            }
        }
    }
}

fn match_operations(parts: &[PolicyPart], schema: &Schema, faults: &mut PolicyFaults) -> Vec<Declared> {
    let mut declared: Vec<Declared> = Vec::new();
    for part in parts {
        for operation in part.operations.iter().filter(|operation| operation.module() == part.module) {
            match fit(part, operation, schema) {
                Ok(fitting) => declared.push(fitting),
                Err(detail) => faults.add(part.module, detail),
            }
        }
    }
    let ids: HashSet<&str> = parts.iter().flat_map(|part| part.operations).map(|operation| operation.id).collect();
    let groups: HashSet<&EntityUid> = schema.action_groups().collect();
    let mut actions: Vec<&EntityUid> = schema.actions().collect();
    actions.sort_by_key(|action| action.to_string());
    for action in actions {
        let applies = schema.request_envs().any(|env| env.action() == action);
        let namespace = action.type_name().namespace();
        let module = parts.iter().find(|part| part.namespace() == namespace).map_or("polity", |part| part.module);
        let known = ids.contains(format!("{module}.{}", action.id().unescaped()).as_str());
        // A group that applies to nothing only gathers actions for policies to speak of.
        if !known && (applies || !groups.contains(action)) {
            faults.add(module, format!("action {action} is not a declared operation"));
        }
    }
    declared
}

/// The operation's action and resource in the schema, or what does not fit.
fn fit(part: &PolicyPart, operation: &'static Operation, schema: &Schema) -> Result<Declared, String> {
    let id = operation.id;
    let name = |text: String| text.parse::<EntityTypeName>().map_err(|error| format!("operation {id}: {error}"));
    let resource = name(format!("{}::{}", part.namespace(), operation.resource))?;
    let kind = name(format!("{}::Action", part.namespace()))?;
    let action = EntityUid::from_type_name_and_id(kind, EntityId::new(operation.verb()));
    let Some(about) = schema.resources_for_action(&action) else {
        return Err(format!("operation {id} has no action {action} in the schema"));
    };
    let about: HashSet<&EntityTypeName> = about.collect();
    if about != HashSet::from([&resource]) {
        return Err(format!("operation {id} is about {resource} alone, and the schema does not say so of {action}"));
    }
    let example = context(&Actor::guest(TenantId::FIRST)).map_err(|error| error.to_string())?;
    let takes_context = example.validate(schema, &action).is_ok();
    if !takes_context && Context::empty().validate(schema, &action).is_err() {
        return Err(format!("action {action} takes a context other than Polity::Context"));
    }
    Ok(Declared { operation, action, resource, takes_context })
}

fn validate(parts: &[PolicyPart], schema: &Schema, policies: &PolicySet, faults: &mut PolicyFaults) {
    let result = Validator::new(schema.clone()).validate(policies, ValidationMode::Strict);
    let text = |module: &str| parts.iter().find(|part| part.module == module).map(|part| part.policies);
    // Cedar walks its policies in no particular order.
    let mut errors: Vec<_> = result.validation_errors().collect();
    errors.sort_by_key(|error| error.to_string());
    for error in errors {
        let module = module_of(error.policy_id());
        faults.add_all(module, error, text(module));
    }
    // A policy that can never apply is a mistake, except the engine's own where no module has an operation yet.
    let mut warnings: Vec<_> = result
        .validation_warnings()
        .filter(|warning| module_of(warning.policy_id()) != PolicyPart::BASE.module)
        .collect();
    warnings.sort_by_key(|warning| warning.to_string());
    for warning in warnings {
        let module = module_of(warning.policy_id());
        faults.add_all(module, warning, text(module));
    }
}
