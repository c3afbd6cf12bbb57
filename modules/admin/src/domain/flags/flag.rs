//! A flag as decisions see it: its name, its definition, its switch. What may not enter: what it comes to for somebody.

use super::definition::Definition;
use admin_contract::reasons;
use kernel::Fault;
use serde::{Deserialize, Serialize};

kernel::id!(
    /// A flag, whatever it is called.
    FlagId
);

/// What programs call a flag: 1 to 100 of a to z, 0 to 9, dots, hyphens and underscores, a letter or digit first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct FlagKey(String);

impl TryFrom<String> for FlagKey {
    type Error = Fault;

    fn try_from(text: String) -> Result<Self, Fault> {
        Self::parse(&text)
    }
}

impl From<FlagKey> for String {
    fn from(key: FlagKey) -> Self {
        key.0
    }
}

impl FlagKey {
    /// The key of that name.
    ///
    /// # Errors
    /// `Invalid`, naming `key`, when it is none.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let fits = (1..=100).contains(&text.len()) && text.bytes().all(|b| plain(b) || b"._-".contains(&b));
        if fits && text.bytes().next().is_some_and(plain) {
            return Ok(Self(text.to_owned()));
        }
        Err(Fault::invalid("key", "must be 1 to 100 of a to z, 0 to 9, dots, hyphens, underscores; not those first"))
    }

    /// As it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a flag stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FlagRefused {
    /// There is one of that name.
    Exists,
    /// Nobody changes what was put away.
    Archived,
    /// Programs ask for it by its type.
    KindFixed,
}

impl From<FlagRefused> for Fault {
    fn from(refused: FlagRefused) -> Self {
        match refused {
            FlagRefused::Exists => reasons::FLAG_EXISTS.fault(),
            FlagRefused::Archived => reasons::FLAG_ARCHIVED.fault(),
            FlagRefused::KindFixed => reasons::FLAG_KIND_FIXED.fault(),
        }
    }
}

/// A feature flag.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Flag {
    pub(crate) id: FlagId,
    pub(crate) key: FlagKey,
    /// Whether its rules speak; else everybody gets the variant for that.
    pub(crate) enabled: bool,
    /// Whether it was put away.
    pub(crate) archived: bool,
    pub(crate) definition: Definition,
    /// Counting from 1.
    pub(crate) version: i64,
}

impl Flag {
    /// A flag that was not there before.
    pub(crate) fn new(id: FlagId, key: FlagKey, enabled: bool, definition: Definition) -> Self {
        Self { id, key, enabled, archived: false, definition, version: 1 }
    }

    /// The flag back from where it was put away, with another definition.
    ///
    /// # Errors
    /// `Exists` when it was not put away.
    pub(crate) fn define_again(self, enabled: bool, definition: Definition) -> Result<Self, FlagRefused> {
        if !self.archived {
            return Err(FlagRefused::Exists);
        }
        Ok(Self { enabled, definition, ..self }.next(false))
    }

    /// The flag with another definition; nothing when it is the one it has.
    ///
    /// # Errors
    /// `Archived`; `KindFixed` when its values would be of another type.
    pub(crate) fn redefine(self, definition: Definition) -> Result<Option<Self>, FlagRefused> {
        self.in_use()?;
        if definition.kind != self.definition.kind {
            return Err(FlagRefused::KindFixed);
        }
        let changes = definition != self.definition;
        Ok(changes.then(|| Self { definition, ..self }.next(false)))
    }

    /// The flag switched on or off; nothing when it is so already.
    ///
    /// # Errors
    /// `Archived`.
    pub(crate) fn switch(self, enabled: bool) -> Result<Option<Self>, FlagRefused> {
        self.in_use()?;
        Ok((enabled != self.enabled).then(|| Self { enabled, ..self }.next(false)))
    }

    /// The flag put away; nothing when it was before.
    pub(crate) fn archive(self) -> Option<Self> {
        (!self.archived).then(|| self.next(true))
    }

    fn in_use(&self) -> Result<(), FlagRefused> {
        if self.archived { Err(FlagRefused::Archived) } else { Ok(()) }
    }

    fn next(self, archived: bool) -> Self {
        Self { archived, version: self.version + 1, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use uuid::Uuid;

    fn definition(kind: &str, value: serde_json::Value) -> Definition {
        let source = json!({ "kind": kind, "variants": { "a": value }, "default": "a", "off": "a" });
        Definition::parse(source).unwrap()
    }

    fn flag() -> Flag {
        let key = FlagKey::parse("new-editor").unwrap();
        Flag::new(FlagId(Uuid::nil()), key, true, definition("number", json!(1)))
    }

    #[test]
    fn keys_are_plain_names() {
        for key in ["a", "new-editor", "2fa", "forum.new_editor"] {
            assert_eq!(FlagKey::parse(key).unwrap().as_str(), key);
        }
        for key in ["", "-a", ".a", "New", "a b", "a/b", "é", &"a".repeat(101)] {
            assert_eq!(FlagKey::parse(key).unwrap_err().fields[0].field, "key", "{key}");
        }
    }

    #[test]
    fn what_changes_nothing_makes_no_version() {
        assert_eq!(flag().redefine(definition("number", json!(1))), Ok(None));
        assert_eq!(flag().switch(true), Ok(None));
        let changed = flag().redefine(definition("number", json!(2))).unwrap().unwrap();
        assert_eq!((changed.version, changed.switch(false).unwrap().unwrap().version), (2, 3));
    }

    #[test]
    fn flag_keeps_its_type_while_it_is_in_use() {
        assert_eq!(flag().redefine(definition("string", json!("1"))), Err(FlagRefused::KindFixed));
        let back = flag().archive().unwrap().define_again(true, definition("string", json!("1"))).unwrap();
        assert_eq!((back.archived, back.version), (false, 3));
    }

    #[test]
    fn what_was_put_away_is_left_alone_until_it_is_defined_again() {
        let archived = flag().archive().unwrap();
        assert_eq!(archived.clone().switch(false), Err(FlagRefused::Archived));
        assert_eq!(archived.clone().redefine(definition("number", json!(2))), Err(FlagRefused::Archived));
        assert_eq!(archived.archive(), None);
        assert_eq!(flag().define_again(true, definition("number", json!(2))), Err(FlagRefused::Exists));
    }
}
