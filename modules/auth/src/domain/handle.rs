//! Handles: the short unique names in links and mentions.
//!
//! What may not enter: uniqueness. Only the database knows who came first.

use std::fmt;

const LEAST_CHARS: usize = 3;
const MOST_CHARS: usize = 30;

/// Names that would pass for somebody in charge. Whoever is in charge may have them.
const AUTHORITIES: &[&str] =
    &["admin", "administrator", "mod", "moderator", "official", "owner", "root", "staff", "superuser", "support"];

/// Names that stand for nobody: addresses of pages, mailboxes of RFC 2142, words for groups.
const NOBODIES: &[&str] = &[
    "abuse",
    "account",
    "all",
    "anonymous",
    "api",
    "assets",
    "audit",
    "auth",
    "deleted",
    "everybody",
    "everyone",
    "forum",
    "guest",
    "health",
    "help",
    "here",
    "hostmaster",
    "login",
    "logout",
    "mailer-daemon",
    "me",
    "member",
    "members",
    "new",
    "no-reply",
    "nobody",
    "noreply",
    "null",
    "polity",
    "postmaster",
    "register",
    "search",
    "security",
    "settings",
    "system",
    "undefined",
    "unknown",
    "webmaster",
    "welcome",
];

/// How the handles begin that take the place of those of accounts that are gone.
pub(crate) const OF_THE_GONE: &str = "deleted-";

/// 3 to 30 of `a`–`z`, `0`–`9`, `_` and `-`, beginning with a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Handle(String);

/// Why a text is not a handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HandleRefused {
    #[error("must be 3 to 30 characters long")]
    Length,
    #[error("must begin with a letter")]
    Beginning,
    #[error("may contain the letters a to z, digits, - and _ only")]
    Characters,
    #[error("is reserved")]
    Reserved,
}

impl Handle {
    /// The handle in `text`, in lower case, an `@` before it and spaces around it forgiven.
    pub(crate) fn parse(text: &str) -> Result<Self, HandleRefused> {
        let handle = Self::of_superuser(text)?;
        if AUTHORITIES.contains(&handle.as_str()) { Err(HandleRefused::Reserved) } else { Ok(handle) }
    }

    /// The same for somebody who runs the community, and may be called so.
    pub(crate) fn of_superuser(text: &str) -> Result<Self, HandleRefused> {
        let text = text.trim();
        let text = text.strip_prefix('@').unwrap_or(text).to_ascii_lowercase();
        if !text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-') {
            return Err(HandleRefused::Characters);
        }
        if !(LEAST_CHARS..=MOST_CHARS).contains(&text.len()) {
            return Err(HandleRefused::Length);
        }
        if !text.starts_with(|c: char| c.is_ascii_lowercase()) {
            return Err(HandleRefused::Beginning);
        }
        if NOBODIES.contains(&text.as_str()) || text.starts_with(OF_THE_GONE) {
            return Err(HandleRefused::Reserved);
        }
        Ok(Self(text))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("ada", "ada")]
    #[case(" @Ada_L-1815 ", "ada_l-1815")]
    #[case("abcdefghijklmnopqrstuvwxyz0123", "abcdefghijklmnopqrstuvwxyz0123")]
    fn handle_has_one_form(#[case] text: &str, #[case] handle: &str) {
        assert_eq!(Handle::parse(text).unwrap().as_str(), handle);
    }

    #[rstest]
    #[case("", HandleRefused::Length)]
    #[case("ad", HandleRefused::Length)]
    #[case("abcdefghijklmnopqrstuvwxyz01234", HandleRefused::Length)]
    #[case("1ada", HandleRefused::Beginning)]
    #[case("_ada", HandleRefused::Beginning)]
    #[case("ada lovelace", HandleRefused::Characters)]
    #[case("ädä", HandleRefused::Characters)]
    #[case("\u{0430}da", HandleRefused::Characters)]
    #[case("Login", HandleRefused::Reserved)]
    #[case("admin", HandleRefused::Reserved)]
    #[case("deleted-ada", HandleRefused::Reserved)]
    fn text_that_is_no_handle_is_refused(#[case] text: &str, #[case] refused: HandleRefused) {
        assert_eq!(Handle::parse(text), Err(refused));
    }

    #[test]
    fn somebody_in_charge_may_be_called_so_but_not_like_a_page() {
        assert_eq!(Handle::of_superuser("Admin").unwrap().as_str(), "admin");
        assert_eq!(Handle::of_superuser("login"), Err(HandleRefused::Reserved));
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_fits_into_a_link(text in "\\PC{0,32}") {
            if let Ok(handle) = Handle::parse(&text) {
                prop_assert!((3..=30).contains(&handle.as_str().len()));
                prop_assert_eq!(Handle::parse(handle.as_str()), Ok(handle));
            }
        }
    }
}
