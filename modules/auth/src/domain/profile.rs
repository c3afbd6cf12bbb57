//! What somebody tells everybody about themselves.
//!
//! What may not enter: markup. It is shown as the plain text it is.

use super::DisplayName;
use kernel::{Fault, FieldFault};
use serde::Serialize;

const MOST_ABOUT_CHARS: usize = 1_000;
const MOST_PRONOUNS_CHARS: usize = 40;

/// The form, unread.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct ProfileForm {
    pub(crate) display_name: String,
    pub(crate) pronouns: String,
    pub(crate) about: String,
}

/// A profile that may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Profile {
    pub(crate) display_name: DisplayName,
    pub(crate) pronouns: String,
    pub(crate) about: String,
}

impl ProfileForm {
    /// Reads the form. Names every wrong field at once.
    ///
    /// # Errors
    /// `Invalid`, naming the fields.
    pub(crate) fn read(&self) -> Result<Profile, Fault> {
        let mut faults = Vec::new();
        let mut refuse = |field: &str, detail: String| faults.push(FieldFault { field: field.to_owned(), detail });
        let display_name = DisplayName::parse(&self.display_name);
        let display_name = display_name.map_err(|refused| refuse("display_name", refused.to_string())).ok();
        let about = self.about.trim().replace("\r\n", "\n");
        let pronouns = self.pronouns.trim().to_owned();
        for (field, text, most) in [("about", &about, MOST_ABOUT_CHARS), ("pronouns", &pronouns, MOST_PRONOUNS_CHARS)] {
            let may_break = field == "about";
            if text.chars().count() > most {
                refuse(field, format!("must not be longer than {most} characters"));
            } else if text.chars().any(|c| turns_text(c) || c.is_control() && !(may_break && c == '\n')) {
                refuse(field, "contains characters that cannot be seen".to_owned());
            }
        }
        match display_name {
            Some(display_name) if faults.is_empty() => Ok(Profile { display_name, pronouns, about }),
            _ => Err(Fault::invalid_fields(faults)),
        }
    }
}

/// Characters that turn the direction of the text around them (UAX 9): a profile must not rearrange the page it is on.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profile_is_kept_as_it_was_written_less_the_space_around_it() {
        let form =
            ProfileForm { display_name: " Ada ".into(), pronouns: " she/her".into(), about: "a\r\n\r\nb ".into() };
        let profile = form.read().unwrap();
        assert_eq!((profile.display_name.as_str(), profile.pronouns.as_str()), ("Ada", "she/her"));
        assert_eq!(profile.about, "a\n\nb");
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let form = ProfileForm { display_name: " ".into(), pronouns: "a\nb".into(), about: "ö".repeat(1_001) };
        let fields: Vec<_> = form.read().unwrap_err().fields.into_iter().map(|fault| fault.field).collect();
        assert_eq!(fields, ["display_name", "about", "pronouns"]);
        let form = ProfileForm { display_name: "Ada".into(), about: "\u{202e}moc".into(), ..ProfileForm::default() };
        assert_eq!(form.read().unwrap_err().fields[0].field, "about");
    }
}
