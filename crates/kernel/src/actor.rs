//! Who acts, and everything that travels with a call whatever the distance.

use crate::{Asked, Community, Delegation, Fault, Lease, Position, SessionId, TenantId, Time, UserId};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use uuid::Uuid;

/// A built-in role. Each includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Anybody, logged in or not.
    Guest,
    /// Whoever has an account.
    Member,
    /// Keeps order.
    Moderator,
    /// Runs the community.
    Administrator,
}

impl Role {
    /// Every role, the least mighty first.
    pub const ALL: [Self; 4] = [Self::Guest, Self::Member, Self::Moderator, Self::Administrator];

    /// The role's name in policies and on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Guest => "guest",
            Self::Member => "member",
            Self::Moderator => "moderator",
            Self::Administrator => "administrator",
        }
    }

    /// The role of that name, if there is one.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// Whoever stands behind a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Principal {
    /// Nobody has been recognised.
    Guest,
    /// A person.
    User(UserId),
    /// A part of Polity acting on its own account, named like `forum.members` or `cli`.
    Service(String),
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Guest => write!(f, "guest"),
            Self::User(id) => write!(f, "user:{id}"),
            Self::Service(name) => write!(f, "service:{name}"),
        }
    }
}

/// Who acts, in which community, with what standing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Whoever stands behind the call.
    pub principal: Principal,
    /// The community acted in.
    pub tenant: TenantId,
    /// The mightiest role held there.
    pub role: Role,
    /// The log-in the call came through, if it came through one.
    pub session: Option<SessionId>,
    /// The name shown to people. Empty for guests.
    pub display_name: String,
    /// What they were given there besides the role.
    #[serde(default)]
    pub belongs: Belonging,
    /// What narrows this, when a program acts for them.
    #[serde(default)]
    pub delegation: Option<Delegation>,
    /// Whether they run the installation, and so every community's being there. No right within any of them.
    #[serde(default)]
    pub operator: bool,
    /// The community, where the call came in. Never crosses a process.
    #[serde(skip)]
    pub community: Option<Arc<Community>>,
}

/// What somebody was given in a community besides a built-in role.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Belonging {
    /// The groups they are in, by name.
    pub groups: Vec<String>,
    /// The community's own roles that they hold, by name.
    pub roles: Vec<String>,
    /// Until when they hold the role for an emergency; none when it is theirs without one.
    pub emergency_until: Option<Time>,
}

impl Actor {
    /// Somebody not recognised.
    pub fn guest(tenant: TenantId) -> Self {
        Self {
            principal: Principal::Guest,
            tenant,
            role: Role::Guest,
            session: None,
            display_name: String::new(),
            belongs: Belonging::default(),
            delegation: None,
            operator: false,
            community: None,
        }
    }

    /// A recognised person.
    pub fn user(tenant: TenantId, id: UserId, role: Role, display_name: &str) -> Self {
        let (principal, display_name) = (Principal::User(id), display_name.to_owned());
        Self { principal, role, display_name, ..Self::guest(tenant) }
    }

    /// A part of Polity acting on its own account.
    pub fn service(tenant: TenantId, name: &str) -> Self {
        let (principal, display_name) = (Principal::Service(name.to_owned()), name.to_owned());
        Self { principal, display_name, ..Self::guest(tenant) }
    }

    /// The same actor, who came in at this community.
    #[must_use]
    pub fn at(mut self, community: Arc<Community>) -> Self {
        self.community = Some(community);
        self
    }

    /// The person acting, if it is one.
    pub fn user_id(&self) -> Option<UserId> {
        match self.principal {
            Principal::User(id) => Some(id),
            _ => None,
        }
    }

    /// Whether nobody has been recognised.
    pub fn is_guest(&self) -> bool {
        self.principal == Principal::Guest
    }
}

/// What a client chose to make a retry harmless: 1 to 255 printable ASCII characters
/// (draft-ietf-httpapi-idempotency-key-header).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The key, or nothing when it is empty, too long or not printable ASCII.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=255).contains(&text.len()) && text.bytes().all(|b| (0x20..0x7f).contains(&b));
        fits.then(|| Self(text.to_owned()))
    }

    /// The key as the client wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where on the network a call began.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The client's address as the outermost trusted hop saw it.
    pub address: Option<String>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
}

/// Everything that travels with a call: over a function call, a socket, or a task.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Caller {
    /// Who acts.
    pub actor: Actor,
    /// Names this one request in logs and answers.
    pub request_id: String,
    /// The W3C `traceparent` of the span the call was made in.
    pub trace: Option<String>,
    /// The instant after which nobody waits for the answer any more.
    pub deadline: Option<Time>,
    /// Set when a retry of the same call must not act twice.
    pub idempotency_key: Option<IdempotencyKey>,
    /// Where the call began.
    pub origin: Origin,
    /// Whoever the actor acts for, as `user:…`, `service:…` or `guest`, when it is somebody else: who enqueued the task that
    /// is done, or caused the event that is handled.
    #[serde(default)]
    pub on_behalf_of: Option<String>,
    /// The event being handled, when a subscriber makes the call. Never crosses a process.
    #[serde(skip)]
    pub delivery: Option<Arc<Delivery>>,
    /// The task being done, when a worker makes the call. Never crosses a process.
    #[serde(skip)]
    pub lease: Option<Arc<Lease>>,
}

impl Caller {
    /// A call by `actor` with nothing else attached.
    pub fn new(actor: Actor, request_id: impl Into<String>) -> Self {
        Self {
            actor,
            request_id: request_id.into(),
            trace: None,
            deadline: None,
            idempotency_key: None,
            origin: Origin::default(),
            on_behalf_of: None,
            delivery: None,
            lease: None,
        }
    }
}

/// An event in a subscriber's hands: whoever commits the effect commits the cursor with it.
#[derive(Debug)]
pub struct Delivery {
    /// Who handles it, such as `forum.members`.
    pub subscriber: String,
    /// The module whose log it stands in.
    pub source: String,
    /// Where it stands in that log.
    pub position: Position,
    /// The event's own id: what a second delivery is recognised by.
    pub event_id: Uuid,
    /// Where the subscriber's cursor must still stand for the effect to commit; `None` for a retried, parked event.
    pub cursor: Option<Position>,
    settled: AtomicBool,
}

impl Delivery {
    /// A delivery whose effect has not been committed yet.
    pub fn new(subscriber: &str, source: &str, position: Position, event_id: Uuid, cursor: Option<Position>) -> Self {
        let (subscriber, source) = (subscriber.to_owned(), source.to_owned());
        Self { subscriber, source, position, event_id, cursor, settled: AtomicBool::new(false) }
    }

    /// Says that cursor and effect are committed. Only a store calls this.
    pub fn settle(&self) {
        self.settled.store(true, Ordering::Release);
    }

    /// Whether cursor and effect are committed.
    pub fn is_settled(&self) -> bool {
        self.settled.load(Ordering::Acquire)
    }
}

/// What a client shows to be recognised.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Credential {
    /// The session cookie's value.
    Session(String),
    /// The bearer token's value.
    Bearer(String),
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(_) => f.write_str("Session(…)"),
            Self::Bearer(_) => f.write_str("Bearer(…)"),
        }
    }
}

/// Recognises callers. The composition root fills this port from the modules that know.
#[async_trait::async_trait]
pub trait Identify: Send + Sync {
    /// Who shows this credential.
    ///
    /// # Errors
    /// `Unauthenticated` when it is unknown, expired or revoked; `Unavailable` when nobody can tell now.
    async fn identify(&self, credential: &Credential, tenant: TenantId) -> Result<Actor, Fault>;

    /// Notes that this actor's call came from there. Asked for every call that was recognised; what is kept of it, and how
    /// often, is the implementation's to say.
    async fn seen(&self, actor: &Actor, origin: &Origin) {
        let _nobody_keeps_it = (actor, origin);
    }

    /// The users and log-ins of these ids have changed: what is known of them must be asked for again.
    fn forget(&self, changed: &[Uuid]) {
        let _nothing_is_known = changed;
    }

    /// Anybody may have changed.
    fn forget_all(&self) {}

    /// Which community a request is for. Whoever knows of one only says so of every request.
    ///
    /// # Errors
    /// `community.unknown`, naming what was asked for; `community.misdirected` when its data is kept elsewhere;
    /// `community.suspended` and `community.leaving`; `Unavailable` when nobody can tell now.
    async fn community(&self, asked: &Asked) -> Result<Arc<Community>, Fault> {
        let _there_is_only_one = asked;
        Ok(Arc::new(Community::first()))
    }
}
