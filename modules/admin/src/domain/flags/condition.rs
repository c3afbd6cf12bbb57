//! One condition of a rule: an attribute, an operator, a value. What may not enter: how a condition is written down;
//! that is the definition's business.

use super::context::Context;
use kernel::Time;
use semver::Version;
use serde_json::Value;
use std::cmp::Ordering;
use std::collections::HashSet;

/// Something that must be true of the context. An attribute that is missing, or of a type that the operator does not
/// compare, fulfils no operator; `negated` turns that round like anything else.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Condition {
    pub(super) attribute: String,
    pub(super) test: Test,
    pub(super) negated: bool,
}

/// What an attribute is held against.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    /// It is there.
    Exists,
    /// It is this.
    Equals(Value),
    /// It is one of these.
    In(OneOf),
    /// It is a text that begins so.
    StartsWith(String),
    /// It is a text that ends so.
    EndsWith(String),
    /// It is a text with this in it, or a list with this among it.
    Contains(Value),
    /// It is a number that compares so.
    Number(Comparison, f64),
    /// It is a version (semver.org) that compares so.
    Semver(Comparison, Version),
    /// It is an instant before this one.
    Before(Time),
    /// It is this instant or one after it.
    After(Time),
}

/// How two things may stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equals,
    LessThan,
    AtMost,
    GreaterThan,
    AtLeast,
}

impl Comparison {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equals => ordering.is_eq(),
            Self::LessThan => ordering.is_lt(),
            Self::AtMost => ordering.is_le(),
            Self::GreaterThan => ordering.is_gt(),
            Self::AtLeast => ordering.is_ge(),
        }
    }
}

/// Values of which one is looked for; texts, the usual case, are found without looking through all of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct OneOf {
    texts: HashSet<String>,
    others: Vec<Value>,
}

impl FromIterator<Value> for OneOf {
    fn from_iter<I: IntoIterator<Item = Value>>(values: I) -> Self {
        let mut one_of = Self::default();
        for value in values {
            match value {
                Value::String(text) => drop(one_of.texts.insert(text)),
                other => one_of.others.push(other),
            }
        }
        one_of
    }
}

impl OneOf {
    fn has(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.texts.contains(text),
            other => self.others.iter().any(|one| same(one, other)),
        }
    }
}

impl Condition {
    /// Whether it is true of the context.
    pub(super) fn holds(&self, context: &Context) -> bool {
        let fulfilled = context.get(&self.attribute).is_some_and(|value| self.test.fulfilled_by(value));
        fulfilled != self.negated
    }
}

impl Test {
    fn fulfilled_by(&self, value: &Value) -> bool {
        let text = || value.as_str();
        match self {
            Self::Exists => true,
            Self::Equals(expected) => same(expected, value),
            Self::In(one_of) => one_of.has(value),
            Self::StartsWith(start) => text().is_some_and(|text| text.starts_with(start)),
            Self::EndsWith(end) => text().is_some_and(|text| text.ends_with(end)),
            Self::Contains(part) => match (value, part) {
                (Value::Array(items), part) => items.iter().any(|item| same(item, part)),
                (Value::String(text), Value::String(part)) => text.contains(part),
                _ => false,
            },
            Self::Number(comparison, bound) => {
                value.as_f64().and_then(|number| number.partial_cmp(bound)).is_some_and(|o| comparison.holds(o))
            }
            Self::Semver(comparison, bound) => {
                let version = text().and_then(version);
                version.is_some_and(|version| comparison.holds(version.cmp_precedence(bound)))
            }
            Self::Before(instant) => text().and_then(time).is_some_and(|at| at < *instant),
            Self::After(instant) => text().and_then(time).is_some_and(|at| at >= *instant),
        }
    }
}

/// Equal as people mean it: 1 and 1.0 are the same number.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        // Whole numbers are compared as such: many ids have more digits than a float.
        (Value::Number(one), Value::Number(other)) if !one.is_f64() && !other.is_f64() => one == other,
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        _ => one == other,
    }
}

/// The version that a text names (semver.org), with or without a `v` before it.
pub(super) fn version(text: &str) -> Option<Version> {
    Version::parse(text.strip_prefix('v').unwrap_or(text)).ok()
}

/// The instant that a text names (RFC 3339).
pub(super) fn time(text: &str) -> Option<Time> {
    chrono::DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn holds(test: Test, value: Value) -> bool {
        let context = Context::parse(json!({ "it": value })).unwrap();
        Condition { attribute: "it".into(), test, negated: false }.holds(&context)
    }

    fn semver(comparison: Comparison, bound: &str) -> Test {
        Test::Semver(comparison, version(bound).unwrap())
    }

    #[test]
    fn operators_compare_what_they_are_for() {
        let noon = time("2030-01-01T12:00:00Z").unwrap();
        let one_of = || Test::In([json!("a"), json!(1), json!(true)].into_iter().collect());
        for (test, yes, no) in [
            (Test::Exists, json!([]), Value::Null),
            (Test::Equals(json!(1)), json!(1.0), json!("1")),
            (one_of(), json!("a"), json!("b")),
            (one_of(), json!(1.0), json!(2)),
            (Test::StartsWith("ad".into()), json!("ada"), json!("bad")),
            (Test::EndsWith("@x.org".into()), json!("a@x.org"), json!("a@x.org.evil")),
            (Test::Contains(json!("ea")), json!("beam"), json!("bam")),
            (Test::Contains(json!(2)), json!([1, 2.0]), json!("2")),
            (Test::Number(Comparison::AtLeast, 18.0), json!(18), json!(17.9)),
            (Test::Number(Comparison::LessThan, 18.0), json!(-3), json!("3")),
            (Test::Number(Comparison::Equals, 18.0), json!(18), json!(19)),
            (semver(Comparison::GreaterThan, "1.9.0"), json!("1.10.0"), json!("1.9.0")),
            (semver(Comparison::LessThan, "2.0.0"), json!("2.0.0-rc.1"), json!("2.0.0")),
            (semver(Comparison::Equals, "2.0.0"), json!("v2.0.0+build"), json!("two")),
            (semver(Comparison::AtMost, "2.0.0"), json!("2.0.0"), json!("2.0.1")),
            (Test::Before(noon), json!("2030-01-01T12:59:59+01:00"), json!("2030-01-01T12:00:00Z")),
            (Test::After(noon), json!("2030-01-01T12:00:00Z"), json!("2030-01-01T11:59:59Z")),
        ] {
            assert!(holds(test.clone(), yes.clone()), "{test:?} of {yes}");
            assert!(!holds(test.clone(), no.clone()), "{test:?} of {no}");
        }
    }

    #[test]
    fn what_is_missing_fulfils_nothing_and_negation_turns_that_round() {
        let condition = |negated| Condition { attribute: "x".into(), test: Test::Equals(json!(1)), negated };
        assert!(!condition(false).holds(&Context::default()));
        assert!(condition(true).holds(&Context::default()));
    }
}
