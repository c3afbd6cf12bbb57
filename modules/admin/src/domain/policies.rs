//! A community's own policies in versions: proposed by one, decided on by another. What may not enter: the language they
//! are written in.

use super::Fact;
use admin_contract::reasons;
use kernel::{Actor, Fault, Role, SessionId, TenantId, Time, UserId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// How long policies may be, and how long the cases beside them, in bytes.
const LONGEST: usize = 64 * 1024;
/// How many cases there may be.
const MOST_CASES: usize = 500;
/// How long the note may be, in bytes.
const LONGEST_NOTE: usize = 1_000;

/// What became of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PolicyStatus {
    /// Nobody has decided on it.
    Proposed,
    /// In force.
    Active,
    /// Was in force.
    Superseded,
    /// Will never be.
    Rejected,
}

impl PolicyStatus {
    const ALL: [Self; 4] = [Self::Proposed, Self::Active, Self::Superseded, Self::Rejected];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Active => "active",
            Self::Superseded => "superseded",
            Self::Rejected => "rejected",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// One version of a community's policies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PolicyVersion {
    pub(crate) id: Uuid,
    /// Counting from 1 in the community.
    pub(crate) number: i64,
    pub(crate) policies: String,
    /// The cases as they were written.
    pub(crate) cases: String,
    /// Why.
    pub(crate) note: String,
    /// As `user:<UUID>`.
    pub(crate) author: String,
    pub(crate) proposed_at: Time,
    pub(crate) status: PolicyStatus,
    pub(crate) decided_by: Option<String>,
    pub(crate) decided_at: Option<Time>,
    /// Counting from 1: the row's own.
    pub(crate) version: i64,
}

impl PolicyVersion {
    /// Whether `by` may put it in force, in a community with that many administrators: four eyes, unless there are but
    /// two.
    ///
    /// # Errors
    /// `admin.policies_decided`, `admin.four_eyes`.
    pub(crate) fn check_approval(&self, by: &str, administrators: i64) -> Result<(), Fault> {
        if self.status != PolicyStatus::Proposed {
            return Err(reasons::POLICIES_DECIDED.fault());
        }
        if self.author == by && administrators > 1 {
            return Err(reasons::FOUR_EYES.fault());
        }
        Ok(())
    }
}

/// Checks what somebody proposes as far as that goes without the engine.
///
/// # Errors
/// `Invalid`, naming the field.
pub(crate) fn check_proposal(policies: &str, cases: &str, note: &str) -> Result<Vec<PolicyCase>, Fault> {
    for (field, text, longest) in
        [("policies", policies, LONGEST), ("cases", cases, LONGEST), ("note", note, LONGEST_NOTE)]
    {
        if text.len() > longest {
            return Err(Fault::invalid(field, format!("must be at most {longest} bytes")));
        }
    }
    if note.trim().is_empty() {
        return Err(Fault::invalid("note", "must say why, for whoever approves"));
    }
    PolicyCase::read(cases)
}

/// What must be decided so for policies to come into force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyCase {
    /// What it shows.
    pub(crate) name: String,
    /// The built-in role of whoever asks; `guest` is somebody who has not logged in.
    pub(crate) role: Role,
    /// Who asks, where that matters.
    #[serde(default)]
    pub(crate) user: Option<Uuid>,
    /// Their groups.
    #[serde(default)]
    pub(crate) groups: Vec<String>,
    /// Their roles that the community made up.
    #[serde(default)]
    pub(crate) roles: Vec<String>,
    /// What they ask for.
    pub(crate) operation: String,
    /// What about.
    pub(crate) resource: CaseResource,
    /// Whether it comes through a log-in.
    #[serde(default = "yes")]
    pub(crate) session: bool,
    /// What must come of it.
    pub(crate) allowed: bool,
}

/// A thing as policies see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CaseResource {
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) attributes: BTreeMap<String, Fact>,
}

const fn yes() -> bool {
    true
}

impl PolicyCase {
    /// # Errors
    /// `Invalid`, naming `cases`, with the place.
    fn read(text: &str) -> Result<Vec<Self>, Fault> {
        if text.trim().is_empty() {
            return Ok(Vec::new());
        }
        let cases: Vec<Self> =
            serde_json::from_str(text).map_err(|error| Fault::invalid("cases", error.to_string()))?;
        if cases.len() > MOST_CASES {
            return Err(Fault::invalid("cases", format!("must be at most {MOST_CASES}")));
        }
        Ok(cases)
    }

    /// Whoever asks.
    pub(crate) fn actor(&self, tenant: TenantId) -> Actor {
        if self.role == Role::Guest {
            return Actor::guest(tenant);
        }
        let mut actor = Actor::user(tenant, UserId(self.user.unwrap_or_else(Uuid::nil)), self.role, "");
        actor.session = self.session.then(|| SessionId(Uuid::nil()));
        (actor.belongs.groups, actor.belongs.roles) = (self.groups.clone(), self.roles.clone());
        actor
    }
}

/// A line of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    Same(&'a str),
    Gone(&'a str),
    New(&'a str),
}

/// What makes `after` of `before`, line by line, by the longest common subsequence; whole where both are so long that
/// finding it would take long.
pub(crate) fn compared<'a>(before: &'a str, after: &'a str) -> Vec<Line<'a>> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    if old.len().saturating_mul(new.len()) > 1_000_000 {
        return old.into_iter().map(Line::Gone).chain(new.into_iter().map(Line::New)).collect();
    }
    // longest[i][j] is the length of what old[i..] and new[j..] have in common.
    let mut longest = vec![vec![0_u32; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            longest[i][j] =
                if old[i] == new[j] { longest[i + 1][j + 1] + 1 } else { longest[i + 1][j].max(longest[i][j + 1]) };
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push(Line::Same(old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && longest[i + 1][j] >= longest[i][j + 1]) {
            lines.push(Line::Gone(old[i]));
            i += 1;
        } else {
            lines.push(Line::New(new[j]));
            j += 1;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proposed(author: &str) -> PolicyVersion {
        PolicyVersion {
            id: Uuid::nil(),
            number: 1,
            policies: String::new(),
            cases: String::new(),
            note: "Why".to_owned(),
            author: author.to_owned(),
            proposed_at: "2030-01-01T00:00:00Z".parse().unwrap(),
            status: PolicyStatus::Proposed,
            decided_by: None,
            decided_at: None,
            version: 1,
        }
    }

    #[test]
    fn author_approves_only_where_nobody_else_could() {
        assert!(proposed("user:a").check_approval("user:a", 2).unwrap_err().is(&reasons::FOUR_EYES));
        assert!(proposed("user:a").check_approval("user:a", 1).is_ok());
        assert!(proposed("user:a").check_approval("user:b", 2).is_ok());
        let rejected = PolicyVersion { status: PolicyStatus::Rejected, ..proposed("user:a") };
        assert!(rejected.check_approval("user:b", 2).unwrap_err().is(&reasons::POLICIES_DECIDED));
    }

    #[test]
    fn comparison_keeps_what_both_have() {
        let lines = compared("a\nb\nc", "a\nx\nc\nd");
        assert_eq!(lines, [Line::Same("a"), Line::Gone("b"), Line::New("x"), Line::Same("c"), Line::New("d")]);
        assert_eq!(compared("", "a"), [Line::New("a")]);
    }

    #[test]
    fn case_that_cannot_be_read_says_where() {
        let fault = check_proposal("", "[{\"name\": 1}]", "why").unwrap_err();
        assert_eq!(fault.fields[0].field, "cases");
        assert!(fault.detail.contains("line 1"), "{}", fault.detail);
        assert_eq!(check_proposal("", "", " ").unwrap_err().fields[0].field, "note");
    }
}
