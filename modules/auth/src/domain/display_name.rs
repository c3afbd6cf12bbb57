//! Names shown to people.
//!
//! What may not enter: rules about what a real name looks like. There are none.

const MOST_CHARS: usize = 60;

/// 1 to 60 printable characters without spaces around them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DisplayName(String);

/// Why a text is not a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DisplayNameRefused {
    #[error("is missing")]
    Missing,
    #[error("must not be longer than 60 characters")]
    TooLong,
    #[error("contains characters that cannot be seen")]
    Unprintable,
}

impl DisplayName {
    /// The name in `text`.
    pub(crate) fn parse(text: &str) -> Result<Self, DisplayNameRefused> {
        let text = text.trim();
        if text.chars().any(is_unprintable) {
            return Err(DisplayNameRefused::Unprintable);
        }
        if text.chars().all(only_joins) {
            return Err(DisplayNameRefused::Missing);
        }
        if text.chars().count() > MOST_CHARS {
            return Err(DisplayNameRefused::TooLong);
        }
        Ok(Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Control characters, and those that let one name pass for another: invisible ones, blank letters, and the ones that
/// turn the direction of the text around them (UAX 9).
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}')
}

/// Characters that are needed between others (in Persian, in emoji) and show nothing of their own.
fn only_joins(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{00ad}' | '\u{034f}' | '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("Ada Lovelace")]
    #[case("李小龍")]
    #[case("Zoë O’Neill-García")]
    #[case("👩\u{200d}🚀")]
    fn name_is_accepted_as_it_is(#[case] text: &str) {
        assert_eq!(DisplayName::parse(&format!("  {text} ")).unwrap().as_str(), text);
    }

    #[rstest]
    #[case("", DisplayNameRefused::Missing)]
    #[case(" \u{00a0} ", DisplayNameRefused::Missing)]
    #[case("\u{200d}", DisplayNameRefused::Missing)]
    #[case("Ada\u{202e}ecalevoL", DisplayNameRefused::Unprintable)]
    #[case("Ada\u{200b}", DisplayNameRefused::Unprintable)]
    #[case("Ada\nLovelace", DisplayNameRefused::Unprintable)]
    fn text_that_is_no_name_is_refused(#[case] text: &str, #[case] refused: DisplayNameRefused) {
        assert_eq!(DisplayName::parse(text), Err(refused));
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert!(DisplayName::parse(&"ö".repeat(60)).is_ok());
        assert_eq!(DisplayName::parse(&"ö".repeat(61)), Err(DisplayNameRefused::TooLong));
    }
}
