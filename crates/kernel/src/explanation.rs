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
    /// What would have made it pass: any one of these. Empty when nothing would, as no policy speaks of the operation.
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
        let (forbids, permits): (Vec<&Obstacle>, Vec<&Obstacle>) =
            self.obstacles.iter().partition(|obstacle| obstacle.forbids);
        if !forbids.is_empty() {
            // Each of them must go, and any one remedy takes it away.
            let each = forbids.into_iter().map(|forbid| forbid.words(", or ", &told));
            let each: Option<Vec<String>> = each.collect();
            return each.map(|each| each.join(", and ")).into_iter().collect();
        }
        let mut ways: Vec<String> = Vec::new();
        // Half of what a permit needs would be a false promise.
        for permit in permits.into_iter().filter(|permit| permit.remedies.iter().all(&told)) {
            ways.extend(permit.words(", and ", &told).filter(|way| !ways.contains(way)));
        }
        ways
    }
}

impl Obstacle {
    /// The remedies that may be told; nothing when there is none.
    fn words(&self, by: &str, told: impl Fn(&Remedy) -> bool) -> Option<String> {
        let words: Vec<&str> =
            self.remedies.iter().filter(|remedy| told(remedy)).map(|remedy| remedy.words.as_str()).collect();
        (!words.is_empty()).then(|| words.join(by))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn obstacle(forbids: bool, remedies: &[(&str, bool)]) -> Obstacle {
        let remedy =
            |(words, about_caller): &(&str, bool)| Remedy { words: (*words).to_owned(), about_caller: *about_caller };
        let (policy, conditions) = ("p".to_owned(), Vec::new());
        Obstacle { policy, forbids, conditions, remedies: remedies.iter().map(remedy).collect() }
    }

    fn explanation(obstacles: Vec<Obstacle>) -> Explanation {
        Explanation { obstacles, ..Explanation::default() }
    }

    #[test]
    fn any_permit_will_do_and_each_forbid_must_go() {
        let (mine, open) = (("to be yours", true), ("it to be open", false));
        let permits = explanation(vec![obstacle(false, &[mine]), obstacle(false, &[mine, open])]);
        assert_eq!(permits.ways(), ["to be yours", "to be yours, and it to be open"]);
        assert_eq!(permits.in_brief().needs, ["to be yours"]);
        let forbids = explanation(vec![obstacle(true, &[mine, open]), obstacle(true, &[open])]);
        assert_eq!(forbids.ways(), ["to be yours, or it to be open, and it to be open"]);
        assert!(forbids.in_brief().needs.is_empty(), "the second one is about the thing alone");
    }

    #[test]
    fn nothing_helps_against_a_forbid_without_conditions() {
        assert!(explanation(vec![obstacle(true, &[])]).ways().is_empty());
    }
}
