//! Failures of `auth` that clients may branch on. A name never changes once released.

use kernel::{FaultCode, Reason};

/// Address and password do not belong together. Never says which of the two is wrong.
pub const CREDENTIALS_REJECTED: Reason = Reason::new(
    FaultCode::Unauthenticated,
    "auth.credentials_rejected",
    "The e-mail address or the password is wrong.",
);
/// Another account has that address.
pub const EMAIL_TAKEN: Reason =
    Reason::new(FaultCode::Conflict, "auth.email_taken", "There is an account with this e-mail address already.");
/// Another account has that handle.
pub const HANDLE_TAKEN: Reason =
    Reason::new(FaultCode::Conflict, "auth.handle_taken", "This handle belongs to somebody else.");
/// The refresh token was used before, so one of its two users stole it. The log-in it belongs to has ended.
pub const REFRESH_REUSED: Reason = Reason::new(
    FaultCode::Unauthenticated,
    "auth.refresh_reused",
    "This refresh token was used before. For safety the log-in has ended; log in again.",
);
/// The refresh token is unknown, expired or revoked.
pub const REFRESH_REJECTED: Reason = Reason::new(
    FaultCode::Unauthenticated,
    "auth.refresh_rejected",
    "The refresh token is not accepted. Log in again.",
);
/// The link that makes the first administrator was used before, or one exists already.
pub const SETUP_LINK_SPENT: Reason =
    Reason::new(FaultCode::Conflict, "auth.setup_link_spent", "This setup link has been used.");
/// Too many passwords are being checked at once; each check takes much memory and time on purpose.
pub const BUSY: Reason =
    Reason::new(FaultCode::Exhausted, "auth.busy", "Too many people are logging in at once. Try again shortly.");
/// Too many wrong passwords, at this account or from this address. The next one is looked at after a while.
pub const TOO_MANY_GUESSES: Reason = Reason::new(
    FaultCode::Exhausted,
    "auth.too_many_guesses",
    "Too many wrong passwords. Wait a moment, or have a new password set by e-mail.",
);
/// Accounts are made by whoever was invited.
pub const INVITATION_NEEDED: Reason =
    Reason::new(FaultCode::Forbidden, "auth.invitation_needed", "An account can be made by whoever was invited.");
/// The invitation was used as often as it may be, was withdrawn, or is too old.
pub const INVITATION_SPENT: Reason = Reason::new(
    FaultCode::Conflict,
    "auth.invitation_spent",
    "This invitation does not work any more. Ask whoever sent it for another one.",
);
/// That address has an invitation that is still good.
pub const ALREADY_INVITED: Reason = Reason::new(
    FaultCode::Conflict,
    "auth.already_invited",
    "This address has been invited already. The invitation can be sent again, or withdrawn.",
);
/// Somebody has as many open invitations as one person may have, or made as many within a day.
pub const TOO_MANY_INVITATIONS: Reason = Reason::new(
    FaultCode::Exhausted,
    "auth.too_many_invitations",
    "You have invited many people lately. Withdraw an invitation, or try again tomorrow.",
);
/// The password is right, and the account's address has not been proven yet. Another mail is on its way.
pub const EMAIL_UNPROVEN: Reason = Reason::new(
    FaultCode::Forbidden,
    "auth.email_unproven",
    "Follow the link in the mail we sent you first. A new one is on its way.",
);
/// The password is right, and somebody in charge shut the account's owner out. The detail says why, and until when.
pub const SUSPENDED: Reason = Reason::new(FaultCode::Forbidden, "auth.suspended", "This account is suspended.");
/// The account was deleted, and is gone after a while. Whoever runs the community can restore it.
pub const ACCOUNT_LEAVING: Reason = Reason::new(
    FaultCode::Conflict,
    "auth.account_leaving",
    "This account was deleted. It can be restored for a while.",
);
/// Whoever runs the community gives up that role before their account is suspended or deleted.
pub const RUNS_THE_COMMUNITY: Reason = Reason::new(
    FaultCode::Conflict,
    "auth.runs_the_community",
    "An administrator's account is neither suspended nor deleted. The role must go first.",
);
/// The code is not one of the account's, or was used before.
pub const CODE_REJECTED: Reason =
    Reason::new(FaultCode::Unauthenticated, "auth.code_rejected", "This code is wrong, too old, or was used before.");
/// The log-in waited too long for its second factor, or was finished, or the account was changed meanwhile.
pub const CHALLENGE_OVER: Reason =
    Reason::new(FaultCode::Unauthenticated, "auth.challenge_over", "This took too long. Log in again.");
/// The account has a second factor of that kind already.
pub const SECOND_FACTOR_EXISTS: Reason = Reason::new(
    FaultCode::Conflict,
    "auth.second_factor_exists",
    "The account has an authenticator app already. Remove it first.",
);
/// The account has no second factor.
pub const NO_SECOND_FACTOR: Reason =
    Reason::new(FaultCode::Conflict, "auth.no_second_factor", "The account has no second factor.");
/// Nobody is setting an authenticator app up, or it took too long.
pub const ENROLMENT_OVER: Reason =
    Reason::new(FaultCode::Conflict, "auth.enrolment_over", "Setting up took too long. Begin again.");
/// The link was used, was replaced, or is too old.
pub const LINK_SPENT: Reason =
    Reason::new(FaultCode::Conflict, "auth.link_spent", "This link does not work any more. Ask for a new one.");
/// This installation sends no mail.
pub const NO_MAIL: Reason =
    Reason::new(FaultCode::Unavailable, "auth.no_mail", "This installation sends no mail. Ask whoever runs it.");
/// There is no such user.
pub const NO_SUCH_USER: Reason = Reason::new(FaultCode::NotFound, "auth.no_such_user", "There is no such user.");
/// The community has as many members as it may.
pub const COMMUNITY_FULL: Reason =
    Reason::new(FaultCode::Conflict, "auth.community_full", "This community has as many members as it may have.");
/// New accounts are not accepted here.
pub const REGISTRATION_CLOSED: Reason =
    Reason::new(FaultCode::Forbidden, "auth.registration_closed", "Registration is closed.");

/// The owner has as many keys as anybody may have at a time.
pub const TOO_MANY_KEYS: Reason =
    Reason::new(FaultCode::Conflict, "auth.too_many_keys", "There are too many keys already. Revoke one first.");

/// Every one of them, for the published list.
pub const ALL: &[Reason] = &[
    CREDENTIALS_REJECTED,
    EMAIL_TAKEN,
    HANDLE_TAKEN,
    REFRESH_REUSED,
    REFRESH_REJECTED,
    SETUP_LINK_SPENT,
    BUSY,
    TOO_MANY_GUESSES,
    INVITATION_NEEDED,
    INVITATION_SPENT,
    ALREADY_INVITED,
    TOO_MANY_INVITATIONS,
    EMAIL_UNPROVEN,
    ACCOUNT_LEAVING,
    CHALLENGE_OVER,
    CODE_REJECTED,
    ENROLMENT_OVER,
    NO_SECOND_FACTOR,
    RUNS_THE_COMMUNITY,
    SECOND_FACTOR_EXISTS,
    SUSPENDED,
    LINK_SPENT,
    NO_MAIL,
    NO_SUCH_USER,
    COMMUNITY_FULL,
    REGISTRATION_CLOSED,
    TOO_MANY_KEYS,
];
