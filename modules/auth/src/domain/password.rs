//! What a new password must be like: long, and neither everybody's nor the account's own words
//! (NIST SP 800-63B section 3.1.1).
//!
//! What may not enter: hashing, and demands for kinds of characters.

use super::TypedSecret;

const LEAST_CHARS: usize = 10;
const MOST_CHARS: usize = 200;

/// Passwords of at least ten characters that every guessing list begins with, in lower case, one in a line.
const COMMON: &str = include_str!("common_passwords.txt");

/// A password good enough to be taken.
#[derive(Clone)]
pub(crate) struct Password(TypedSecret);

/// Why a password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PasswordRefused {
    #[error("must be at least 10 characters long")]
    TooShort,
    #[error("must not be longer than 200 characters")]
    TooLong,
    #[error("must not contain your e-mail address or your handle")]
    Personal,
    #[error("is one of those tried first by whoever guesses passwords")]
    Common,
}

impl Password {
    /// Takes `secret` as a password for an account that goes by `words`, given in lower case.
    pub(crate) fn parse(secret: &TypedSecret, words: &[&str]) -> Result<Self, PasswordRefused> {
        let text = secret.expose();
        match text.chars().count() {
            ..LEAST_CHARS => return Err(PasswordRefused::TooShort),
            LEAST_CHARS..=MOST_CHARS => {}
            _ => return Err(PasswordRefused::TooLong),
        }
        let lower = text.to_lowercase();
        if words.iter().any(|word| !word.is_empty() && lower.contains(word)) {
            return Err(PasswordRefused::Personal);
        }
        if COMMON.lines().any(|common| common == lower) || is_one_character(&lower) {
            return Err(PasswordRefused::Common);
        }
        Ok(Self(secret.clone()))
    }

    /// The password itself, for the hasher.
    pub(crate) fn secret(&self) -> &TypedSecret {
        &self.0
    }
}

fn is_one_character(text: &str) -> bool {
    let mut characters = text.chars();
    let first = characters.next();
    characters.all(|c| Some(c) == first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn parse(text: &str) -> Result<(), PasswordRefused> {
        Password::parse(&TypedSecret::new(text), &["ada@example.org", "ada_l"]).map(drop)
    }

    #[rstest]
    #[case("correct horse battery")]
    #[case("пароль длинный")]
    #[case("          x")]
    fn long_and_uncommon_is_enough(#[case] text: &str) {
        assert_eq!(parse(text), Ok(()));
    }

    #[rstest]
    #[case("short", PasswordRefused::TooShort)]
    #[case("ünfßchärs", PasswordRefused::TooShort)]
    #[case("i am Ada@Example.org!", PasswordRefused::Personal)]
    #[case("ADA_L forever", PasswordRefused::Personal)]
    #[case("Password123", PasswordRefused::Common)]
    #[case("qwertyuiop", PasswordRefused::Common)]
    #[case("zzzzzzzzzzzz", PasswordRefused::Common)]
    fn weak_password_is_refused(#[case] text: &str, #[case] refused: PasswordRefused) {
        assert_eq!(parse(text), Err(refused));
    }

    #[test]
    fn password_longer_than_anybody_types_is_refused() {
        assert_eq!(parse(&"ab".repeat(100)), Ok(()));
        assert_eq!(parse(&format!("{}!", "ab".repeat(100))), Err(PasswordRefused::TooLong));
    }

    #[test]
    fn list_of_common_passwords_holds_no_line_that_never_matches() {
        for line in COMMON.lines() {
            assert!(
                line.chars().count() >= LEAST_CHARS && line == line.to_lowercase() && line == line.trim(),
                "{line}"
            );
        }
    }
}
