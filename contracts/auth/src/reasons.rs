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
/// The password is right, and the account's address has not been proven yet. Another mail is on its way.
pub const EMAIL_UNPROVEN: Reason = Reason::new(
    FaultCode::Forbidden,
    "auth.email_unproven",
    "Follow the link in the mail we sent you first. A new one is on its way.",
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
/// New accounts are not accepted here.
pub const REGISTRATION_CLOSED: Reason =
    Reason::new(FaultCode::Forbidden, "auth.registration_closed", "Registration is closed.");

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
    EMAIL_UNPROVEN,
    CODE_REJECTED,
    CHALLENGE_OVER,
    SECOND_FACTOR_EXISTS,
    NO_SECOND_FACTOR,
    ENROLMENT_OVER,
    LINK_SPENT,
    NO_MAIL,
    NO_SUCH_USER,
    REGISTRATION_CLOSED,
];
