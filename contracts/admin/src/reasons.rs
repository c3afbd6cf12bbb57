//! Failures of `admin` that clients may branch on. A name never changes once released.

use kernel::{FaultCode, Reason};

/// The role's name is none of the built-in ones.
pub const NO_SUCH_ROLE: Reason = Reason::new(FaultCode::Invalid, "admin.no_such_role", "There is no such role.");
/// The role's name is a built-in one's.
pub const BUILT_IN_ROLE: Reason = Reason::new(
    FaultCode::Conflict,
    "admin.built_in_role",
    "Built-in roles are as they are, and given to people by themselves; only moderator can be given for a time or to a group.",
);
/// Nobody gives what they do not have.
pub const ESCALATION: Reason =
    Reason::new(FaultCode::Forbidden, "admin.escalation", "You can only give what is yours to do.");
/// There is no such role or group.
pub const NO_SUCH_STANDING: Reason =
    Reason::new(FaultCode::NotFound, "admin.no_such_standing", "There is no such role or group.");
/// There is no such version of the policies.
pub const NO_SUCH_POLICIES: Reason =
    Reason::new(FaultCode::NotFound, "admin.no_such_policies", "There is no such version of the policies.");
/// They were approved or rejected already.
pub const POLICIES_DECIDED: Reason = Reason::new(
    FaultCode::Conflict,
    "admin.policies_decided",
    "These policies were approved or rejected already. Propose them again.",
);
/// Whoever proposes policies does not approve them.
pub const FOUR_EYES: Reason =
    Reason::new(FaultCode::Conflict, "admin.four_eyes", "Another administrator must approve what you proposed.");
/// Nobody would be left who can give the role back.
pub const LAST_ADMINISTRATOR: Reason = Reason::new(
    FaultCode::Conflict,
    "admin.last_administrator",
    "The last administrator keeps the role. Make somebody else an administrator first.",
);
/// There is no such community.
pub const NO_SUCH_TENANT: Reason =
    Reason::new(FaultCode::NotFound, "admin.no_such_tenant", "There is no such community.");
/// The short name is another community's.
pub const SLUG_TAKEN: Reason =
    Reason::new(FaultCode::Conflict, "admin.slug_taken", "Another community has that short name.");
/// The domain is another community's.
pub const DOMAIN_TAKEN: Reason =
    Reason::new(FaultCode::Conflict, "admin.domain_taken", "Another community has that domain.");
/// The first community is where the installation is run from.
pub const FIRST_COMMUNITY: Reason = Reason::new(
    FaultCode::Conflict,
    "admin.first_community",
    "The first community cannot be closed or removed: the installation is run from it.",
);
/// There is no such flag.
pub const NO_SUCH_FLAG: Reason = Reason::new(FaultCode::NotFound, "admin.no_such_flag", "There is no such flag.");
/// The key is another flag's.
pub const FLAG_EXISTS: Reason =
    Reason::new(FaultCode::Conflict, "admin.flag_exists", "There is a flag of that key. Change that one.");
/// The flag was put away.
pub const FLAG_ARCHIVED: Reason =
    Reason::new(FaultCode::Conflict, "admin.flag_archived", "The flag was put away. Define it again to bring it back.");
/// The flag's values would be of another type.
pub const FLAG_KIND_FIXED: Reason = Reason::new(
    FaultCode::Conflict,
    "admin.flag_kind_fixed",
    "A flag keeps its type, because programs ask for it by its type. Define another flag.",
);

/// Every one of them, for the published list.
pub const ALL: &[Reason] = &[
    NO_SUCH_ROLE,
    BUILT_IN_ROLE,
    DOMAIN_TAKEN,
    ESCALATION,
    FIRST_COMMUNITY,
    FOUR_EYES,
    LAST_ADMINISTRATOR,
    NO_SUCH_POLICIES,
    NO_SUCH_STANDING,
    NO_SUCH_TENANT,
    POLICIES_DECIDED,
    SLUG_TAKEN,
    NO_SUCH_FLAG,
    FLAG_EXISTS,
    FLAG_ARCHIVED,
    FLAG_KIND_FIXED,
];
