//! Where somebody goes after logging in: back to where they came from, and never to another site.
//!
//! What may not enter: a full URL, however it is spelled.

const MOST_CHARS: usize = 2_000;

/// An absolute path on this site, with its query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReturnPath(String);

impl ReturnPath {
    /// The path in `text`, or the home page. Browsers read `//host` and `/\host` as another host, and drop tabs and
    /// line breaks before they look (WHATWG URL), so none of these is let through.
    pub(crate) fn parse(text: &str) -> Self {
        let is_path = text.starts_with('/') && !text[1..].starts_with(['/', '\\']);
        let is_plain = text.len() <= MOST_CHARS && text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
        Self(if is_path && is_plain { text.to_owned() } else { "/".to_owned() })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("/t/42?after=7#p8")]
    #[case("/search?q=a%20b//c")]
    #[case("/")]
    fn path_of_this_site_is_kept(#[case] text: &str) {
        assert_eq!(ReturnPath::parse(text).as_str(), text);
    }

    #[rstest]
    #[case("")]
    #[case("account")]
    #[case("https://evil.example/")]
    #[case("//evil.example/")]
    #[case("/\\evil.example")]
    #[case("/\t/evil.example")]
    #[case("/\r\nset-cookie: a=b")]
    #[case("javascript:alert(1)")]
    #[case("\\\\evil.example")]
    fn anything_else_leads_home(#[case] text: &str) {
        assert_eq!(ReturnPath::parse(text).as_str(), "/");
    }

    proptest! {
        #[test]
        fn no_text_leads_to_another_host(text in "[/\\\\a-z:.@\t\n?#]{0,12}|\\PC*") {
            let path = ReturnPath::parse(&text);
            prop_assert!(path.as_str().starts_with('/') && !path.as_str().starts_with("//"));
            prop_assert!(path.as_str().bytes().all(|b| b.is_ascii_graphic() && b != b'\\'));
        }
    }
}
