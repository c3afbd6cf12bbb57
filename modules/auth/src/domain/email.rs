//! E-mail addresses: what is accepted, and their one form.
//!
//! What may not enter: a look-up. Whether mail arrives there is another question.

use std::fmt;

/// RFC 5321 section 4.5.3.1.3, less the angle brackets.
const MOST_CHARS: usize = 254;
/// RFC 5321 section 4.5.3.1.1.
const MOST_LOCAL_CHARS: usize = 64;
/// RFC 1035 section 2.3.4.
const MOST_LABEL_CHARS: usize = 63;

/// An address in lower case: `local@domain`, the local part a dot-atom (RFC 5322 section 3.2.3), the domain a name of
/// at least two labels. Names in other scripts come in their ASCII form (`xn--…`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Email(String);

/// Why a text is not an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EmailRefused {
    #[error("is missing")]
    Missing,
    #[error("must not be longer than 254 characters")]
    TooLong,
    #[error("is not an e-mail address")]
    NotAnAddress,
}

impl Email {
    /// The address in `text`, spaces around it forgiven.
    pub(crate) fn parse(text: &str) -> Result<Self, EmailRefused> {
        let text = text.trim();
        if text.is_empty() {
            return Err(EmailRefused::Missing);
        }
        if text.len() > MOST_CHARS {
            return Err(EmailRefused::TooLong);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(EmailRefused::NotAnAddress)?;
        if is_local_part(local) && is_domain(domain) {
            return Ok(Self(text.to_ascii_lowercase()));
        }
        Err(EmailRefused::NotAnAddress)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_local_part(text: &str) -> bool {
    let atom = |atom: &str| {
        !atom.is_empty() && atom.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&b))
    };
    text.len() <= MOST_LOCAL_CHARS && text.split('.').all(atom)
}

fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        (1..=MOST_LABEL_CHARS).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.contains('.') && text.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("ada@example.org")]
    #[case("  Ada.Lovelace+notes@Example.ORG ")]
    #[case("o'brien@sub.example.co.uk")]
    #[case("x@xn--mnchen-3ya.de")]
    fn address_is_accepted(#[case] text: &str) {
        assert_eq!(Email::parse(text).unwrap().as_str(), text.trim().to_lowercase());
    }

    #[rstest]
    #[case("")]
    #[case("ada")]
    #[case("ada@")]
    #[case("@example.org")]
    #[case("ada@localhost")]
    #[case("ada@@example.org")]
    #[case("ada..l@example.org")]
    #[case(".ada@example.org")]
    #[case("ada@-example.org")]
    #[case("ada@example..org")]
    #[case("ada lovelace@example.org")]
    #[case("ada@example.org\r\nbcc: x@example.org")]
    #[case("ада@example.org")]
    fn text_that_is_no_address_is_refused(#[case] text: &str) {
        assert!(Email::parse(text).is_err());
    }

    #[test]
    fn address_longer_than_a_mailbox_may_be_is_refused() {
        let domain = ["d".repeat(60), "e".repeat(60), "f".repeat(60), "org".to_owned()].join(".");
        assert!(Email::parse(&format!("{}@{domain}", "a".repeat(64))).is_ok());
        let refused = Email::parse(&format!("{}@ggg.{domain}", "a".repeat(64))).map(drop);
        assert_eq!(refused, Err(EmailRefused::TooLong));
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_is_its_own_one_form(text in "\\PC{0,40}@\\PC{0,40}") {
            if let Ok(email) = Email::parse(&text) {
                prop_assert!(email.as_str().bytes().all(|b| b.is_ascii_graphic() && !b.is_ascii_uppercase()));
                prop_assert_eq!(Email::parse(email.as_str()), Ok(email));
            }
        }
    }
}
