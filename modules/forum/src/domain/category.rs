//! Where threads of one subject stand.

use super::{Description, Name};
use kernel::{Fault, TenantId};

kernel::id!(
    /// A category.
    CategoryId
);

/// The short unique name of a category in addresses: 2 to 40 of a–z, 0–9 and single hyphens between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slug(String);

impl Slug {
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let words = text.split('-').all(|word| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        });
        if words && (2..=40).contains(&text.len()) {
            return Ok(Self(text.to_owned()));
        }
        Err(Fault::invalid("slug", "must have 2 to 40 of a to z, 0 to 9, with single hyphens between"))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A category about to be made, or as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Category {
    pub(crate) id: CategoryId,
    pub(crate) tenant: TenantId,
    pub(crate) slug: Slug,
    pub(crate) name: Name,
    pub(crate) description: Description,
}

#[cfg(test)]
mod tests {
    use super::Slug;

    #[test]
    fn slug_is_lower_case_words_with_single_hyphens() {
        for good in ["ab", "help-and-questions", "q2"] {
            assert!(Slug::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "a", "-ab", "ab-", "a--b", "Ab", "ä-b", "a b", "a/b"] {
            assert!(Slug::parse(bad).is_err(), "{bad}");
        }
    }
}
