//! What can be done, one file each; and `identify`, which is done to find out who wants to do something.
//!
//! What may not enter: requests, status codes, transactions, SQL.

mod account;
mod create_superuser;
mod found_community;
mod identify;
mod issue_tokens;
mod list_sessions;
mod log_in;
mod log_out;
mod make_setup_link;
mod password_proof;
mod read_me;
mod read_setup_link;
mod refresh_tokens;
mod register;
mod sweep_sessions;

pub(crate) use account::AccountView;
pub(crate) use create_superuser::CreateSuperuser;
pub(crate) use found_community::FoundCommunity;
pub(crate) use identify::{identify_bearer, identify_session};
pub(crate) use issue_tokens::{IssueTokens, IssuedTokens};
pub(crate) use list_sessions::{ListSessions, SessionView};
pub(crate) use log_in::LogIn;
pub(crate) use log_out::LogOut;
pub(crate) use make_setup_link::MakeSetupLink;
pub(crate) use read_me::ReadMe;
pub(crate) use read_setup_link::ReadSetupLink;
pub(crate) use refresh_tokens::RefreshTokens;
pub(crate) use register::Register;
pub(crate) use sweep_sessions::SweepSessions;
