//! Why a decision came out as it did. What may not enter: how it is decided.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why a decision came out as it did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// The decision's id, where it refused something; what was permitted has it in the permit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision_id: Option<Uuid>,
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
    /// What the policies named here looked at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<AttributeRead>,
    /// For a refusal, what stood in the way in each of those policies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub obstacles: Vec<Obstacle>,
}

/// An attribute that a policy looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeRead {
    /// Its name, such as `resource.locked`.
    pub name: String,
    /// What it was.
    pub value: String,
}

/// What stood in the way in one policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Obstacle {
    /// The policy.
    pub policy: String,
    /// Whether it forbade; otherwise it would have allowed, and did not apply.
    pub forbids: bool,
    /// The conditions that decided, as they are written.
    pub conditions: Vec<String>,
    /// What would take it away: all of it where the policy allows, any of it where it forbids.
    pub remedies: Vec<Remedy>,
}

/// Something that would have to be otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remedy {
    /// In words that go on from "needs".
    pub words: String,
    /// Whether it speaks of the caller alone, and so tells them nothing of the thing asked about.
    pub about_caller: bool,
}

/// What whoever was refused may know of why: no attribute of what they may not see.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalInBrief {
    /// The decision's id, to be named when asking for help.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision_id: Option<Uuid>,
    /// The policies that refused, or those that would have allowed it and did not apply.
    pub policies: Vec<String>,
    /// What would be needed of the caller: any one of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
}

impl Explanation {
    /// What would have made it pass, one way to each line; empty when no policy speaks of the operation.
    pub fn ways(&self) -> Vec<String> {
        self.ways_by(|_| true)
    }

    /// The explanation for whoever may not look into it.
    pub fn in_brief(&self) -> RefusalInBrief {
        let policies = if self.decided_by.is_empty() { &self.would_need } else { &self.decided_by };
        RefusalInBrief {
            decision_id: self.decision_id,
            policies: policies.clone(),
            needs: self.ways_by(|remedy| remedy.about_caller),
        }
    }

    fn ways_by(&self, told: impl Fn(&Remedy) -> bool) -> Vec<String> {
        let mut ways: Vec<String> = Vec::new();
        for obstacle in &self.obstacles {
            // Half of what is needed would be a false promise.
            if !obstacle.remedies.iter().all(&told) || obstacle.remedies.is_empty() {
                continue;
            }
            let words: Vec<&str> = obstacle.remedies.iter().map(|remedy| remedy.words.as_str()).collect();
            let way = words.join(if obstacle.forbids { ", or " } else { ", and " });
            if !ways.contains(&way) {
                ways.push(way);
            }
        }
        ways
    }
}
