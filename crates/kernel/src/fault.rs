//! The one error that crosses boundaries: a code to branch on, words to read.

use crate::Explanation;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// The nine kinds of failure. Closed: a tenth would need a new mapping everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultCode {
    /// The input is wrong and will stay wrong.
    Invalid,
    /// Nobody has been recognised, and somebody must be.
    Unauthenticated,
    /// Recognised, and not allowed.
    Forbidden,
    /// There is no such thing, or none that the caller may see.
    NotFound,
    /// The state of things stands against it.
    Conflict,
    /// The caller decided on an older version.
    Stale,
    /// Too many, too much, too big.
    Exhausted,
    /// Not now; the same call may succeed later.
    Unavailable,
    /// Our fault.
    Internal,
}

impl FaultCode {
    /// Every code.
    pub const ALL: [Self; 9] = [
        Self::Invalid,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::Conflict,
        Self::Stale,
        Self::Exhausted,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Stale => "stale",
            Self::Exhausted => "exhausted",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }
}

/// A stable, documented way to fail: what clients branch on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    /// Its kind.
    pub code: FaultCode,
    /// Its name, such as `forum.thread_locked`. Never changes once released.
    pub name: &'static str,
    /// What people read when nothing more precise is said.
    pub text: &'static str,
}

impl Reason {
    /// Declares a reason.
    pub const fn new(code: FaultCode, name: &'static str, text: &'static str) -> Self {
        Self { code, name, text }
    }

    /// A fault for this reason, in its own words.
    pub fn fault(&self) -> Fault {
        Fault::new(self)
    }
}

/// What is wrong with one field of an input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldFault {
    /// The field's path, such as `title` or `items.3.price`.
    pub field: String,
    /// What is wrong with it, for people.
    pub detail: String,
}

/// A failure on its way out.
#[derive(Debug, Clone)]
pub struct Fault {
    /// One of nine kinds.
    pub code: FaultCode,
    /// The stable name clients branch on.
    pub reason: Cow<'static, str>,
    /// Words for people.
    pub detail: String,
    /// The fields at fault, for `Invalid`.
    pub fields: Vec<FieldFault>,
    /// How many seconds to wait before a retry makes sense.
    pub retry_after_s: Option<u64>,
    /// Why a decision went against the caller. Shown only to those who may see it.
    pub explanation: Option<Box<Explanation>>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl Fault {
    /// A fault for `reason`, in its own words.
    pub fn new(reason: &Reason) -> Self {
        Self::received(reason.code, Cow::Borrowed(reason.name), reason.text.to_owned())
    }

    /// A fault that came over a wire.
    pub fn received(code: FaultCode, reason: impl Into<Cow<'static, str>>, detail: String) -> Self {
        Self {
            code,
            reason: reason.into(),
            detail,
            fields: Vec::new(),
            retry_after_s: None,
            explanation: None,
            source: None,
        }
    }

    /// Our own failure, with its cause. People see only that something failed; the log has the chain.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(&reasons::INTERNAL).because(cause)
    }

    /// An input whose `field` is wrong.
    pub fn invalid(field: &str, detail: impl Into<String>) -> Self {
        Self::invalid_fields(vec![FieldFault { field: field.to_owned(), detail: detail.into() }])
    }

    /// An input with several wrong fields.
    pub fn invalid_fields(fields: Vec<FieldFault>) -> Self {
        let detail = fields.iter().map(|f| format!("{}: {}", f.field, f.detail)).collect::<Vec<_>>().join("; ");
        let mut fault = Self::new(&reasons::INVALID_INPUT);
        fault.detail = detail;
        fault.fields = fields;
        fault
    }

    /// The same fault in more precise words.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// The same fault with what caused it.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(Arc::from(cause.into()));
        self
    }

    /// The same fault with a time to wait.
    #[must_use]
    pub fn retry_after_s(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// Whether it is this reason.
    pub fn is(&self, reason: &Reason) -> bool {
        self.reason == reason.name
    }

    /// The chain of causes on one line, outermost first.
    pub fn chain(&self) -> String {
        let mut text = String::new();
        let mut next: Option<&(dyn Error + 'static)> = self.source.as_deref().map(|e| e as &(dyn Error + 'static));
        while let Some(error) = next {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&error.to_string());
            next = error.source();
        }
        text
    }

    /// The fault with its chain of causes, on one line: for operators, not for whoever called.
    pub fn told(&self) -> String {
        let chain = self.chain();
        if chain.is_empty() { self.to_string() } else { format!("{self}: {chain}") }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.detail, self.reason)
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|e| e as &(dyn Error + 'static))
    }
}

/// The reasons that belong to no module.
pub mod reasons {
    use super::{FaultCode, Reason};

    /// The input is wrong; the fields say where.
    pub const INVALID_INPUT: Reason = Reason::new(FaultCode::Invalid, "request.invalid", "The input is not valid.");
    /// The body could not be read as what it says it is.
    pub const MALFORMED: Reason = Reason::new(FaultCode::Invalid, "request.malformed", "The request cannot be read.");
    /// The body or a header is larger than allowed.
    pub const TOO_LARGE: Reason = Reason::new(FaultCode::Exhausted, "request.too_large", "The request is too large.");
    /// No such path.
    pub const NO_ROUTE: Reason = Reason::new(FaultCode::NotFound, "request.no_route", "There is nothing here.");
    /// The path exists, the method does not.
    pub const METHOD: Reason =
        Reason::new(FaultCode::Invalid, "request.method_not_allowed", "This address does not answer to that method.");
    /// A content type nobody here reads.
    pub const MEDIA_TYPE: Reason =
        Reason::new(FaultCode::Invalid, "request.unsupported_media_type", "The content type is not supported here.");
    /// Sent by a page of another site.
    pub const CROSS_SITE: Reason =
        Reason::new(FaultCode::Forbidden, "request.cross_site", "Another site's page may not do this for you.");
    /// Too many requests.
    pub const RATE_LIMITED: Reason =
        Reason::new(FaultCode::Exhausted, "request.rate_limited", "Too many requests. Wait a moment.");
    /// The answer took too long.
    pub const DEADLINE: Reason =
        Reason::new(FaultCode::Unavailable, "request.deadline_exceeded", "The answer took too long.");
    /// The key was used before with another input.
    pub const KEY_REUSED: Reason = Reason::new(
        FaultCode::Conflict,
        "request.idempotency_key_reused",
        "This idempotency key was used before with a different input.",
    );
    /// The key is empty, too long or not printable ASCII.
    pub const KEY_MALFORMED: Reason = Reason::new(
        FaultCode::Invalid,
        "request.idempotency_key_malformed",
        "An idempotency key is 1 to 255 printable ASCII characters.",
    );
    /// Somebody must log in first.
    pub const LOG_IN: Reason = Reason::new(FaultCode::Unauthenticated, "access.log_in", "Log in first.");
    /// The credential is not accepted.
    pub const CREDENTIAL: Reason =
        Reason::new(FaultCode::Unauthenticated, "access.credential_rejected", "The credential is not accepted.");
    /// The policies say no.
    pub const FORBIDDEN: Reason = Reason::new(FaultCode::Forbidden, "access.forbidden", "You may not do this.");
    /// A key or token was shown whose scopes do not speak of this.
    pub const INSUFFICIENT_SCOPE: Reason =
        Reason::new(FaultCode::Forbidden, "access.insufficient_scope", "The key or token may not be used for this.");
    /// A key or token was shown for what only a person may do.
    pub const IN_PERSON: Reason = Reason::new(
        FaultCode::Forbidden,
        "access.in_person",
        "Only somebody who logged in may do this, with no key and no program in between.",
    );
    /// Nobody's host, or nobody's name.
    pub const COMMUNITY_UNKNOWN: Reason =
        Reason::new(FaultCode::NotFound, "community.unknown", "There is no such community here.");
    /// The community's data is kept in another region, by other processes.
    pub const MISDIRECTED: Reason =
        Reason::new(FaultCode::Invalid, "community.misdirected", "This community is served at another address.");
    /// People may only read.
    pub const COMMUNITY_READ_ONLY: Reason =
        Reason::new(FaultCode::Conflict, "community.read_only", "This community can only be read for now.");
    /// An operator closed it.
    pub const COMMUNITY_SUSPENDED: Reason =
        Reason::new(FaultCode::Forbidden, "community.suspended", "This community is closed for now.");
    /// It is being removed.
    pub const COMMUNITY_LEAVING: Reason =
        Reason::new(FaultCode::Forbidden, "community.leaving", "This community is being removed.");
    /// More requests than the community may make.
    pub const COMMUNITY_BUSY: Reason = Reason::new(
        FaultCode::Exhausted,
        "community.busy",
        "This community has made as many requests as it may for now. Wait a moment.",
    );
    /// Somebody else changed it in between.
    pub const STALE: Reason =
        Reason::new(FaultCode::Stale, "store.stale_version", "It was changed by somebody else in between.");
    /// The database does not answer.
    pub const STORE_DOWN: Reason =
        Reason::new(FaultCode::Unavailable, "store.unavailable", "The database does not answer. Try again shortly.");
    /// Data that was sealed under a master key this process does not have.
    pub const MASTER_KEY_MISSING: Reason = Reason::new(
        FaultCode::Unavailable,
        "secrets.master_key_missing",
        "A key that protects this data is missing here. Tell whoever runs this installation.",
    );
    /// Sealed data that was changed, or moved to another place.
    pub const UNREADABLE: Reason =
        Reason::new(FaultCode::Internal, "secrets.unreadable", "Protected data cannot be read. It has been logged.");
    /// Data whose key was destroyed so that nobody can read it any more.
    pub const ERASED: Reason = Reason::new(FaultCode::NotFound, "secrets.erased", "This data has been erased.");
    /// A mail that will never be taken.
    pub const MAIL_REFUSED: Reason = Reason::new(FaultCode::Invalid, "mail.refused", "The mail was refused for good.");
    /// Nobody takes mail now.
    pub const MAIL_DOWN: Reason =
        Reason::new(FaultCode::Unavailable, "mail.down", "Mail cannot be sent at the moment.");
    /// Files cannot be reached now.
    pub const FILES_DOWN: Reason =
        Reason::new(FaultCode::Unavailable, "files.down", "Files cannot be read or written at the moment.");
    /// A constraint nobody gave a meaning.
    pub const STORE_CONSTRAINT: Reason =
        Reason::new(FaultCode::Conflict, "store.constraint", "It would break a rule of the data.");
    /// The task was taken away from whoever still worked on it.
    pub const LEASE_LOST: Reason = Reason::new(
        FaultCode::Conflict,
        "task.lease_lost",
        "The task was given to somebody else or has ended; this write comes too late.",
    );
    /// The other process does not answer.
    pub const PORTAL_DOWN: Reason =
        Reason::new(FaultCode::Unavailable, "portal.unavailable", "A part of the system does not answer right now.");
    /// The other process failed too often; it is left alone for a moment.
    pub const CIRCUIT_OPEN: Reason = Reason::new(
        FaultCode::Unavailable,
        "portal.circuit_open",
        "A part of the system is failing; it is given a rest.",
    );
    /// Too many calls to the other process are under way.
    pub const BULKHEAD: Reason =
        Reason::new(FaultCode::Unavailable, "portal.bulkhead_full", "Too many calls are under way. Try again shortly.");
    /// This process is going away.
    pub const DRAINING: Reason =
        Reason::new(FaultCode::Unavailable, "process.draining", "This process is shutting down.");
    /// Ours.
    pub const INTERNAL: Reason =
        Reason::new(FaultCode::Internal, "internal", "Something failed on our side. It has been logged.");

    /// Every one of them, for the published list.
    pub const ALL: &[Reason] = &[
        INVALID_INPUT,
        MALFORMED,
        TOO_LARGE,
        NO_ROUTE,
        METHOD,
        MEDIA_TYPE,
        CROSS_SITE,
        RATE_LIMITED,
        DEADLINE,
        KEY_REUSED,
        KEY_MALFORMED,
        LOG_IN,
        CREDENTIAL,
        FORBIDDEN,
        COMMUNITY_BUSY,
        COMMUNITY_LEAVING,
        COMMUNITY_READ_ONLY,
        COMMUNITY_SUSPENDED,
        COMMUNITY_UNKNOWN,
        IN_PERSON,
        INSUFFICIENT_SCOPE,
        MISDIRECTED,
        STALE,
        STORE_DOWN,
        MASTER_KEY_MISSING,
        UNREADABLE,
        ERASED,
        MAIL_REFUSED,
        MAIL_DOWN,
        FILES_DOWN,
        STORE_CONSTRAINT,
        LEASE_LOST,
        PORTAL_DOWN,
        CIRCUIT_OPEN,
        BULKHEAD,
        DRAINING,
        INTERNAL,
    ];
}
