//! API keys as their holders see them: `polity_`, 43 characters nobody can guess, 6 that check the rest. The beginning tells
//! a scanner that looks for leaked secrets what it found, the end that it is no typing mistake; both without asking us.
//!
//! What may not enter: whose it is, or what it may be used for.

use super::token_hash;
use kernel::Ids;

/// What every key begins with.
pub(crate) const PREFIX: &str = "polity_";
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 62^43 is more than 2^256.
const BODY_CHARS: usize = 43;
/// 62^6 is more than 2^32.
const CHECK_CHARS: usize = 6;

/// A new key.
pub(crate) struct ApiKey {
    /// What its holder is given.
    pub(crate) text: String,
    /// What is kept. A fast hash will do: there is nothing to guess in 32 random bytes.
    pub(crate) hash: String,
    /// What it is recognised by where keys are listed: its last four characters.
    pub(crate) hint: String,
}

impl ApiKey {
    /// 32 bytes that nobody can guess.
    pub(crate) fn new(ids: &dyn Ids) -> Self {
        let body = format!("{PREFIX}{}", base62(&ids.secret(), BODY_CHARS));
        let text = format!("{body}{}", check(&body));
        let hint = text.chars().skip(text.len() - 4).collect();
        Self { hash: token_hash(&text), text, hint }
    }
}

/// Whether a text says that it is a key, mistyped or not.
pub(crate) fn claims_to_be_a_key(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// The hash a key is found by; nothing for what cannot be one, which nobody needs to look for.
pub(crate) fn key_hash(text: &str) -> Option<String> {
    let right = text.len() == PREFIX.len() + BODY_CHARS + CHECK_CHARS && text.is_ascii();
    let (body, shown) = right.then(|| text.split_at(text.len() - CHECK_CHARS))?;
    (body.starts_with(PREFIX) && shown == check(body)).then(|| token_hash(text))
}

/// The CRC-32 of a text (ISO 3309), in base 62.
fn check(text: &str) -> String {
    base62(&crc32fast::hash(text.as_bytes()).to_be_bytes(), CHECK_CHARS)
}

/// A big-endian number in base 62, as many digits as asked for.
fn base62(bytes: &[u8], digits: usize) -> String {
    let mut number = bytes.to_vec();
    let mut text = Vec::with_capacity(digits);
    for _ in 0..digits {
        let mut rest = 0_u32;
        for byte in &mut number {
            let value = (rest << 8) | u32::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or_default();
            rest = value % 62;
        }
        text.push(char::from(DIGITS[rest as usize]));
    }
    text.into_iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::SequentialIds;

    #[test]
    fn key_is_known_by_its_shape_and_found_by_its_hash() {
        let key = ApiKey::new(&SequentialIds::default());
        assert_eq!((key.text.len(), &key.text[..7]), (56, "polity_"));
        assert!(key.text[7..].bytes().all(|byte| byte.is_ascii_alphanumeric()), "one double click takes all of it");
        assert_eq!(key_hash(&key.text).as_deref(), Some(key.hash.as_str()));
        assert!(key.text.ends_with(&key.hint) && key.hint.len() == 4);
    }

    #[test]
    fn mistyped_key_is_known_for_one_without_being_looked_for() {
        let key = ApiKey::new(&SequentialIds::default()).text;
        for at in 7..key.len() {
            let mut typed = key.clone().into_bytes();
            typed[at] = if typed[at] == b'x' { b'y' } else { b'x' };
            let typed = String::from_utf8(typed).unwrap();
            assert!(claims_to_be_a_key(&typed) && key_hash(&typed).is_none(), "{typed}");
        }
        let long = format!("polity_{}", "0".repeat(1 << 20));
        for nonsense in ["", "polity_", &key[..55], &format!("{key}0"), &key.to_uppercase(), &long, "polity_ÄÄÄÄ"] {
            assert_eq!(key_hash(nonsense), None);
        }
    }

    #[test]
    fn numbers_are_written_in_base_62() {
        assert_eq!(base62(&[0, 0, 0, 61], 6), "00000z");
        assert_eq!(base62(&[0, 0, 0, 62], 6), "000010");
        assert_eq!(base62(&[0xff; 4], 6), "4gfFC3");
    }
}
