//! Tokens that mean nothing by themselves: session cookies, refresh tokens, set-up links. Only their hash is kept, so
//! that a copy of the database opens no door. A fast hash will do: there is nothing to guess in 32 random bytes.
//!
//! What may not enter: a token with a meaning.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::Ids;

/// A new token, with the hash it is found by.
pub(crate) struct OpaqueToken {
    /// What its holder is given: 43 characters of base64url (RFC 4648 section 5).
    pub(crate) text: String,
    /// What is kept.
    pub(crate) hash: String,
}

impl OpaqueToken {
    /// 32 bytes that nobody can guess.
    pub(crate) fn new(ids: &dyn Ids) -> Self {
        let text = URL_SAFE_NO_PAD.encode(ids.secret());
        let hash = token_hash(&text);
        Self { text, hash }
    }
}

/// SHA-256 of a token as its holder shows it, in base64url.
pub(crate) fn token_hash(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::SequentialIds;

    #[test]
    fn token_is_found_by_its_hash_and_not_told_by_it() {
        let token = OpaqueToken::new(&SequentialIds::default());
        assert_eq!(token.text.len(), 43);
        assert_eq!(token_hash(&token.text), token.hash);
        assert_ne!(token.text, token.hash);
    }
}
