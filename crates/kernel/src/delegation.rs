//! Acting for somebody else: what a program may do that shows a key, or a token its owner agreed to.
//!
//! What may not enter: how such keys and tokens are made.

use crate::{Kind, Operation, Reach};
use serde::{Deserialize, Serialize};

/// Narrows what its owner may do. It never widens it: the policies decide on the owner, and this on the rest.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Delegation {
    /// What the call came through, such as `key:<UUID>` or `client:<UUID>`.
    pub through: String,
    /// What it may be used for.
    pub scopes: Scopes,
}

/// What a key or a token may be used for. Each scope is a set of operations: `forum:read` is all of the forum that only
/// reads, `forum:write` all of it that is there, `forum.post_reply` that operation and no other. Others, such as
/// `openid`, stand for no operation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scopes(Vec<String>);

impl Scopes {
    /// These, each once, in a fixed order.
    pub fn new(scopes: impl IntoIterator<Item = String>) -> Self {
        let mut scopes: Vec<String> = scopes.into_iter().filter(|scope| !scope.is_empty()).collect();
        scopes.sort();
        scopes.dedup();
        Self(scopes)
    }

    /// Those named in a text, with spaces between them (RFC 6749 section 3.3).
    pub fn parse(text: &str) -> Self {
        Self::new(text.split_ascii_whitespace().map(str::to_owned))
    }

    /// Their names.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether this one is among them.
    pub fn has(&self, scope: &str) -> bool {
        self.iter().any(|name| name == scope)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether nothing is in here that is not in `others`.
    pub fn is_within(&self, others: &Self) -> bool {
        self.iter().all(|scope| others.has(scope))
    }

    /// The scope that speaks of this operation, if one does. None ever speaks of what only a person may do.
    pub fn covering(&self, operation: &Operation) -> Option<&str> {
        let covers = |scope: &&str| match scope.split_once(':') {
            Some((module, "read")) => module == operation.module() && operation.kind == Kind::Query,
            Some((module, "write")) => module == operation.module(),
            Some(_) => false,
            None => *scope == operation.id,
        };
        self.iter().find(covers).filter(|_| operation.reach == Reach::Delegable)
    }

    /// The name of the narrowest group that this operation is in.
    pub fn group_of(operation: &Operation) -> String {
        let group = if operation.kind == Kind::Query { "read" } else { "write" };
        format!("{}:{group}", operation.module())
    }
}

impl std::fmt::Display for Scopes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: Operation = Operation::query("forum.read_thread", "Thread");
    const POST: Operation = Operation::command("forum.post_reply", "Thread");
    const PASSWORD: Operation = Operation::command("auth.change_password", "Account").in_person();

    #[test]
    fn scope_covers_its_operations_and_no_others() {
        let covering = |scopes: &str, operation| Scopes::parse(scopes).covering(operation).map(str::to_owned);
        assert_eq!(covering("forum:read", &READ).as_deref(), Some("forum:read"));
        assert_eq!(covering("forum:read", &POST), None);
        assert_eq!(covering("forum:write", &READ).as_deref(), Some("forum:write"), "who writes reads what was written");
        assert_eq!(covering("openid forum.post_reply", &POST).as_deref(), Some("forum.post_reply"));
        assert_eq!(covering("audit:write for:write forum: :write forum.post forum:admin", &POST), None);
    }

    #[test]
    fn no_scope_covers_what_only_a_person_may_do() {
        let scopes = Scopes::parse("auth:read auth:write auth.change_password");
        assert_eq!(scopes.covering(&PASSWORD), None);
    }

    #[test]
    fn scopes_are_a_set() {
        let scopes = Scopes::parse(" b  a b\ta ");
        assert_eq!(scopes.to_string(), "a b");
        assert!(Scopes::parse("a").is_within(&scopes) && !Scopes::parse("a c").is_within(&scopes));
    }
}
