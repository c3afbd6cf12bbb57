//! Everything that can be done in auth. Whatever answers with a secret keeps no answer, and neither does what is given one:
//! secrets are no part of what tells two requests with one key apart.

use kernel::Operation;

pub(crate) static REGISTER: Operation = Operation::command("auth.register", "Account");
pub(crate) static LOG_IN: Operation = Operation::command("auth.log_in", "Account").unreplayed();
pub(crate) static ISSUE_TOKENS: Operation = Operation::command("auth.issue_tokens", "Account").unreplayed();
pub(crate) static REFRESH_TOKENS: Operation = Operation::command("auth.refresh_tokens", "Account").unreplayed();
pub(crate) static LOG_OUT: Operation = Operation::command("auth.log_out", "Session");
pub(crate) static LOG_OUT_ELSEWHERE: Operation = Operation::command("auth.log_out_elsewhere", "Account");
pub(crate) static ASK_FOR_RESET: Operation = Operation::command("auth.ask_for_reset", "Account");
pub(crate) static PREPARE_RESET: Operation = Operation::command("auth.prepare_reset", "Account").unreplayed();
pub(crate) static RESET_PASSWORD: Operation = Operation::command("auth.reset_password", "Account").unreplayed();
pub(crate) static CHANGE_PASSWORD: Operation = Operation::command("auth.change_password", "Account").unreplayed();
pub(crate) static ASK_FOR_PROOF: Operation = Operation::command("auth.ask_for_proof", "Account");
pub(crate) static CHANGE_EMAIL: Operation = Operation::command("auth.change_email", "Account").unreplayed();
pub(crate) static PREPARE_PROOF: Operation = Operation::command("auth.prepare_proof", "Account").unreplayed();
pub(crate) static PROVE_EMAIL: Operation = Operation::command("auth.prove_email", "Account").unreplayed();
pub(crate) static FINISH_LOG_IN: Operation = Operation::command("auth.finish_log_in", "Account").unreplayed();
pub(crate) static FINISH_TOKENS: Operation = Operation::command("auth.finish_tokens", "Account").unreplayed();
pub(crate) static BEGIN_TOTP: Operation = Operation::command("auth.begin_totp", "Account").unreplayed();
pub(crate) static CONFIRM_TOTP: Operation = Operation::command("auth.confirm_totp", "Account").unreplayed();
pub(crate) static REMOVE_TOTP: Operation = Operation::command("auth.remove_totp", "Account").unreplayed();
pub(crate) static RENEW_RECOVERY_CODES: Operation =
    Operation::command("auth.renew_recovery_codes", "Account").unreplayed();
pub(crate) static RESET_SECOND_FACTORS: Operation = Operation::command("auth.reset_second_factors", "Account");
pub(crate) static READ_SECURITY: Operation = Operation::query("auth.read_security", "Account");
pub(crate) static READ_ME: Operation = Operation::query("auth.read_me", "Account");
pub(crate) static LIST_SESSIONS: Operation = Operation::query("auth.list_sessions", "Account");
pub(crate) static CREATE_SUPERUSER: Operation = Operation::command("auth.create_superuser", "Account");
pub(crate) static MAKE_RESET_LINK: Operation = Operation::command("auth.make_reset_link", "Account").unreplayed();
pub(crate) static MAKE_SETUP_LINK: Operation = Operation::command("auth.make_setup_link", "Account").unreplayed();
pub(crate) static READ_SETUP_LINK: Operation = Operation::query("auth.read_setup_link", "Account");
pub(crate) static FOUND_COMMUNITY: Operation = Operation::command("auth.found_community", "Account");
pub(crate) static SWEEP_SESSIONS: Operation = Operation::command("auth.sweep_sessions", "Account");

/// All of them, for the policies, the matrix and the documentation.
pub(crate) const OPERATIONS: &[&Operation] = &[
    &REGISTER,
    &LOG_IN,
    &ISSUE_TOKENS,
    &REFRESH_TOKENS,
    &LOG_OUT,
    &LOG_OUT_ELSEWHERE,
    &ASK_FOR_RESET,
    &PREPARE_RESET,
    &RESET_PASSWORD,
    &CHANGE_PASSWORD,
    &ASK_FOR_PROOF,
    &CHANGE_EMAIL,
    &PREPARE_PROOF,
    &PROVE_EMAIL,
    &FINISH_LOG_IN,
    &FINISH_TOKENS,
    &BEGIN_TOTP,
    &CONFIRM_TOTP,
    &REMOVE_TOTP,
    &RENEW_RECOVERY_CODES,
    &RESET_SECOND_FACTORS,
    &READ_SECURITY,
    &READ_ME,
    &LIST_SESSIONS,
    &CREATE_SUPERUSER,
    &MAKE_RESET_LINK,
    &MAKE_SETUP_LINK,
    &READ_SETUP_LINK,
    &FOUND_COMMUNITY,
    &SWEEP_SESSIONS,
];
