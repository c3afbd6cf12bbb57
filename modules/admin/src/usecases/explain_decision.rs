//! What the policies say about somebody, an operation and a resource, and why. Nothing is done and nothing is loaded but
//! the person: the resource is taken as it is described.

use crate::Admin;
use crate::domain::{Asker, Fact, HeldRole, NotAQuestion};
use crate::operations::EXPLAIN_DECISION;
use crate::store::KnownPerson;
use kernel::{Actor, Caller, Explanation, Fault, Operation, Permit, Question, Resource, SessionId, TenantId, UseCase};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// May they do this to that?
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct ExplainDecision {
    /// `@handle`, a user's id, `guest`, or `service:name`.
    pub(crate) who: String,
    /// The operation, such as `forum.lock_thread`.
    pub(crate) operation: String,
    /// The kind of resource, such as `Thread`.
    pub(crate) kind: String,
    /// Its id.
    pub(crate) id: String,
    /// What else policies may look at.
    pub(crate) attributes: BTreeMap<String, Fact>,
}

/// The answer and its reasons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DecisionView {
    /// Whether it may be done.
    pub(crate) allowed: bool,
    /// Why.
    pub(crate) explanation: Explanation,
}

impl UseCase for ExplainDecision {
    type Module = Admin;
    type Subject = ();
    type Output = DecisionView;
    const OPERATION: &'static Operation = &EXPLAIN_DECISION;

    async fn load(&self, _: &Admin, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), caller: &Caller) -> Resource {
        Resource::new("Tenant", caller.actor.tenant, caller.actor.tenant)
    }

    async fn run(&self, admin: &Admin, (): (), permit: Permit) -> Result<DecisionView, Fault> {
        let tenant = permit.tenant();
        let operation = admin.vocabulary.operation(&self.operation, &self.kind)?;
        let mut resource = Resource::new(operation.resource, self.id.trim(), tenant);
        for (name, fact) in &self.attributes {
            resource = resource.with(admin.vocabulary.name("attributes", name)?, fact.attribute());
        }
        let actor = actor(admin, tenant, Asker::parse(&self.who)?).await?;
        let caller = Caller::new(actor, permit.caller().request_id.clone());
        let decision = admin.decisions.explain(Question { caller: &caller, operation, resource: &resource });
        Ok(DecisionView { allowed: decision.allowed, explanation: decision.explanation })
    }
}

/// Whoever is asked about as they would act now; people as they come through a log-in.
async fn actor(admin: &Admin, tenant: TenantId, asker: Asker) -> Result<Actor, Fault> {
    let person: Option<KnownPerson> = match asker {
        Asker::Guest => return Ok(Actor::guest(tenant)),
        Asker::Service(name) => return Ok(Actor::service(tenant, &name)),
        Asker::User(id) => admin.store.person(tenant, id).await?,
        Asker::Handle(handle) => admin.store.person_by_handle(tenant, &handle).await?,
    };
    let person = person.ok_or(NotAQuestion::Nobody)?;
    let role = admin.store.role(tenant, person.id).await?.unwrap_or(HeldRole::MEMBER);
    let told = super::read_role::told(admin, tenant, person.id, role).await?;
    let mut actor = Actor::user(tenant, person.id, told.role, &person.display_name);
    (actor.belongs.groups, actor.belongs.roles) = (told.groups, told.roles);
    actor.session = Some(SessionId(Uuid::nil()));
    Ok(actor)
}
