//! Permission as an argument: what lacks a [`Permit`] cannot be written.

use crate::fault::reasons;
use crate::{Caller, Fault, FaultCode, Operation, Refusal, Refusals, TenantId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use uuid::Uuid;

/// A fact about a resource that policies may look at.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// Why a decision came out as it did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// The operation asked about.
    pub operation: String,
    /// The principal as the policies saw it.
    pub principal: String,
    /// The principal's role.
    pub role: String,
    /// The resource as the policies saw it.
    pub resource: String,
    /// The policies that decided: the permits that allowed it, or the forbids that refused it.
    pub decided_by: Vec<String>,
    /// The permits that speak of this operation and did not apply, for a refusal.
    pub would_need: Vec<String>,
    /// Policies that could not be evaluated, with the error.
    pub errors: Vec<String>,
}

/// The answer to a [`Question`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whether it may be done.
    pub allowed: bool,
    /// Why.
    pub explanation: Explanation,
}

/// Decides. Implemented by a policy engine; pure, quick, no I/O.
pub trait DecisionPoint: Send + Sync {
    /// Decides on one question. Whatever cannot be evaluated does not permit.
    fn decide(&self, question: Question<'_>) -> Decision;

    /// Whether there is any resource at all for which the caller might be allowed this: a quick "no" before
    /// anything is loaded or parsed. May err on the side of yes, never of no.
    fn could_allow(&self, caller: &Caller, operation: &Operation) -> bool;
}

/// The proof that a decision was made and came out well. Only a [`Gate`] makes one, so whatever takes a permit is
/// authorised, and its audit entry is true, by construction.
#[derive(Debug, Clone)]
pub struct Permit {
    decision_id: Uuid,
    policies: Vec<String>,
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
    refusals: Option<Arc<dyn Refusals>>,
}

impl Gate {
    /// A gate that asks `decisions`, and tells nobody of those it refuses.
    pub fn new(decisions: Arc<dyn DecisionPoint>, ids: Arc<dyn crate::Ids>) -> Self {
        Self { decisions, ids, refusals: None }
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
    /// `Unauthenticated` for guests, `Forbidden` for everybody else.
    pub fn admit(&self, caller: &Caller, operation: &'static Operation) -> Result<(), Fault> {
        if self.decisions.could_allow(caller, operation) {
            return Ok(());
        }
        let fault = refuse(caller, operation);
        self.tell(caller, operation, operation.resource.to_owned(), &fault);
        Err(fault)
    }

    /// Decides, and turns a yes into a permit.
    ///
    /// # Errors
    /// `Unauthenticated` for guests, `Forbidden` with the explanation for everybody else.
    pub fn permit(&self, caller: &Caller, operation: &'static Operation, resource: &Resource) -> Result<Permit, Fault> {
        let decision = self.decisions.decide(Question { caller, operation, resource });
        if !decision.allowed {
            let mut fault = refuse(caller, operation);
            fault.explanation = Some(Box::new(decision.explanation));
            self.tell(caller, operation, format!("{}/{}", resource.kind, resource.id), &fault);
            return Err(fault);
        }
        Ok(Permit {
            decision_id: self.ids.next(),
            policies: decision.explanation.decided_by,
            operation,
            resource: format!("{}/{}", resource.kind, resource.id),
            caller: caller.clone(),
            replay: None,
        })
    }

    /// Whether a permit would be given: what pages use to show or hide a button.
    pub fn allows(&self, caller: &Caller, operation: &'static Operation, resource: &Resource) -> bool {
        self.decisions.decide(Question { caller, operation, resource }).allowed
    }
}

fn refuse(caller: &Caller, operation: &Operation) -> Fault {
    if caller.actor.is_guest() {
        return reasons::LOG_IN.fault();
    }
    reasons::FORBIDDEN.fault().detail(format!("You may not do this ({}).", operation.id))
}
