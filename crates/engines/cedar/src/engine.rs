//! Deciding. No parsing and no JSON may enter: both belong to the build.

use crate::assemble::assemble;
use crate::diagnosis::{PolicyFaults, chain};
use crate::matrix::Matrix;
use crate::part::PolicyPart;
use crate::plan::Plan;
use crate::vocabulary::{Vocabulary, context, standing, text};
use cedar_policy::{AuthorizationError, Authorizer, Context, Entities, Entity, EntityId, EntityUid, Request, Schema};
use kernel::{Caller, Decision, DecisionPoint, Explanation, Operation, Question, Resource};
use std::collections::HashMap;
use std::error::Error;

/// Decides by the policies of every module, validated once and never changed.
pub struct CedarDecisionPoint {
    authorizer: Authorizer,
    schema: Schema,
    vocabulary: Vocabulary,
    plans: HashMap<&'static str, Plan>,
}

impl CedarDecisionPoint {
    /// Merges what the modules bring and checks it: schemas fit together, policies are valid in Cedar's strict mode
    /// and have ids, operations and actions are the same set. Policy ids become `module/id`.
    ///
    /// # Errors
    /// Everything that is wrong, at once. What cannot be checked because of an earlier fault is left unsaid: no
    /// policy is validated while a schema cannot be read.
    pub fn build(parts: &[PolicyPart]) -> Result<Self, PolicyFaults> {
        let assembled = assemble(parts)?;
        Ok(Self {
            authorizer: Authorizer::new(),
            schema: assembled.schema,
            vocabulary: assembled.vocabulary,
            plans: assembled.plans.into_iter().map(|plan| (plan.operation.id, plan)).collect(),
        })
    }

    /// Who could do what.
    pub fn matrix(&self) -> Matrix {
        Matrix::read(self.plans.values())
    }

    fn pose(&self, plan: &Plan, asked: &Asked<'_>) -> Result<(Request, Entities), Box<dyn Error>> {
        let actor = &asked.caller.actor;
        if asked.about.kind != plan.operation.resource {
            let (id, right, wrong) = (plan.operation.id, plan.operation.resource, asked.about.kind);
            return Err(format!("`{id}` is about a `{right}`, not a `{wrong}`").into());
        }
        let context = if plan.takes_context { context(actor)? } else { Context::empty() };
        let principal = self.vocabulary.principal_entity(asked.principal.clone(), actor)?;
        let resource = self.resource_entity(asked.resource.clone(), asked.about)?;
        let request = Request::new(
            asked.principal.clone(),
            plan.action.clone(),
            asked.resource.clone(),
            context,
            Some(&self.schema),
        )?;
        // Only the resource comes from outside. The principal is right by construction, and checking it costs.
        let entities = plan.entities.clone().add_entities([principal], None)?;
        Ok((request, entities.add_entities([resource], Some(&self.schema))?))
    }

    fn resource_entity(&self, uid: EntityUid, resource: &Resource) -> Result<Entity, Box<dyn Error>> {
        let mut attributes = HashMap::from([("tenant".to_owned(), text(resource.tenant.to_string()))]);
        for (name, attribute) in &resource.attributes {
            // A second value would silently replace the first, and with it perhaps the community.
            if attributes.insert((*name).to_owned(), self.vocabulary.value(attribute)).is_some() {
                return Err(format!("`{uid}` has the attribute `{name}` twice").into());
            }
        }
        Ok(Entity::new(uid, attributes, Default::default())?)
    }

    fn evaluate(&self, plan: &Plan, request: &Request, entities: &Entities, explanation: &mut Explanation) -> bool {
        let response = self.authorizer.is_authorized(request, &plan.policies, entities);
        let mut allowed = response.decision() == cedar_policy::Decision::Allow;
        explanation.decided_by = response.diagnostics().reason().map(ToString::to_string).collect();
        for error in response.diagnostics().errors() {
            explanation.errors.push(chain(error));
            let AuthorizationError::PolicyEvaluationError(broken) = error;
            // Cedar skips what it cannot evaluate. A skipped permit permits nothing; a skipped forbid would.
            if plan.forbids(broken.policy_id()) {
                if std::mem::take(&mut allowed) {
                    explanation.decided_by.clear();
                }
                explanation.decided_by.push(broken.policy_id().to_string());
            }
        }
        explanation.decided_by.sort();
        explanation.errors.sort();
        if explanation.decided_by.is_empty() {
            explanation.would_need.clone_from(&plan.permits);
        }
        allowed
    }
}

/// A question with its names looked up.
struct Asked<'a> {
    caller: &'a Caller,
    about: &'a Resource,
    principal: EntityUid,
    resource: EntityUid,
}

impl DecisionPoint for CedarDecisionPoint {
    fn decide(&self, question: Question<'_>) -> Decision {
        let actor = &question.caller.actor;
        let principal = self.vocabulary.principal(actor);
        let mut explanation = Explanation {
            operation: question.operation.id.to_owned(),
            principal: principal.to_string(),
            role: standing(actor).1.name().to_owned(),
            resource: format!("{}/{}", question.resource.kind, question.resource.id),
            ..Explanation::default()
        };
        let Some(plan) = self.plans.get(question.operation.id) else {
            explanation.errors.push(format!("no module declares `{}`", question.operation.id));
            return Decision { allowed: false, explanation };
        };
        let resource = EntityUid::from_type_name_and_id(plan.resource.clone(), EntityId::new(&question.resource.id));
        let asked = Asked { caller: question.caller, about: question.resource, principal, resource };
        let allowed = match self.pose(plan, &asked) {
            Ok((request, entities)) => {
                explanation.resource = asked.resource.to_string();
                self.evaluate(plan, &request, &entities, &mut explanation)
            }
            Err(error) => {
                explanation.errors.push(chain(error.as_ref()));
                false
            }
        };
        Decision { allowed, explanation }
    }

    fn could_allow(&self, caller: &Caller, operation: &Operation) -> bool {
        self.plans.get(operation.id).is_some_and(|plan| plan.could_allow(&caller.actor, &self.vocabulary))
    }

    fn operations(&self) -> Vec<&'static Operation> {
        self.plans.values().map(|plan| plan.operation).collect()
    }
}
