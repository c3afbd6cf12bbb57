//! Everything cryptographic: password hashes, opaque tokens, signed tokens, and the key they are signed with.
//!
//! What may not enter: rules about accounts, the store, HTTP.

mod access_token;
mod opaque_token;
mod passwords;
mod signing_key;

pub(crate) use access_token::{AccessTokens, Subject};
pub(crate) use opaque_token::{OpaqueToken, token_hash};
pub(crate) use passwords::Passwords;
pub(crate) use signing_key::SigningKey;
