//! The communities' own rules as they are in force: read from the database, put before the policy engine of this process,
//! and told to those of other processes. Rules that this program cannot read leave the ones before in force.
//!
//! What may not enter: who may change them.

use crate::Admin;
use arc_swap::ArcSwap;
use kernel::{CommunityRules, Fault, TenantId};
use ring::digest::{SHA256, digest};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is in force, for whoever asks.
#[derive(Debug, Default)]
pub(crate) struct RuleBook(ArcSwap<Vec<CommunityRules>>);

impl RuleBook {
    /// Every community's rules, and a word that changes with any of them.
    pub(crate) fn all(&self) -> (String, Arc<Vec<CommunityRules>>) {
        let all = self.0.load_full();
        let words: Vec<String> = all.iter().map(|rules| format!("{}@{}", rules.tenant, rules.revision)).collect();
        (words.join(" "), all)
    }

    fn replace(&self, all: Vec<CommunityRules>) {
        self.0.store(Arc::new(all));
    }
}

impl Admin {
    /// Reads the rules as the database has them and puts them in force.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer; then everything stays as it was.
    pub(crate) async fn read_rules(&self) -> Result<(), Fault> {
        let roles = self.store.custom_roles().await?;
        let mut wanted: BTreeMap<TenantId, CommunityRules> = BTreeMap::new();
        for (tenant, roles) in roles {
            let rules = CommunityRules { tenant, revision: 0, policies: String::new(), roles };
            wanted.insert(tenant, rules);
        }
        let (_, before) = self.rules.all();
        let mut in_force = Vec::new();
        for mut rules in wanted.into_values() {
            rules.revision = revision(&rules)?;
            match self.decisions.adopt(&rules) {
                Ok(()) => in_force.push(rules),
                Err(problems) => {
                    let words: Vec<&str> = problems.iter().map(|problem| problem.detail.as_str()).collect();
                    let (tenant, problems) = (rules.tenant, words.join("; "));
                    tracing::error!(%tenant, problems, "a community's rules cannot be read; the ones before stay in force");
                    in_force.extend(before.iter().find(|known| known.tenant == tenant).cloned());
                }
            }
        }
        self.rules.replace(in_force);
        Ok(())
    }
}

/// A number that two different sets of rules do not share.
fn revision(rules: &CommunityRules) -> Result<i64, Fault> {
    let text = serde_json::to_vec(rules).map_err(Fault::internal)?;
    let hash = digest(&SHA256, &text);
    let mut first = [0; 8];
    first.copy_from_slice(&hash.as_ref()[..8]);
    Ok(i64::from_be_bytes(first))
}
