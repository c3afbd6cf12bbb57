//! What must hold of a resource, over its attributes: what a list is narrowed by. What may not enter: SQL, policies.

use crate::{Attribute, Resource};

/// What must hold of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Anything will do.
    Always,
    /// Nothing will.
    Never,
    /// Each of these.
    All(Vec<Condition>),
    /// One of these at least.
    Any(Vec<Condition>),
    /// Not this.
    Not(Box<Condition>),
    /// An attribute compared with a value. `tenant` and `id` are attributes of every resource, and texts.
    Is(String, Comparison, Attribute),
}

/// How an attribute is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// The same.
    Equal,
    /// A smaller number.
    Less,
    /// A number not greater.
    AtMost,
}

impl Condition {
    /// All of them, without what says nothing.
    #[must_use]
    pub fn all(conditions: impl IntoIterator<Item = Self>) -> Self {
        let mut kept = Vec::new();
        for condition in conditions {
            match condition {
                Self::Always => {}
                Self::Never => return Self::Never,
                Self::All(more) => kept.extend(more),
                other => kept.push(other),
            }
        }
        match kept.len() {
            0 => Self::Always,
            1 => kept.swap_remove(0),
            _ => Self::All(kept),
        }
    }

    /// Any of them, without what says nothing.
    #[must_use]
    pub fn any(conditions: impl IntoIterator<Item = Self>) -> Self {
        Self::all(conditions.into_iter().map(Self::not)).not()
    }

    /// The opposite.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "it is no operator on values but a step in building one")]
    pub fn not(self) -> Self {
        match self {
            Self::Always => Self::Never,
            Self::Never => Self::Always,
            Self::Not(inner) => *inner,
            Self::All(all) => Self::Any(all.into_iter().map(Self::not).collect()),
            Self::Any(any) => Self::All(any.into_iter().map(Self::not).collect()),
            is @ Self::Is(..) => Self::Not(Box::new(is)),
        }
    }

    /// Whether it holds of `resource`. A comparison with an attribute that is not there does not hold, nor does its
    /// opposite.
    pub fn holds_of(&self, resource: &Resource) -> bool {
        self.told(resource) == Some(true)
    }

    fn told(&self, resource: &Resource) -> Option<bool> {
        match self {
            Self::Always => Some(true),
            Self::Never => Some(false),
            Self::Not(inner) => inner.told(resource).map(|told| !told),
            Self::All(all) => all.iter().try_fold(true, |so_far, next| next.told(resource).map(|told| so_far && told)),
            Self::Any(any) => any.iter().try_fold(false, |so_far, next| next.told(resource).map(|told| so_far || told)),
            Self::Is(name, comparison, value) => compare(&attribute(resource, name)?, *comparison, value),
        }
    }
}

fn attribute(resource: &Resource, name: &str) -> Option<Attribute> {
    match name {
        "tenant" => Some(Attribute::Text(resource.tenant.to_string())),
        "id" => Some(Attribute::Text(resource.id.clone())),
        _ => resource.attributes.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone()),
    }
}

fn compare(left: &Attribute, comparison: Comparison, right: &Attribute) -> Option<bool> {
    match (comparison, left, right) {
        (Comparison::Equal, left, right) => Some(left == right),
        (Comparison::Less, Attribute::Number(left), Attribute::Number(right)) => Some(left < right),
        (Comparison::AtMost, Attribute::Number(left), Attribute::Number(right)) => Some(left <= right),
        _ => None,
    }
}
