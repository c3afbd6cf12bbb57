//! What can be done, declared once: permissions, audit, metrics and spans are named after it.

/// Whether an operation changes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Changes something and is audited.
    Command,
    /// Only reads.
    Query,
}

/// Who may do it besides a person who logged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// A program too that acts for somebody, within its scopes.
    Delegable,
    /// No program that acts for somebody, whatever its scopes are.
    InPerson,
    /// Other modules ask it on the way to something else; scopes were looked at where the call came in.
    Within,
}

/// One thing that can be done, such as `forum.post_reply`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// `module.verb_noun`; stable.
    pub id: &'static str,
    /// Whether it changes anything.
    pub kind: Kind,
    /// The kind of thing the policies look at, such as `Thread`.
    pub resource: &'static str,
    /// Whether its commits leave an audit entry. Off only where the entry would describe itself.
    pub audited: bool,
    /// Whether a commit keeps its answer under the client's idempotency key. Off where the answer holds a secret,
    /// or where whoever carries the operation out keeps it.
    pub replayed: bool,
    /// Whether the modules' policies alone decide on it, so that no community can lock itself out of it.
    pub kept: bool,
    /// Whether lists are narrowed to what may be done this to, so that policies on it must be such as become a
    /// [`Condition`](crate::Condition).
    pub listed: bool,
    /// Who may do it besides a person who logged in.
    pub reach: Reach,
    /// Whether a refused attempt is recorded too.
    pub sensitive: bool,
    /// Whether people may do it where they may only read: what logs them in and out.
    pub in_read_only: bool,
}

impl Operation {
    /// An operation that changes something.
    pub const fn command(id: &'static str, resource: &'static str) -> Self {
        let reach = Reach::Delegable;
        Self {
            id,
            kind: Kind::Command,
            resource,
            audited: true,
            replayed: true,
            kept: false,
            listed: false,
            reach,
            sensitive: false,
            in_read_only: false,
        }
    }

    /// An operation that only reads.
    pub const fn query(id: &'static str, resource: &'static str) -> Self {
        let reach = Reach::Delegable;
        Self {
            id,
            kind: Kind::Query,
            resource,
            audited: false,
            replayed: false,
            kept: false,
            listed: false,
            reach,
            sensitive: false,
            in_read_only: false,
        }
    }

    /// The same operation, open in a community that is read-only.
    #[must_use]
    pub const fn in_read_only(mut self) -> Self {
        self.in_read_only = true;
        self
    }

    /// The same operation leaving no audit entry.
    #[must_use]
    pub const fn unaudited(mut self) -> Self {
        self.audited = false;
        self
    }

    /// The same operation keeping no answer: a retry with the same idempotency key acts again.
    #[must_use]
    pub const fn unreplayed(mut self) -> Self {
        self.replayed = false;
        self
    }

    /// The same operation out of reach of a community's own policies.
    #[must_use]
    pub const fn kept(mut self) -> Self {
        self.kept = true;
        self
    }

    /// The same operation as one that lists are narrowed by.
    #[must_use]
    pub const fn listed(mut self) -> Self {
        self.listed = true;
        self
    }

    /// The same operation for nobody but people who logged in themselves.
    #[must_use]
    pub const fn in_person(mut self) -> Self {
        self.reach = Reach::InPerson;
        self
    }

    /// The same operation asked by other modules through a portal, on the way to something else.
    #[must_use]
    pub const fn within(mut self) -> Self {
        self.reach = Reach::Within;
        self
    }

    /// The same operation leaving an entry in the record when it is refused: whoever tries it without right, or with a wrong
    /// password or code, is to be seen.
    #[must_use]
    pub const fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    /// The module it belongs to: `forum`.
    pub fn module(&self) -> &'static str {
        self.id.split_once('.').map_or(self.id, |(module, _)| module)
    }

    /// The verb: `post_reply`.
    pub fn verb(&self) -> &'static str {
        self.id.split_once('.').map_or(self.id, |(_, verb)| verb)
    }
}
