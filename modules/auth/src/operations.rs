//! Everything that can be done in auth. Whatever answers with a secret keeps no answer, and neither does what is given one:
//! secrets are no part of what tells two requests with one key apart. Whatever people change here they change in person: no
//! key makes another one, changes a password, or ends a log-in.

use kernel::Operation;

pub(crate) static REGISTER: Operation = Operation::command("auth.register", "Account").in_person();
pub(crate) static LOG_IN: Operation =
    Operation::command("auth.log_in", "Account").unreplayed().in_person().sensitive().in_read_only();
pub(crate) static ISSUE_TOKENS: Operation =
    Operation::command("auth.issue_tokens", "Account").unreplayed().in_person().sensitive().in_read_only();
pub(crate) static REFRESH_TOKENS: Operation =
    Operation::command("auth.refresh_tokens", "Account").unreplayed().in_person().sensitive().in_read_only();
pub(crate) static LOG_OUT: Operation = Operation::command("auth.log_out", "Session").in_person().in_read_only();
pub(crate) static LOG_OUT_ELSEWHERE: Operation =
    Operation::command("auth.log_out_elsewhere", "Account").in_person().sensitive().in_read_only();
pub(crate) static ASK_FOR_RESET: Operation = Operation::command("auth.ask_for_reset", "Account").in_person();
pub(crate) static PREPARE_RESET: Operation =
    Operation::command("auth.prepare_reset", "Account").unreplayed().in_person();
pub(crate) static RESET_PASSWORD: Operation =
    Operation::command("auth.reset_password", "Account").unreplayed().in_person().sensitive();
pub(crate) static CHANGE_PASSWORD: Operation =
    Operation::command("auth.change_password", "Account").unreplayed().in_person().sensitive();
pub(crate) static ASK_FOR_PROOF: Operation = Operation::command("auth.ask_for_proof", "Account").in_person();
pub(crate) static CHANGE_EMAIL: Operation =
    Operation::command("auth.change_email", "Account").unreplayed().in_person().sensitive();
pub(crate) static PREPARE_PROOF: Operation =
    Operation::command("auth.prepare_proof", "Account").unreplayed().in_person();
pub(crate) static INVITE: Operation = Operation::command("auth.invite", "Account").unreplayed().in_person().sensitive();
pub(crate) static PREPARE_INVITATION: Operation =
    Operation::command("auth.prepare_invitation", "Invitation").unreplayed().in_person();
pub(crate) static READ_INVITATION: Operation = Operation::query("auth.read_invitation", "Account");
pub(crate) static LIST_INVITATIONS: Operation = Operation::query("auth.list_invitations", "Account");
pub(crate) static WITHDRAW_INVITATION: Operation =
    Operation::command("auth.withdraw_invitation", "Invitation").in_person();
pub(crate) static SEND_INVITATION_AGAIN: Operation =
    Operation::command("auth.send_invitation_again", "Invitation").in_person();
pub(crate) static PROVE_EMAIL: Operation =
    Operation::command("auth.prove_email", "Account").unreplayed().in_person().sensitive();
pub(crate) static CHANGE_PROFILE: Operation = Operation::command("auth.change_profile", "Account").in_person();
pub(crate) static READ_PROFILE: Operation = Operation::query("auth.read_profile", "Account");
pub(crate) static READ_ACCOUNT: Operation = Operation::query("auth.read_account", "Account");
pub(crate) static SUSPEND_USER: Operation = Operation::command("auth.suspend_user", "Account").in_person().sensitive();
pub(crate) static RESTORE_USER: Operation = Operation::command("auth.restore_user", "Account").in_person().sensitive();
pub(crate) static DELETE_USER: Operation = Operation::command("auth.delete_user", "Account").in_person().sensitive();
pub(crate) static DELETE_MY_ACCOUNT: Operation =
    Operation::command("auth.delete_my_account", "Account").unreplayed().in_person().sensitive();
pub(crate) static SETTLE_ACCOUNT: Operation = Operation::command("auth.settle_account", "Account").in_person();
pub(crate) static FINISH_LOG_IN: Operation =
    Operation::command("auth.finish_log_in", "Account").unreplayed().in_person().sensitive().in_read_only();
pub(crate) static FINISH_TOKENS: Operation =
    Operation::command("auth.finish_tokens", "Account").unreplayed().in_person().sensitive().in_read_only();
pub(crate) static BEGIN_TOTP: Operation = Operation::command("auth.begin_totp", "Account").unreplayed().in_person();
pub(crate) static CONFIRM_TOTP: Operation =
    Operation::command("auth.confirm_totp", "Account").unreplayed().in_person().sensitive();
pub(crate) static REMOVE_TOTP: Operation =
    Operation::command("auth.remove_totp", "Account").unreplayed().in_person().sensitive();
pub(crate) static RENEW_RECOVERY_CODES: Operation =
    Operation::command("auth.renew_recovery_codes", "Account").unreplayed().in_person().sensitive();
pub(crate) static RESET_SECOND_FACTORS: Operation =
    Operation::command("auth.reset_second_factors", "Account").in_person().sensitive();
pub(crate) static READ_SECURITY: Operation = Operation::query("auth.read_security", "Account");
pub(crate) static READ_ME: Operation = Operation::query("auth.read_me", "Account");
pub(crate) static LIST_SESSIONS: Operation = Operation::query("auth.list_sessions", "Account");
pub(crate) static MAKE_KEY: Operation = Operation::command("auth.make_key", "Key").unreplayed().in_person().sensitive();
pub(crate) static LIST_KEYS: Operation = Operation::query("auth.list_keys", "Key");
pub(crate) static REVOKE_KEY: Operation =
    Operation::command("auth.revoke_key", "Key").in_person().sensitive().in_read_only();
pub(crate) static MAKE_SERVICE_ACCOUNT: Operation =
    Operation::command("auth.make_service_account", "ServiceAccount").in_person().sensitive();
pub(crate) static LIST_SERVICE_ACCOUNTS: Operation = Operation::query("auth.list_service_accounts", "ServiceAccount");
pub(crate) static CREATE_SUPERUSER: Operation =
    Operation::command("auth.create_superuser", "Account").sensitive().in_person();
pub(crate) static MAKE_RESET_LINK: Operation =
    Operation::command("auth.make_reset_link", "Account").unreplayed().sensitive().in_person();
pub(crate) static MAKE_SETUP_LINK: Operation =
    Operation::command("auth.make_setup_link", "Account").unreplayed().sensitive().in_person();
pub(crate) static READ_SETUP_LINK: Operation = Operation::query("auth.read_setup_link", "Account");
pub(crate) static FOUND_COMMUNITY: Operation =
    Operation::command("auth.found_community", "Account").in_person().sensitive();
pub(crate) static SWEEP_SESSIONS: Operation = Operation::command("auth.sweep_sessions", "Account").in_person();

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
    &INVITE,
    &PREPARE_INVITATION,
    &READ_INVITATION,
    &LIST_INVITATIONS,
    &WITHDRAW_INVITATION,
    &SEND_INVITATION_AGAIN,
    &CHANGE_PROFILE,
    &READ_PROFILE,
    &READ_ACCOUNT,
    &SUSPEND_USER,
    &RESTORE_USER,
    &DELETE_USER,
    &DELETE_MY_ACCOUNT,
    &SETTLE_ACCOUNT,
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
    &MAKE_KEY,
    &LIST_KEYS,
    &REVOKE_KEY,
    &MAKE_SERVICE_ACCOUNT,
    &LIST_SERVICE_ACCOUNTS,
    &CREATE_SUPERUSER,
    &MAKE_RESET_LINK,
    &MAKE_SETUP_LINK,
    &READ_SETUP_LINK,
    &FOUND_COMMUNITY,
    &SWEEP_SESSIONS,
];
