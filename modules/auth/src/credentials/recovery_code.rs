//! Recovery codes: what somebody keeps on paper for the day their other factor is gone. Each works once.

use super::token_hash;
use kernel::{Ids, UserId};

/// How many somebody has at a time.
pub(crate) const RECOVERY_CODES: usize = 10;

/// No letter that looks like a digit (Crockford's base 32).
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A new code, such as `7k3q-9xwm-2b8d-h5tn`: 80 bits, so that a fast hash will do.
pub(crate) fn new_recovery_code(ids: &dyn Ids) -> String {
    let bytes = ids.secret();
    // Each byte gives five bits; every bit of the source but a few that are fixed goes into one of them.
    let letters: Vec<char> = bytes
        .chunks(2)
        .map(|pair| pair.iter().fold(0_u8, |sum, byte| sum ^ (byte >> 3) ^ (byte & 31)))
        .filter_map(|index| LETTERS.get(usize::from(index & 31)).map(|letter| char::from(*letter)))
        .collect();
    letters.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// What is kept of it. People leave dashes out, add blanks, and write capitals.
pub(crate) fn recovery_code_hash(user: UserId, code: &str) -> String {
    let letters =
        code.chars().filter(|letter| letter.is_ascii_alphanumeric()).map(|letter| match letter.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        });
    token_hash(&format!("recovery {user} {}", letters.collect::<String>()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::SystemIds;
    use std::collections::HashSet;
    use uuid::Uuid;

    #[test]
    fn codes_differ_and_are_read_however_people_write_them() {
        let codes: HashSet<String> = (0..1_000).map(|_| new_recovery_code(&SystemIds)).collect();
        assert_eq!(codes.len(), 1_000);
        let user = UserId(Uuid::from_u128(1));
        for code in &codes {
            assert_eq!(code.len(), 19, "{code}");
            let sloppy = code.replace('-', " ").to_uppercase().replace('0', "O").replace('1', "l");
            assert_eq!(recovery_code_hash(user, code), recovery_code_hash(user, &sloppy));
        }
        let code = codes.iter().next().unwrap();
        assert_ne!(recovery_code_hash(user, code), recovery_code_hash(UserId(Uuid::nil()), code));
    }

    #[test]
    fn every_letter_is_as_likely_as_another() {
        let mut seen = std::collections::BTreeMap::<char, u32>::new();
        for _ in 0..4_000 {
            new_recovery_code(&SystemIds).chars().filter(|c| *c != '-').for_each(|c| *seen.entry(c).or_default() += 1);
        }
        assert_eq!(seen.len(), 32);
        assert!(seen.values().all(|times| (1_700..2_300).contains(times)), "{seen:?}");
    }
}
