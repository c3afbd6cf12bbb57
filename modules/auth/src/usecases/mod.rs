//! What can be done, one file each; and `identify`, which is done to find out who wants to do something.
//!
//! What may not enter: requests, status codes, transactions, SQL.

mod account;
mod ask_for_proof;
mod ask_for_reset;
mod change_email;
mod change_password;
mod create_superuser;
mod found_community;
mod identify;
mod issue_tokens;
mod link_by_mail;
mod linked;
mod list_sessions;
mod log_in;
mod log_out;
mod log_out_elsewhere;
mod make_reset_link;
mod make_setup_link;
mod notice;
mod password_proof;
mod prepare_proof;
mod prepare_reset;
mod prove_email;
mod read_me;
mod read_setup_link;
mod refresh_tokens;
mod register;
mod reset_password;
mod sweep_sessions;

pub(crate) use account::AccountView;
pub(crate) use ask_for_proof::AskForProof;
pub(crate) use ask_for_reset::AskForReset;
pub(crate) use change_email::ChangeEmail;
pub(crate) use change_password::ChangePassword;
pub(crate) use create_superuser::CreateSuperuser;
pub(crate) use found_community::FoundCommunity;
pub(crate) use identify::{identify_bearer, identify_session};
pub(crate) use issue_tokens::{IssueTokens, IssuedTokens};
pub(crate) use link_by_mail::LinkByMail;
pub(crate) use list_sessions::{ListSessions, SessionView};
pub(crate) use log_in::LogIn;
pub(crate) use log_out::LogOut;
pub(crate) use log_out_elsewhere::LogOutElsewhere;
pub(crate) use make_reset_link::MakeResetLink;
pub(crate) use make_setup_link::MakeSetupLink;
pub(crate) use notice::{Notice, What};
pub(crate) use prepare_proof::PrepareProof;
pub(crate) use prepare_reset::PrepareReset;
pub(crate) use prove_email::ProveEmail;
pub(crate) use read_me::ReadMe;
pub(crate) use read_setup_link::ReadSetupLink;
pub(crate) use refresh_tokens::RefreshTokens;
pub(crate) use register::Register;
pub(crate) use reset_password::ResetPassword;
pub(crate) use sweep_sessions::SweepSessions;
