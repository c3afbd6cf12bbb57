//! What a new password must be like: long, not made of the account's own words, and not what those try first who guess
//! (NIST SP 800-63B section 3.1.1). How easy it is to guess is reckoned by zxcvbn, which knows the passwords that leaked
//! most often, dictionaries, names, dates, keyboards and their patterns.
//!
//! What may not enter: hashing, and demands for kinds of characters.

use super::TypedSecret;
use zxcvbn::{Score, zxcvbn};

const LEAST_CHARS: usize = 10;
const MOST_CHARS: usize = 200;

/// What whoever guesses at passwords here tries with everything else, whoever the account belongs to: they count as words of
/// the account, so that only what stands beside them makes a password hard to guess (OWASP ASVS 5.0, 6.1.2).
const WORDS_OF_THE_PLACE: [&str; 8] =
    ["polity", "community", "forum", "member", "moderator", "administrator", "treasurer", "bounty"];

/// So many guesses must not find it (zxcvbn's score of 3: more than 10⁸).
const LEAST_SCORE: Score = Score::Three;

/// A password good enough to be taken.
#[derive(Clone)]
pub(crate) struct Password(TypedSecret);

/// Why a password is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PasswordRefused {
    #[error("must be at least 10 characters long")]
    TooShort,
    #[error("must not be longer than 200 characters")]
    TooLong,
    #[error("must not contain your e-mail address or your handle")]
    Personal,
    #[error("is too easy to guess. {0}")]
    Guessable(String),
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
        let reckoned = zxcvbn(text, &[words, &WORDS_OF_THE_PLACE].concat());
        if reckoned.score() < LEAST_SCORE {
            let why = reckoned.feedback().and_then(|feedback| feedback.warning().map(|warning| warning.to_string()));
            return Err(PasswordRefused::Guessable(why.unwrap_or_else(|| "Add a word or two.".to_owned())));
        }
        Ok(Self(secret.clone()))
    }

    /// The password itself, for the hasher.
    pub(crate) fn secret(&self) -> &TypedSecret {
        &self.0
    }
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
    #[case("Tr0ub4dour and 3 others")]
    fn long_and_uncommon_is_enough(#[case] text: &str) {
        assert_eq!(parse(text), Ok(()));
    }

    #[rstest]
    #[case("short", PasswordRefused::TooShort)]
    #[case("ünfßchärs", PasswordRefused::TooShort)]
    #[case("i am Ada@Example.org!", PasswordRefused::Personal)]
    #[case("ADA_L forever", PasswordRefused::Personal)]
    fn weak_password_is_refused(#[case] text: &str, #[case] refused: PasswordRefused) {
        assert_eq!(parse(text), Err(refused));
    }

    #[test]
    fn password_longer_than_anybody_types_is_refused() {
        let long: String = (0..100).map(|n| format!("{:02}", n * 37 % 100)).collect();
        assert_eq!(parse(&long), Ok(()));
        assert_eq!(parse(&format!("{long}!")), Err(PasswordRefused::TooLong));
    }

    #[rstest]
    #[case("Password123")]
    #[case("qwertyuiop")]
    #[case("zzzzzzzzzzzz")]
    #[case("          x")]
    #[case("1234567890")]
    #[case("iloveyou2024")]
    #[case("polityforum")]
    #[case("Administrator1")]
    #[case("communitymember")]
    fn what_is_tried_first_is_refused(#[case] text: &str) {
        assert!(matches!(parse(text), Err(PasswordRefused::Guessable(_))), "{text}");
    }
}
