//! Permission as an argument: what lacks a [`Permit`] cannot be written.

use crate::fault::reasons;
use crate::{
    AttributeRead, Caller, DecisionLog, DecisionPoint, Explanation, Fault, FaultCode, Obstacle, Operation, Question,
    Reach, Refusal, Refusals, Remedy, Resource, Scopes, TenantId,
};
use serde_json::Value;
use std::sync::Arc;
use uuid::Uuid;

/// The proof that a decision was made and came out well. Only a [`Gate`] makes one, so whatever takes a permit is
/// authorised, and its audit entry is true, by construction.
#[derive(Debug, Clone)]
pub struct Permit {
    decision_id: Uuid,
    policies: Vec<String>,
    attributes: Vec<AttributeRead>,
    operation: &'static Operation,
    resource: String,
    caller: Caller,
    replay: Option<Replay>,
}

impl Permit {
    /// The decision's id, as the audit entry names it.
    pub fn decision_id(&self) -> Uuid {
        self.decision_id
    }

    /// The policies that allowed it.
    pub fn policies(&self) -> &[String] {
        &self.policies
    }

    /// What the record says of why: the policies that allowed it, then every attribute they looked at, as
    /// `reads:resource.author=user:…`.
    pub fn grounds(&self) -> Vec<String> {
        let reads = self.attributes.iter().map(|read| format!("reads:{}={}", read.name, read.value));
        self.policies.iter().cloned().chain(reads).collect()
    }

    /// What is permitted.
    pub fn operation(&self) -> &'static Operation {
        self.operation
    }

    /// To what, as `Kind/id`.
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// To whom.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The community it is permitted in.
    pub fn tenant(&self) -> TenantId {
        self.caller.actor.tenant
    }

    /// The answer to keep with the commit, when the client sent an idempotency key.
    pub fn replay(&self) -> Option<&Replay> {
        self.replay.as_ref()
    }

    /// Attaches the claim under which a commit records its answer.
    #[must_use]
    pub fn with_replay(mut self, replay: Option<Replay>) -> Self {
        self.replay = replay;
        self
    }
}

/// What an idempotency key stands for: recorded in the transaction that does the work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// Operation, actor and key in one string: where the key is unique.
    pub scope: String,
    /// A digest of the input: the same key with another input is refused.
    pub fingerprint: String,
    /// The answer, once known.
    pub answer: Value,
}

/// Where answers to idempotent calls are kept.
#[async_trait::async_trait]
pub trait Replays: Send + Sync {
    /// The record under this scope, if the call was made before.
    ///
    /// # Errors
    /// `Unavailable` when the store does not answer.
    async fn recall(&self, scope: &str) -> Result<Option<Replay>, Fault>;
}

/// The only source of permits.
#[derive(Clone)]
pub struct Gate {
    decisions: Arc<dyn DecisionPoint>,
    ids: Arc<dyn crate::Ids>,
    log: Option<Arc<dyn DecisionLog>>,
    refusals: Option<Arc<dyn Refusals>>,
}

impl Gate {
    /// A gate that asks `decisions`, and tells nobody of those it refuses.
    pub fn new(decisions: Arc<dyn DecisionPoint>, ids: Arc<dyn crate::Ids>) -> Self {
        Self { decisions, ids, log: None, refusals: None }
    }

    /// The same gate telling `log` of every decision that a permit was asked for with.
    #[must_use]
    pub fn logging(mut self, log: Arc<dyn DecisionLog>) -> Self {
        self.log = Some(log);
        self
    }

    /// What decides, for lists that narrow themselves to what may be seen, and for explanations.
    pub fn decisions(&self) -> &Arc<dyn DecisionPoint> {
        &self.decisions
    }

    /// The same gate, telling `refusals` of refused attempts at sensitive operations.
    #[must_use]
    pub fn telling(mut self, refusals: Arc<dyn Refusals>) -> Self {
        self.refusals = Some(refusals);
        self
    }

    /// Tells of an attempt that `fault` ended, unless it says nothing of whoever made it: the operation is not sensitive, we
    /// could not do it now, or somebody else was quicker.
    pub fn tell(&self, caller: &Caller, operation: &'static Operation, resource: String, fault: &Fault) {
        let of_the_caller = !matches!(fault.code, FaultCode::Stale | FaultCode::Unavailable | FaultCode::Internal);
        let Some(refusals) = self.refusals.as_ref().filter(|_| operation.sensitive && of_the_caller) else { return };
        let policies = fault.explanation.as_ref().map(|why| why.decided_by.clone()).unwrap_or_default();
        let reason = fault.reason.to_string();
        // What a caller holds of a task or an event ends with it.
        let caller = Caller { delivery: None, lease: None, ..caller.clone() };
        refusals.refused(Refusal { operation, caller, resource, reason, policies });
    }

    /// Refuses early whoever could not be allowed under any circumstances.
    ///
    /// # Errors
    /// `Unauthenticated` for guests, `Forbidden` with what would be needed for everybody else.
    pub fn admit(&self, caller: &Caller, operation: &'static Operation) -> Result<(), Fault> {
        let told = |fault: Fault| {
            self.tell(caller, operation, operation.resource.to_owned(), &fault);
            fault
        };
        delegated(caller, operation).map_err(told)?;
        if self.decisions.could_allow(caller, operation) {
            return Ok(());
        }
        let mut fault = refuse(caller, operation);
        fault.explanation = self.decisions.explain_early(caller, operation).map(|mut explanation| {
            explanation.decision_id = Some(self.ids.next());
            Box::new(explanation)
        });
        Err(told(fault))
    }

    /// Decides, and turns a yes into a permit.
    ///
    /// # Errors
    /// `Unauthenticated` for guests, `Forbidden` with the whole explanation for everybody else.
    pub fn permit(&self, caller: &Caller, operation: &'static Operation, resource: &Resource) -> Result<Permit, Fault> {
        let named = || format!("{}/{}", resource.kind, resource.id);
        let told = |fault: Fault| {
            self.tell(caller, operation, named(), &fault);
            fault
        };
        let question = Question { caller, operation, resource };
        let scope = delegated(caller, operation).map_err(told)?;
        let mut decision = self.decisions.decide(question);
        if let Some(log) = &self.log {
            log.record(question, &decision);
        }
        if !decision.allowed {
            let mut fault = refuse(caller, operation);
            // Between the two, other policies may have come into force; the refusal stands all the same.
            let mut explanation = self.decisions.explain(question).explanation;
            explanation.decision_id = Some(self.ids.next());
            fault.explanation = Some(Box::new(explanation));
            return Err(told(fault));
        }
        decision.explanation.decided_by.extend(scope);
        Ok(Permit {
            decision_id: self.ids.next(),
            policies: decision.explanation.decided_by,
            attributes: decision.explanation.attributes,
            operation,
            resource: named(),
            caller: caller.clone(),
            replay: None,
        })
    }

    /// Whether a permit would be given: what pages use to show or hide a button.
    pub fn allows(&self, caller: &Caller, operation: &'static Operation, resource: &Resource) -> bool {
        delegated(caller, operation).is_ok() && self.decisions.decide(Question { caller, operation, resource }).allowed
    }
}

/// What lets whoever acts for somebody do this, as the record names it. Nothing for those who act themselves.
fn delegated(caller: &Caller, operation: &Operation) -> Result<Option<String>, Fault> {
    let Some(delegation) = &caller.actor.delegation else { return Ok(None) };
    let told = |scope: &str| format!("{} within {scope}", delegation.through);
    if operation.reach == Reach::Within {
        return Ok(Some(told("the call it is part of")));
    }
    if let Some(scope) = delegation.scopes.covering(operation) {
        return Ok(Some(told(scope)));
    }
    let group = Scopes::group_of(operation);
    let (mut fault, words) = if operation.reach == Reach::InPerson {
        (reasons::IN_PERSON.fault(), "a log-in of a person".to_owned())
    } else {
        let detail = format!("This needs the scope {group} ({}).", operation.id);
        (reasons::INSUFFICIENT_SCOPE.fault().detail(detail), format!("the scope {group}"))
    };
    let policy = format!("{} within {}", delegation.through, delegation.scopes);
    let remedies = vec![Remedy { words, about_caller: true }];
    fault.explanation = Some(Box::new(Explanation {
        operation: operation.id.to_owned(),
        principal: caller.actor.principal.to_string(),
        role: caller.actor.role.name().to_owned(),
        resource: operation.resource.to_owned(),
        decided_by: vec![policy.clone()],
        obstacles: vec![Obstacle { policy, forbids: true, conditions: Vec::new(), remedies }],
        ..Explanation::default()
    }));
    Err(fault)
}

fn refuse(caller: &Caller, operation: &Operation) -> Fault {
    if caller.actor.is_guest() {
        return reasons::LOG_IN.fault();
    }
    reasons::FORBIDDEN.fault().detail(format!("You may not do this ({}).", operation.id))
}
