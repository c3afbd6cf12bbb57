//! What an account is made of and when a log-in still holds. Pure: no clock, no store, no hashing.
//!
//! What may not enter: anything that waits, and a value that was not checked when it was made.

mod account;
mod account_state;
mod display_name;
mod email;
mod guessing;
mod handle;
mod invitation;
mod key;
mod mail_link;
mod password;
mod profile;
mod refresh_token;
mod return_path;
mod second_factor;
mod session;
mod typed_secret;

pub(crate) use account::{AccountForm, Standing};
pub(crate) use account_state::{AccountState, Bar, HANDLE_RETIRED_FOR, read_reason, read_until};
pub(crate) use display_name::DisplayName;
pub(crate) use email::Email;
pub(crate) use guessing::{Count, FORGOTTEN_AFTER, WrongGuesses, network};
pub(crate) use handle::{Handle, OF_THE_GONE};
pub(crate) use invitation::{InvitationForm, InvitationState, MOST_AT_ONCE, Terms};
pub(crate) use key::{KeyForm, KeyState, KnownScopes};
pub(crate) use mail_link::{LinkState, Purpose};
pub(crate) use password::Password;
pub(crate) use profile::ProfileForm;
pub(crate) use refresh_token::{RefreshRefused, RefreshState};
pub(crate) use return_path::ReturnPath;
pub(crate) use second_factor::{Amr, CHALLENGE_LIFETIME, ENROLMENT_LIFETIME};
pub(crate) use session::{Lifetimes, SessionState};
pub(crate) use typed_secret::TypedSecret;
