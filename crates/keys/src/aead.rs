//! Authenticated encryption: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03), whose nonces of 24 bytes may be drawn at
//! random for as many messages as there will ever be. Why this one: ADR 20.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use kernel::Ids;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

const NONCE: usize = 24;

/// A key, wiped from memory when it is dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Key([u8; 32]);

/// What was given does not open under this key in this place: another key, another place, or changed bytes. Which of
/// them cannot be told.
#[derive(Debug, thiserror::Error)]
#[error("it does not open under this key in this place")]
pub struct NotOpened;

/// What a sealed text is bound to: it opens nowhere else. Each part goes in with its length, so that no two lists of parts
/// read the same.
#[derive(Debug, Clone)]
pub struct Binding(Vec<u8>);

impl Binding {
    /// For what is sealed in this way, such as `polity.sealed.v1`.
    pub fn new(form: &str) -> Self {
        Self(Vec::new()).with(form)
    }

    /// And to this.
    #[must_use]
    pub fn with(mut self, part: impl AsRef<[u8]>) -> Self {
        let part = part.as_ref();
        self.0.extend_from_slice(&(part.len() as u64).to_be_bytes());
        self.0.extend_from_slice(part);
        self
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    /// The key of these bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A new one.
    pub fn generate(ids: &dyn Ids) -> Self {
        Self(ids.secret())
    }

    /// Its bytes, for wrapping it and nothing else.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// `plain` under a nonce of its own, which comes first, so that it opens with the same `binding` only.
    ///
    /// # Errors
    /// When it is longer than the cipher can take, 256 GiB.
    pub fn seal(&self, binding: &Binding, plain: &[u8], ids: &dyn Ids) -> Result<Vec<u8>, NotOpened> {
        let drawn = Zeroizing::new(ids.secret());
        let mut nonce = [0; NONCE];
        nonce.copy_from_slice(drawn.get(..NONCE).ok_or(NotOpened)?);
        let payload = Payload { msg: plain, aad: &binding.0 };
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), payload).map_err(|_| NotOpened)?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// What was sealed.
    ///
    /// # Errors
    /// When another key or another binding sealed it, or its bytes were changed.
    pub fn open(&self, binding: &Binding, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, NotOpened> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or(NotOpened)?;
        let payload = Payload { msg: sealed, aad: &binding.0 };
        self.cipher().decrypt(&XNonce::from(*nonce), payload).map(Zeroizing::new).map_err(|_| NotOpened)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.0.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::SequentialIds;

    /// The vector of draft-irtf-cfrg-xchacha-03, appendix A.3.1.
    #[test]
    fn cipher_is_the_one_of_the_draft() {
        let hex = |text: &str| -> Vec<u8> {
            (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
        };
        let key: [u8; 32] = std::array::from_fn(|nth| 0x80 + u8::try_from(nth).unwrap());
        let nonce: [u8; NONCE] = std::array::from_fn(|nth| 0x40 + u8::try_from(nth).unwrap());
        let plain = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, \
            sunscreen would be it.";
        let aad = hex("50515253c0c1c2c3c4c5c6c7");
        let cipher = XChaCha20Poly1305::new(&key.into());
        let sealed = cipher.encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: &aad }).unwrap();
        assert_eq!(sealed[..16], hex("bd6d179d3e83d43b9576579493c0e939"));
        assert_eq!(sealed[sealed.len() - 16..], hex("c0875924c1c7987947deafd8780acf49"));
    }

    #[test]
    fn what_is_sealed_opens_under_its_key_in_its_place_and_nowhere_else() {
        let ids = SequentialIds::default();
        let (key, other) = (Key::generate(&ids), Key::generate(&ids));
        let place = Binding::new("form").with("a").with("bc");
        let sealed = key.seal(&place, b"canary", &ids).unwrap();
        assert!(!sealed.windows(6).any(|window| window == b"canary"));
        assert_eq!(*key.open(&place, &sealed).unwrap(), b"canary");
        assert!(other.open(&place, &sealed).is_err());
        assert!(key.open(&Binding::new("form").with("ab").with("c"), &sealed).is_err(), "parts do not run together");
        for nth in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[nth] ^= 1;
            assert!(key.open(&place, &changed).is_err(), "byte {nth}");
        }
        assert!(key.open(&place, &sealed[..30]).is_err());
        assert!(key.open(&place, b"").is_err());
    }

    #[test]
    fn same_text_is_never_sealed_the_same_twice() {
        let ids = SequentialIds::default();
        let (key, place) = (Key::generate(&ids), Binding::new("form"));
        assert_ne!(key.seal(&place, b"", &ids).unwrap(), key.seal(&place, b"", &ids).unwrap());
    }

    #[test]
    fn key_does_not_print_itself() {
        assert_eq!(format!("{:?}", Key::new([7; 32])), "Key(…)");
    }
}
