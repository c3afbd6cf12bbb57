//! A community's own policies: proposed with their cases, decided on by another administrator, in force everywhere a
//! moment later.

mod decide_policies;
mod propose_policies;
mod read_policies;

pub(crate) use decide_policies::{ApprovePolicies, RejectPolicies};
pub(crate) use propose_policies::ProposePolicies;
pub(crate) use read_policies::{ListPolicies, PoliciesPage};

use crate::Admin;
use crate::domain::PolicyCase;
use admin_contract::{AccessChanged, reasons};
use kernel::{Caller, CommunityRules, Fault, FieldFault, NewEvent, Permit, Question, Resource, TenantId};

/// Problems and failed cases told at once at most.
const MOST_TOLD: usize = 20;

/// A community's policies as policies see them.
fn resource(caller: &Caller) -> Resource {
    Resource::new("Tenant", caller.actor.tenant, caller.actor.tenant)
}

/// Checks policies against the schema, the limits, and their cases, with the roles that the community has now.
///
/// # Errors
/// `Invalid`, naming `policies` with the lines, or `cases` with what came out otherwise and why.
async fn try_out(admin: &Admin, tenant: TenantId, policies: &str, cases: &[PolicyCase]) -> Result<(), Fault> {
    let roles = admin.store.custom_roles().await?.remove(&tenant).unwrap_or_default();
    let rules = CommunityRules { tenant, revision: 0, policies: policies.to_owned(), roles };
    let trial = admin.decisions.with(&rules).map_err(|problems| {
        let told = problems.into_iter().take(MOST_TOLD).map(|problem| FieldFault {
            field: "policies".to_owned(),
            detail: problem.line.map_or(problem.detail.clone(), |line| format!("line {line}: {}", problem.detail)),
        });
        Fault::invalid_fields(told.collect())
    })?;
    let mut failed = Vec::new();
    for case in cases {
        let operation = admin.vocabulary.operation(&case.operation, &case.resource.kind)?;
        let mut resource = Resource::new(operation.resource, &case.resource.id, tenant);
        for (name, fact) in &case.resource.attributes {
            resource = resource.with(admin.vocabulary.name("cases", name)?, fact.attribute());
        }
        let caller = Caller::new(case.actor(tenant), "case");
        let decision = trial.explain(Question { caller: &caller, operation, resource: &resource });
        if decision.allowed != case.allowed {
            let why = decision.explanation;
            let because = [why.decided_by, why.errors].concat().join(", ");
            let came = if decision.allowed { "allowed" } else { "refused" };
            let because = if because.is_empty() { "no policy allows it".to_owned() } else { because };
            failed.push(FieldFault { field: "cases".to_owned(), detail: format!("{}: {came} ({because})", case.name) });
        }
    }
    failed.truncate(MOST_TOLD);
    if failed.is_empty() { Ok(()) } else { Err(Fault::invalid_fields(failed)) }
}

fn changed(permit: &Permit, what: &str) -> NewEvent {
    NewEvent::of(&AccessChanged {
        about: "policies".to_owned(),
        what: what.to_owned(),
        holder: String::new(),
        changed_by: permit.caller().actor.principal.to_string(),
    })
}

fn no_such_version() -> Fault {
    reasons::NO_SUCH_POLICIES.fault()
}
