//! Decision points without policies, for tests about something else than permission.
//!
//! What may not enter: rules. A test about rules runs the policy engine.

use kernel::{Caller, Condition, Decision, DecisionPoint, Explanation, Operation, Question};

/// Allows everything.
#[derive(Debug, Default, Clone, Copy)]
pub struct AllowAll;

/// Refuses everything, and already at the door.
#[derive(Debug, Default, Clone, Copy)]
pub struct DenyAll;

/// Allows the listed operations to everybody.
#[derive(Debug, Default, Clone)]
pub struct Scripted {
    allowed: Vec<&'static str>,
}

impl Scripted {
    /// Allows the operations with these ids, such as `forum.post_reply`, and no others.
    pub fn allowing(operations: &[&'static str]) -> Self {
        Self { allowed: operations.to_vec() }
    }
}

impl DecisionPoint for AllowAll {
    fn decide(&self, question: Question<'_>) -> Decision {
        answer(question, true, "testkit.allow_all")
    }

    fn could_allow(&self, _caller: &Caller, _operation: &Operation) -> bool {
        true
    }

    fn holds(&self, _caller: &Caller, _operation: &str) -> bool {
        true
    }

    fn narrow(&self, _caller: &Caller, _operation: &Operation) -> Option<Condition> {
        Some(Condition::Always)
    }
}

impl DecisionPoint for DenyAll {
    fn decide(&self, question: Question<'_>) -> Decision {
        answer(question, false, "testkit.deny_all")
    }

    fn could_allow(&self, _caller: &Caller, _operation: &Operation) -> bool {
        false
    }
}

impl DecisionPoint for Scripted {
    fn decide(&self, question: Question<'_>) -> Decision {
        answer(question, self.allowed.contains(&question.operation.id), "testkit.scripted")
    }

    fn could_allow(&self, _caller: &Caller, operation: &Operation) -> bool {
        self.allowed.contains(&operation.id)
    }
}

fn answer(question: Question<'_>, allowed: bool, policy: &str) -> Decision {
    let actor = &question.caller.actor;
    let explanation = Explanation {
        operation: question.operation.id.to_owned(),
        principal: actor.principal.to_string(),
        role: actor.role.name().to_owned(),
        resource: format!("{}/{}", question.resource.kind, question.resource.id),
        decided_by: vec![policy.to_owned()],
        ..Explanation::default()
    };
    Decision { allowed, explanation }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SequentialIds;
    use kernel::{Actor, FaultCode, Gate, Permit, Resource, Role, TenantId, UserId};
    use std::sync::Arc;

    static REPLY: Operation = Operation::command("forum.post_reply", "Thread");
    static LOCK: Operation = Operation::command("forum.lock_thread", "Thread");

    fn ask(decisions: impl DecisionPoint + 'static, operation: &'static Operation) -> Result<Permit, FaultCode> {
        let gate = Gate::new(Arc::new(decisions), Arc::new(SequentialIds::default()));
        let member = Actor::user(TenantId::FIRST, UserId(uuid::Uuid::from_u128(7)), Role::Member, "Ada");
        let caller = Caller::new(member, "request-1");
        gate.admit(&caller, operation).map_err(|fault| fault.code)?;
        let thread = Resource::new("Thread", 1, TenantId::FIRST);
        gate.permit(&caller, operation, &thread).map_err(|fault| fault.code)
    }

    #[test]
    fn allow_all_gives_a_permit_that_names_it() {
        let permit = ask(AllowAll, &REPLY).unwrap();
        assert_eq!(permit.policies(), ["testkit.allow_all"]);
        assert_eq!(permit.resource(), "Thread/1");
    }

    #[test]
    fn deny_all_gives_no_permit() {
        assert_eq!(ask(DenyAll, &REPLY).unwrap_err(), FaultCode::Forbidden);
    }

    #[test]
    fn scripted_allows_what_is_listed_and_nothing_else() {
        let scripted = Scripted::allowing(&["forum.post_reply"]);
        assert!(ask(scripted.clone(), &REPLY).is_ok());
        assert_eq!(ask(scripted, &LOCK).unwrap_err(), FaultCode::Forbidden);
    }
}
