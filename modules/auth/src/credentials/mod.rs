//! Everything cryptographic: password hashes, opaque tokens, signed tokens, and the key they are signed with.
//!
//! What may not enter: rules about accounts, the store, HTTP.

mod access_token;
mod api_key;
mod opaque_token;
mod passwords;
mod recovery_code;
mod signing_key;
mod totp;

pub(crate) use access_token::{AccessTokens, Subject};
pub(crate) use api_key::{ApiKey, claims_to_be_a_key, key_hash};
pub(crate) use opaque_token::{OpaqueToken, token_hash};
pub(crate) use passwords::Passwords;
pub(crate) use recovery_code::{RECOVERY_CODES, new_recovery_code, recovery_code_hash};
pub(crate) use signing_key::SigningKey;
pub(crate) use totp::{TotpSecret, picture};
