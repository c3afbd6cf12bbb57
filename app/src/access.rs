//! The communities' own rules in every process: asked of admin, wherever it runs, and put before the policy engine. Until
//! admin was reached for the first time the policies of the modules decide alone; while it cannot be reached, the rules
//! stay as they were.

use admin_contract::{AccessRulesRequest, AdminPortal};
use kernel::{Actor, Caller, CommunityRules, DecisionPoint, Fault, Late, TenantId};
use runtime::{Portals, Role, Worker};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Between two questions: what was activated is in force everywhere within a second.
const PAUSE: Duration = Duration::from_millis(300);

/// The one that keeps the rules current.
pub(crate) fn workers(portals: &Portals, decisions: &Arc<dyn DecisionPoint>) -> Vec<Worker> {
    let (admin, decisions) = (portals.want::<dyn AdminPortal>(), Arc::clone(decisions));
    let work = move |stop| keep_current(admin.clone(), Arc::clone(&decisions), stop);
    vec![Worker::new("access.rules", Role::All, work)]
}

async fn keep_current(admin: Late<dyn AdminPortal>, decisions: Arc<dyn DecisionPoint>, stop: CancellationToken) {
    let mut known = String::new();
    let mut told = false;
    while !stop.is_cancelled() {
        match adopt(&admin, decisions.as_ref(), &known).await {
            Ok(current) => (known, told) = (current, false),
            Err(fault) => {
                if !std::mem::replace(&mut told, true) {
                    tracing::warn!(%fault, cause = fault.chain(), "communities' rules stay as they were: admin cannot be asked");
                }
            }
        }
        tokio::select! { () = tokio::time::sleep(PAUSE) => {}, () = stop.cancelled() => {} }
    }
}

/// What the rules are called that are in force now.
async fn adopt(admin: &Late<dyn AdminPortal>, decisions: &dyn DecisionPoint, known: &str) -> Result<String, Fault> {
    let caller = Caller::new(Actor::service(TenantId::FIRST, "access"), "access");
    let reply = admin.get().access_rules(&caller, AccessRulesRequest { known: known.to_owned() }).await?;
    if reply.rules_json.is_empty() {
        return Ok(reply.known);
    }
    let all: Vec<CommunityRules> = serde_json::from_str(&reply.rules_json).map_err(Fault::internal)?;
    for rules in all {
        if let Err(problems) = decisions.adopt(&rules) {
            let words: Vec<&str> = problems.iter().map(|problem| problem.detail.as_str()).collect();
            let (tenant, problems) = (rules.tenant, words.join("; "));
            tracing::error!(%tenant, problems, "a community's rules cannot be read; the ones before stay in force");
        }
    }
    Ok(reply.known)
}
