//! Finding things on a page by the words people see, as XPath 1.0.
//!
//! What may not enter: class names and structure, which may change while a page stays as good as it was.

/// Where to look for something: the better places first.
pub(super) type Places = Vec<String>;

const CONTROL: &str = "self::input or self::textarea or self::select";

/// A form field, by its label, its accessible name or its `name`; else by how its label begins.
pub(super) fn field(name: &str) -> Places {
    let name = literal(name);
    let exact = format!("normalize-space(.)={name}");
    let begins = format!("starts-with(normalize-space(.), {name})");
    let labelled = |says: &str| format!("//*[@id=//label[{says}]/@for] | //label[{says}]//*[{CONTROL}]");
    vec![labelled(&exact), format!("//*[{CONTROL}][@name={name} or @aria-label={name}]"), labelled(&begins)]
}

/// Something to press, by what stands on it.
pub(super) fn button(text: &str) -> Places {
    let text = literal(text);
    let pressable = "self::button or self::summary or @role='button'";
    vec![format!(
        "//*[{pressable}][normalize-space(.)={text} or @aria-label={text}] \
         | //input[@type='submit' or @type='button' or @type='reset'][@value={text}]"
    )]
}

/// A link, by its text or its accessible name.
pub(super) fn link(text: &str) -> Places {
    let text = literal(text);
    vec![format!("//a[@href][normalize-space(.)={text} or @aria-label={text}]")]
}

/// An option of a list, by its text.
pub(super) fn option(text: &str) -> String {
    format!(".//option[normalize-space(.)={}]", literal(text))
}

/// XPath 1.0 has no escapes: a text with both kinds of quote is put together from parts.
fn literal(text: &str) -> String {
    if !text.contains('\'') {
        return format!("'{text}'");
    }
    if !text.contains('"') {
        return format!("\"{text}\"");
    }
    let parts: Vec<_> = text.split('\'').map(|part| format!("'{part}'")).collect();
    format!("concat({})", parts.join(", \"'\", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_has_a_literal() {
        assert_eq!(literal("Save"), "'Save'");
        assert_eq!(literal("Don't"), "\"Don't\"");
        assert_eq!(literal("a'b\"c"), "concat('a', \"'\", 'b\"c')");
    }
}
