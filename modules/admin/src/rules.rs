//! The communities' own rules as they are in force: read from the database, put before the policy engine of this process,
//! and told to those of other processes. Rules that this program cannot read leave the ones before in force.
//!
//! What may not enter: who may change them.

use crate::Admin;
use arc_swap::ArcSwap;
use kernel::{CommunityRules, CustomRole, Fault, TenantId};
use ring::digest::{SHA256, digest};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is in force, for whoever asks.
#[derive(Debug, Default)]
pub(crate) struct RuleBook {
    in_force: ArcSwap<Vec<CommunityRules>>,
    unreadable: ArcSwap<BTreeMap<TenantId, String>>,
}

impl RuleBook {
    /// Every community's rules, and a word that changes with any of them.
    pub(crate) fn all(&self) -> (String, Arc<Vec<CommunityRules>>) {
        let all = self.in_force.load_full();
        let words: Vec<String> = all.iter().map(|rules| format!("{}@{}", rules.tenant, rules.revision)).collect();
        (words.join(" "), all)
    }

    /// What is wrong with the rules that should be in force there.
    pub(crate) fn unreadable(&self, tenant: TenantId) -> Option<String> {
        self.unreadable.load().get(&tenant).cloned()
    }

    fn replace(&self, all: Vec<CommunityRules>, unreadable: BTreeMap<TenantId, String>) {
        self.in_force.store(Arc::new(all));
        self.unreadable.store(Arc::new(unreadable));
    }
}

impl Admin {
    /// Reads the rules as the database has them and puts them in force.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer; then everything stays as it was.
    pub(crate) async fn read_rules(&self) -> Result<(), Fault> {
        let (mut roles, mut policies) = (self.store.custom_roles().await?, self.store.policies_in_force().await?);
        let (_, before) = self.rules.all();
        let tenants: BTreeSet<TenantId> = roles.keys().chain(policies.keys()).copied().collect();
        let (mut in_force, mut unreadable) = (Vec::new(), BTreeMap::new());
        for tenant in tenants {
            let roles = roles.remove(&tenant).unwrap_or_default();
            let mut versions = policies.remove(&tenant).unwrap_or_default().into_iter();
            let active = versions.next().unwrap_or_default();
            let wanted = rules(tenant, active.clone(), roles.clone())?;
            let Err(problems) = self.decisions.adopt(&wanted) else {
                in_force.push(wanted);
                continue;
            };
            let words: Vec<&str> = problems.iter().map(|problem| problem.detail.as_str()).collect();
            let problems = words.join("; ");
            tracing::error!(%tenant, problems, "a community's rules cannot be read; the ones before stay in force");
            unreadable.insert(tenant, problems);
            let mut known = before.iter().filter(|known| known.tenant == tenant).cloned();
            in_force.extend(
                known
                    .next()
                    .map_or_else(|| self.last_good(tenant, active, versions, roles), |known| Ok(Some(known)))?,
            );
        }
        self.rules.replace(in_force, unreadable);
        Ok(())
    }

    /// In a process that starts: the latest of the versions that can be read, in force from now on. Where it is a role that
    /// cannot be, the policies are in force without the roles: what they forbid stays forbidden.
    fn last_good(
        &self,
        tenant: TenantId,
        active: String,
        versions: impl Iterator<Item = String>,
        roles: Vec<CustomRole>,
    ) -> Result<Option<CommunityRules>, Fault> {
        for policies in std::iter::once(active).chain(versions) {
            for roles in [roles.clone(), Vec::new()] {
                let rules = rules(tenant, policies.clone(), roles)?;
                if self.decisions.adopt(&rules).is_ok() {
                    return Ok(Some(rules));
                }
            }
        }
        Ok(None)
    }
}

fn rules(tenant: TenantId, policies: String, roles: Vec<CustomRole>) -> Result<CommunityRules, Fault> {
    let mut rules = CommunityRules { tenant, revision: 0, policies, roles };
    rules.revision = revision(&rules)?;
    Ok(rules)
}

/// A number that two different sets of rules do not share.
fn revision(rules: &CommunityRules) -> Result<i64, Fault> {
    let text = serde_json::to_vec(rules).map_err(Fault::internal)?;
    let hash = digest(&SHA256, &text);
    let mut first = [0; 8];
    first.copy_from_slice(&hash.as_ref()[..8]);
    Ok(i64::from_be_bytes(first))
}
