//! Words people write, parsed once into types that cannot be wrong.

use kernel::Fault;

/// Characters that would let one line pretend to be another: controls, and those that turn the reading direction.
fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn one_line(field: &str, text: &str, least: usize, most: usize) -> Result<String, Fault> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let length = text.chars().count();
    if text.chars().any(is_deceptive) {
        return Err(Fault::invalid(field, "has invisible or direction-changing characters"));
    }
    if !(least..=most).contains(&length) {
        return Err(Fault::invalid(field, format!("must have {least} to {most} characters, and has {length}")));
    }
    Ok(text)
}

/// A thread's title: one line of 3 to 200 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Title(String);

impl Title {
    pub(crate) const LONGEST: usize = 200;

    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        one_line("title", text, 3, Self::LONGEST).map(Self)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A category's name: one line of 2 to 60 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name(String);

impl Name {
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        one_line("name", text, 2, 60).map(Self)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What belongs in a category: one line of at most 300 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Description(String);

impl Description {
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        one_line("description", text, 0, 300).map(Self)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A post's text in Markdown: 1 to 20,000 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Body(String);

impl Body {
    pub(crate) const LONGEST: usize = 20_000;

    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let text = text.trim_end().trim_start_matches('\n');
        if text.contains('\0') {
            return Err(Fault::invalid("body", "has a NUL character"));
        }
        if text.trim().is_empty() {
            return Err(Fault::invalid("body", "must not be empty"));
        }
        let length = text.chars().count();
        if length > Self::LONGEST {
            let most = Self::LONGEST;
            return Err(Fault::invalid("body", format!("must have at most {most} characters, and has {length}")));
        }
        Ok(Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn title_is_trimmed_and_kept_on_one_line() {
        assert_eq!(Title::parse("  How \n  to? ").unwrap().as_str(), "How to?");
    }

    #[test]
    fn title_may_not_deceive() {
        assert_eq!(Title::parse("abc\u{202e}fed").unwrap_err().fields[0].field, "title");
    }

    #[test]
    fn body_counts_characters_and_not_bytes() {
        assert!(Body::parse(&"ä".repeat(Body::LONGEST)).is_ok());
        assert!(Body::parse(&"ä".repeat(Body::LONGEST + 1)).is_err());
    }

    #[test]
    fn body_of_blanks_is_empty() {
        for blank in ["", " ", "\r\n\r\n", "\u{a0}\n"] {
            assert_eq!(Body::parse(blank).unwrap_err().fields[0].detail, "must not be empty", "{blank:?}");
        }
    }

    proptest! {
        #[test]
        fn parsing_twice_changes_nothing(text in ".{0,300}") {
            if let Ok(body) = Body::parse(&text) {
                prop_assert_eq!(Body::parse(body.as_str()).unwrap(), body);
            }
            if let Ok(title) = Title::parse(&text) {
                prop_assert_eq!(Title::parse(title.as_str()).unwrap(), title);
            }
        }
    }
}
