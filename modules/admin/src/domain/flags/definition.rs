//! What a flag's definition may say, read from JSON. Whatever is wrong is refused by place, all of it at once. The
//! format is described for its users in `docs/flags.md`.
//!
//! What may not enter: what a definition comes to; that is `evaluate`.

use super::bucket::{Amount, Percent};
use super::condition::Condition;
use super::reader::{Faults, Node, Object};
use super::rules::rule;
use kernel::{Fault, Time};
use serde_json::Value;
use std::collections::BTreeMap;

/// The longest definition, in bytes of JSON.
const LONGEST: usize = 64 << 10;
/// How many levels it may have.
const DEEPEST: usize = 32;
pub(super) const MOST_VARIANTS: usize = 50;
const MOST_RULES: usize = 100;

/// The type of a flag's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Boolean,
    String,
    Number,
    Json,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Boolean, Self::String, Self::Number, Self::Json];

    /// Its name on the wire.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::String => "string",
            Self::Number => "number",
            Self::Json => "json",
        }
    }

    /// The kind of that name, if there is one.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    fn takes(self, value: &Value) -> bool {
        match self {
            Self::Boolean => value.is_boolean(),
            Self::String => value.is_string(),
            Self::Number => value.is_number(),
            Self::Json => value.is_object(),
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Boolean => "must be true or false, because the flag is boolean",
            Self::String => "must be a text, because the flag is a string",
            Self::Number => "must be a number, because the flag is a number",
            Self::Json => "must be an object, because the flag is JSON",
        }
    }
}

/// Everything about a flag but its name and its switch. Only [`Definition::parse`] makes one, so it makes sense.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Definition {
    /// As it was written.
    source: Value,
    pub(crate) kind: Kind,
    pub(crate) description: String,
    /// Whether guests may ask for it.
    pub(crate) public: bool,
    pub(super) variants: BTreeMap<String, Value>,
    /// The variant of whoever no rule speaks of.
    pub(super) default: String,
    /// The variant of everybody while the flag is switched off.
    pub(super) off: String,
    pub(super) rules: Vec<Rule>,
}

/// Who gets what. The first rule that applies decides.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rule {
    pub(super) name: String,
    /// It applies from this instant on.
    pub(super) from: Option<Time>,
    /// It applies before this instant.
    pub(super) until: Option<Time>,
    /// All of them must hold.
    pub(super) conditions: Vec<Condition>,
    pub(super) serve: Serve,
}

/// What a rule gives.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Serve {
    /// To everybody the same.
    Variant(String),
    /// To each a share's.
    Split(Split),
}

/// Shares of everybody, sticky by an attribute. Whoever falls into none goes on to the next rule.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Split {
    pub(super) by: String,
    pub(super) salt: String,
    pub(super) shares: Vec<Share>,
}

/// So many get this.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Share {
    pub(super) variant: String,
    pub(super) amount: Amount,
}

/// One share of one rule's split, as people see it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ShareView {
    /// The rule, counting from 0.
    pub(crate) rule: usize,
    /// The rule's name, or empty.
    pub(crate) rule_name: String,
    /// The share, counting from 0.
    pub(crate) share: usize,
    /// What it gives.
    pub(crate) variant: String,
    /// How large it is.
    pub(crate) amount: Amount,
}

impl Definition {
    /// Reads a definition.
    ///
    /// # Errors
    /// `Invalid`, naming every field at fault by its place.
    pub(crate) fn parse(source: Value) -> Result<Self, Fault> {
        if source.to_string().len() > LONGEST {
            return Err(Fault::invalid("definition", format!("must have at most {LONGEST} bytes")));
        }
        if is_deeper(&source, DEEPEST) {
            return Err(Fault::invalid("definition", format!("must not be nested deeper than {DEEPEST} levels")));
        }
        let faults = Faults::default();
        let read =
            faults.root(&source).object(&["kind", "description", "public", "variants", "default", "off", "rules"]);
        let read = read.and_then(|object| Self::read(&object));
        let faults = faults.into_inner();
        match read {
            Some(definition) if faults.is_empty() => Ok(Self { source, ..definition }),
            _ => Err(Fault::invalid_fields(faults)),
        }
    }

    fn read(object: &Object<'_>) -> Option<Self> {
        let kind = object.need("kind").and_then(|node| {
            let kind = node.value.as_str().and_then(Kind::parse);
            kind.or_else(|| node.wrong("must be boolean, string, number or json"))
        });
        let description = optional(object, "description", String::new(), |node| Some(node.text(1_000)?.to_owned()));
        let public = optional(object, "public", false, |node| node.flag());
        let variants = object.need("variants").and_then(|node| variants(node, kind));
        let known = variants.as_ref();
        let default = object.need("default").and_then(|node| variant(&node, known));
        let off = object.need("off").and_then(|node| variant(&node, known));
        let rules = optional(object, "rules", Vec::new(), |node| {
            let rules: Vec<_> = node.list(MOST_RULES)?.into_iter().map(|node| rule(node, known)).collect();
            rules.into_iter().collect()
        });
        Some(Self {
            source: Value::Null,
            kind: kind?,
            description: description?,
            public: public?,
            variants: variants?,
            default: default?,
            off: off?,
            rules: rules?,
        })
    }

    /// As it was written.
    pub(crate) fn source(&self) -> &Value {
        &self.source
    }

    /// Every share of every split, in order.
    pub(crate) fn shares(&self) -> Vec<ShareView> {
        let splits = self.rules.iter().enumerate().filter_map(|(at, rule)| match &rule.serve {
            Serve::Split(split) => Some((at, rule, split)),
            Serve::Variant(_) => None,
        });
        let view = |(rule, of, (share, it)): (usize, &Rule, (usize, &Share))| ShareView {
            rule,
            rule_name: of.name.clone(),
            share,
            variant: it.variant.clone(),
            amount: it.amount.clone(),
        };
        splits
            .flat_map(|(at, rule, split)| split.shares.iter().enumerate().map(move |share| (at, rule, share)))
            .map(view)
            .collect()
    }

    /// The same definition with another percentage for one share.
    ///
    /// # Errors
    /// `Invalid` when there is no such share, or the shares would be more than everybody.
    pub(crate) fn with_percent(&self, rule: usize, share: usize, percent: Percent) -> Result<Self, Fault> {
        let mut source = self.source.clone();
        let place = source.pointer_mut(&format!("/rules/{rule}/split/shares/{share}/percent"));
        match place {
            Some(place) => *place = percent.json(),
            None => return Err(Fault::invalid("share", "is no share of a rule of this flag")),
        }
        let changed = Self::parse(source)?;
        let takes = |of: &Self| of.split(rule).and_then(|split| Some(split.shares.get(share)?.amount.most()));
        let is_last = self.split(rule).is_some_and(|split| share + 1 == split.shares.len());
        if !is_last && takes(self) != takes(&changed) {
            let detail =
                "is not the last one of its rule: another percentage would move those behind it. Change the definition";
            return Err(Fault::invalid("share", detail));
        }
        Ok(changed)
    }

    fn split(&self, rule: usize) -> Option<&Split> {
        match &self.rules.get(rule)?.serve {
            Serve::Split(split) => Some(split),
            Serve::Variant(_) => None,
        }
    }
}

/// Whether a value has more levels than these. What is kept of it stands inside other values, and readers bound the depth.
fn is_deeper(value: &Value, levels: usize) -> bool {
    let Some(left) = levels.checked_sub(1) else { return true };
    match value {
        Value::Array(items) => items.iter().any(|item| is_deeper(item, left)),
        Value::Object(fields) => fields.values().any(|field| is_deeper(field, left)),
        _ => false,
    }
}

/// A field that has a value also when it is missing.
pub(super) fn optional<'a, T>(
    object: &Object<'a>,
    name: &str,
    usual: T,
    read: impl FnOnce(Node<'a>) -> Option<T>,
) -> Option<T> {
    object.get(name).map_or(Some(usual), read)
}

fn variants(node: Node<'_>, kind: Option<Kind>) -> Option<BTreeMap<String, Value>> {
    let object = node.any_object()?;
    let mut variants = BTreeMap::new();
    for (name, node) in object.all() {
        let is_name = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if name.is_empty() || name.len() > 60 || !name.chars().all(is_name) {
            node.wrong::<()>("has no name for a variant: 1 to 60 letters, digits, dots, hyphens and underscores");
        }
        if let Some(kind) = kind.filter(|kind| !kind.takes(node.value)) {
            node.wrong::<()>(kind.words());
        }
        variants.insert(name.to_owned(), node.value.clone());
    }
    match variants.len() {
        0 => object.node.wrong("must name at least one variant"),
        n if n > MOST_VARIANTS => object.node.wrong(format!("names {n} variants, and may name {MOST_VARIANTS}")),
        _ => Some(variants),
    }
}

/// The name of a variant that there is. Nothing is said of one while the variants themselves cannot be read.
pub(super) fn variant(node: &Node<'_>, known: Option<&BTreeMap<String, Value>>) -> Option<String> {
    let name = node.words(60)?;
    match known {
        Some(known) if !known.contains_key(name) => node.wrong(format!("`{name}` is none of the variants")),
        _ => Some(name.to_owned()),
    }
}
