//! Deciding. No parsing and no JSON may enter: both belong to the build.

use crate::assemble::assemble;
use crate::community::Community;
use crate::diagnosis::{PolicyFaults, chain};
use crate::explain::{Posed, heads};
use crate::matrix::Matrix;
use crate::narrow::Known;
use crate::part::PolicyPart;
use crate::plan::Plan;
use crate::vocabulary::{Vocabulary, context, standing, text};
use cedar_policy::{AuthorizationError, Authorizer, Context, Entities, Entity, EntityId, EntityUid, Request, Schema};
use kernel::{
    Actor, Caller, CommunityRules, Condition, Decision, DecisionPoint, Explanation, Operation, Principal, Question,
    Resource, RuleProblem, TenantId,
};
use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, PoisonError, RwLock};

/// Decides by the policies of every module, validated once and never changed, and by those that communities add.
pub struct CedarDecisionPoint {
    core: Arc<Core>,
    communities: RwLock<HashMap<TenantId, Arc<Community>>>,
}

/// What never changes.
pub(crate) struct Core {
    authorizer: Authorizer,
    pub(crate) schema: Schema,
    pub(crate) vocabulary: Vocabulary,
    pub(crate) actions: Entities,
    pub(crate) plans: HashMap<&'static str, Plan>,
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
        let core = Core {
            authorizer: Authorizer::new(),
            schema: assembled.schema,
            vocabulary: assembled.vocabulary,
            actions: assembled.actions,
            plans: assembled.plans.into_iter().map(|plan| (plan.operation.id, plan)).collect(),
        };
        Ok(Self { core: Arc::new(core), communities: RwLock::default() })
    }

    /// Who could do what by the policies of the modules.
    pub fn matrix(&self) -> Matrix {
        Matrix::read(self.core.plans.values())
    }

    /// The rules in force for `actor`. Those of a community are about people: nobody locks out the machinery.
    fn rules_for(&self, actor: &Actor) -> Option<Arc<Community>> {
        if matches!(actor.principal, Principal::Service(_)) {
            return None;
        }
        self.communities.read().unwrap_or_else(PoisonError::into_inner).get(&actor.tenant).cloned()
    }

    fn with_plan<T>(&self, actor: &Actor, operation: &str, then: impl FnOnce(&Plan) -> T) -> Option<T> {
        let community = self.rules_for(actor);
        let own = community.as_ref().and_then(|community| community.plans.get(operation));
        own.or_else(|| self.core.plans.get(operation)).map(then)
    }

    fn ask(&self, question: Question<'_>, in_full: bool) -> Decision {
        let actor = &question.caller.actor;
        let decided = self.with_plan(actor, question.operation.id, |plan| self.core.decide(plan, question, in_full));
        decided.unwrap_or_else(|| {
            let mut explanation = self.core.beginning(actor, question.operation);
            explanation.resource = format!("{}/{}", question.resource.kind, question.resource.id);
            explanation.errors.push(format!("no module declares `{}`", question.operation.id));
            Decision { allowed: false, explanation }
        })
    }
}

impl Core {
    fn beginning(&self, actor: &Actor, operation: &Operation) -> Explanation {
        Explanation {
            operation: operation.id.to_owned(),
            principal: self.vocabulary.principal(actor).to_string(),
            role: standing(actor).1.name().to_owned(),
            ..Explanation::default()
        }
    }

    fn decide(&self, plan: &Plan, question: Question<'_>, in_full: bool) -> Decision {
        let actor = &question.caller.actor;
        let mut explanation = self.beginning(actor, question.operation);
        let resource = EntityUid::from_type_name_and_id(plan.resource.clone(), EntityId::new(&question.resource.id));
        let (request, entities) = match self.pose(plan, actor, question.resource, &resource) {
            Ok(posed) => posed,
            Err(error) => {
                explanation.resource = format!("{}/{}", question.resource.kind, question.resource.id);
                explanation.errors.push(chain(error.as_ref()));
                return Decision { allowed: false, explanation };
            }
        };
        explanation.resource = resource.to_string();
        let allowed = self.evaluate(plan, &request, &entities, &mut explanation);
        let posed = Posed {
            plan,
            actor,
            resource: &resource,
            request: &request,
            entities: &entities,
            vocabulary: &self.vocabulary,
        };
        if allowed {
            posed.add_attributes(&mut explanation);
        } else if in_full {
            posed.add_obstacles(&mut explanation);
        }
        Decision { allowed, explanation }
    }

    fn pose(
        &self,
        plan: &Plan,
        actor: &Actor,
        about: &Resource,
        uid: &EntityUid,
    ) -> Result<(Request, Entities), Box<dyn Error>> {
        if about.kind != plan.operation.resource {
            let (id, right, wrong) = (plan.operation.id, plan.operation.resource, about.kind);
            return Err(format!("`{id}` is about a `{right}`, not a `{wrong}`").into());
        }
        let (request, entities) = self.pose_about(plan, actor, uid)?;
        // Only the resource comes from outside. The principal is right by construction, and checking it costs.
        let resource = self.resource_entity(uid.clone(), about)?;
        Ok((request, entities.add_entities([resource], Some(&self.schema))?))
    }

    fn pose_about(&self, plan: &Plan, actor: &Actor, uid: &EntityUid) -> Result<(Request, Entities), Box<dyn Error>> {
        let context = if plan.takes_context { context(actor)? } else { Context::empty() };
        let principal = self.vocabulary.principal(actor);
        let entity = self.vocabulary.principal_entity(principal.clone(), actor)?;
        let request = Request::new(principal, plan.action.clone(), uid.clone(), context, Some(&self.schema))?;
        Ok((request, plan.entities.clone().add_entities([entity], None)?))
    }

    /// The question about a resource of which nothing is known.
    pub(crate) fn pose_unknown(&self, plan: &Plan, actor: &Actor) -> Result<(Request, Entities), Box<dyn Error>> {
        let uid = EntityUid::from_type_name_and_id(plan.resource.clone(), EntityId::new(""));
        self.pose_about(plan, actor, &uid)
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

impl DecisionPoint for CedarDecisionPoint {
    fn decide(&self, question: Question<'_>) -> Decision {
        self.ask(question, false)
    }

    fn explain(&self, question: Question<'_>) -> Decision {
        self.ask(question, true)
    }

    fn could_allow(&self, caller: &Caller, operation: &Operation) -> bool {
        let could = |plan: &Plan| plan.could_allow(&caller.actor, &self.core.vocabulary);
        self.with_plan(&caller.actor, operation.id, could).unwrap_or(false)
    }

    fn explain_early(&self, caller: &Caller, operation: &Operation) -> Option<Explanation> {
        self.with_plan(&caller.actor, operation.id, |plan| Explanation {
            resource: plan.resource.to_string(),
            would_need: plan.permits.clone(),
            obstacles: heads(plan, &caller.actor, &self.core.vocabulary),
            ..self.core.beginning(&caller.actor, operation)
        })
    }

    fn holds(&self, caller: &Caller, operation: &str) -> bool {
        let holds = |plan: &Plan| plan.holds(&caller.actor, &self.core.vocabulary);
        self.with_plan(&caller.actor, operation, holds).unwrap_or(false)
    }

    fn narrow(&self, caller: &Caller, operation: &Operation) -> Option<Condition> {
        let (actor, vocabulary) = (&caller.actor, &self.core.vocabulary);
        let narrowed = |plan: &Plan| {
            let (request, entities) = self.core.pose_unknown(plan, actor).ok()?;
            Known { plan, actor, request: &request, entities: &entities, vocabulary }.narrow().ok()
        };
        self.with_plan(actor, operation.id, narrowed).flatten()
    }

    fn adopt(&self, rules: &CommunityRules) -> Result<(), Vec<RuleProblem>> {
        let known = |all: &HashMap<TenantId, Arc<Community>>| {
            all.get(&rules.tenant).is_some_and(|community| community.revision == rules.revision)
        };
        if known(&self.communities.read().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(());
        }
        let community = Arc::new(Community::of(&self.core, rules)?);
        self.communities.write().unwrap_or_else(PoisonError::into_inner).insert(rules.tenant, community);
        Ok(())
    }

    fn with(&self, rules: &CommunityRules) -> Result<Arc<dyn DecisionPoint>, Vec<RuleProblem>> {
        let trial = Self { core: Arc::clone(&self.core), communities: RwLock::default() };
        trial.adopt(rules)?;
        Ok(Arc::new(trial))
    }

    fn operations(&self) -> Vec<&'static Operation> {
        self.core.plans.values().map(|plan| plan.operation).collect()
    }
}
