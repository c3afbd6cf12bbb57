//! What one module brings to authorisation. No Cedar type may enter: modules hand over words and operations.

use kernel::Operation;

/// One module's schema, policies and operations, as text compiled into it.
#[derive(Debug, Clone, Copy)]
pub struct PolicyPart {
    /// The module's name, such as `forum`.
    pub module: &'static str,
    /// A Cedar schema that declares the namespace of the module with a capital, such as `Forum`, and nothing else.
    pub schema: &'static str,
    /// Cedar policies, each with an `@id` that is unique in the module.
    pub policies: &'static str,
    /// Everything the module can do. Each is an action of the schema, and the schema has no others.
    pub operations: &'static [&'static Operation],
}

impl PolicyPart {
    /// What the engine itself brings: principals, roles, and the wall between communities.
    pub(crate) const BASE: Self = Self {
        module: "polity",
        schema: include_str!("../policies/base.cedarschema"),
        policies: include_str!("../policies/base.cedar"),
        operations: &[],
    };

    /// The namespace its schema declares: `Forum` for `forum`.
    pub(crate) fn namespace(&self) -> String {
        let mut letters = self.module.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    }
}
