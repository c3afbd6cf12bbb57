//! How rules are read: conditions, operators, splits, shares. What may not enter: what they come to for somebody.

use super::bucket::{Amount, BUCKETS, Percent};
use super::condition::{Comparison, Condition, OneOf, Test, version};
use super::context::TARGETING_KEY;
use super::definition::{MOST_VARIANTS, Rule, Serve, Share, Split, optional, variant};
use super::reader::{Node, Object};
use semver::Version;
use serde_json::Value;
use std::collections::BTreeMap;

const MOST_CONDITIONS: usize = 50;
const MOST_VALUES: usize = 1_000;

const OPERATORS: [&str; 18] = [
    "exists",
    "equals",
    "in",
    "starts_with",
    "ends_with",
    "contains",
    "number_equals",
    "less_than",
    "at_most",
    "greater_than",
    "at_least",
    "semver_equals",
    "semver_less_than",
    "semver_at_most",
    "semver_greater_than",
    "semver_at_least",
    "before",
    "after",
];

/// One rule; variants that it names are among `known`.
pub(super) fn rule(node: Node<'_>, known: Option<&BTreeMap<String, Value>>) -> Option<Rule> {
    let object = node.object(&["name", "from", "until", "conditions", "variant", "split"])?;
    let name = optional(&object, "name", String::new(), |node| Some(node.text(100)?.to_owned()));
    let from = optional(&object, "from", None, |node| node.instant().map(Some));
    let until = optional(&object, "until", None, |node| node.instant().map(Some));
    if let (Some(Some(from)), Some(Some(until)), Some(node)) = (from, until, object.get("until"))
        && from >= until
    {
        node.wrong::<()>("must be later than `from`");
    }
    let conditions = optional(&object, "conditions", Vec::new(), |node| {
        let conditions: Vec<_> = node.list(MOST_CONDITIONS)?.into_iter().map(condition).collect();
        conditions.into_iter().collect()
    });
    let serve = match (object.get("variant"), object.get("split")) {
        (Some(node), None) => variant(&node, known).map(Serve::Variant),
        (None, Some(node)) => split(node, known).map(Serve::Split),
        _ => object.node.wrong("must have either a variant or a split"),
    };
    Some(Rule { name: name?, from: from?, until: until?, conditions: conditions?, serve: serve? })
}

fn split(node: Node<'_>, known: Option<&BTreeMap<String, Value>>) -> Option<Split> {
    let object = node.object(&["by", "salt", "shares"])?;
    let by = optional(&object, "by", TARGETING_KEY.to_owned(), |node| Some(node.words(100)?.to_owned()));
    let salt = optional(&object, "salt", String::new(), |node| Some(node.text(100)?.to_owned()));
    let list = object.need("shares")?;
    let shares: Vec<_> = list.clone().list(MOST_VARIANTS)?.into_iter().map(|node| share(node, known)).collect();
    let shares: Vec<Share> = shares.into_iter().collect::<Option<_>>()?;
    let all: u32 = shares.iter().map(|share| share.amount.most()).sum();
    if shares.is_empty() || all > BUCKETS {
        return list.wrong("must have at least one share, and no more than 100 percent in all");
    }
    Some(Split { by: by?, salt: salt?, shares })
}

fn share(node: Node<'_>, known: Option<&BTreeMap<String, Value>>) -> Option<Share> {
    let object = node.object(&["variant", "percent"])?;
    let variant = object.need("variant").and_then(|node| variant(&node, known));
    let amount = object.need("percent").and_then(amount);
    Some(Share { variant: variant?, amount: amount? })
}

fn amount(node: Node<'_>) -> Option<Amount> {
    if !node.value.is_object() {
        return percent(&node).map(Amount::Fixed);
    }
    let object = node.object(&["from", "to", "starts", "ends"])?;
    let from = object.need("from").and_then(|node| percent(&node));
    let to = object.need("to").and_then(|node| percent(&node));
    let starts = object.need("starts").and_then(|node| node.instant());
    let ends = object.need("ends").and_then(|node| node.instant());
    let (from, to, starts, ends) = (from?, to?, starts?, ends?);
    if from > to {
        return object.need("to")?.wrong("must not be less than `from`: a share only grows");
    }
    if starts >= ends {
        return object.need("ends")?.wrong("must be later than `starts`");
    }
    Some(Amount::Growing { from, to, starts, ends })
}

fn percent(node: &Node<'_>) -> Option<Percent> {
    let percent = node.value.as_f64().and_then(Percent::parse);
    percent.or_else(|| node.wrong("must be a percentage: 0 to 100, with at most three decimals"))
}

fn condition(node: Node<'_>) -> Option<Condition> {
    let object = node.object(&["attribute", "operator", "value", "not"])?;
    let attribute = object.need("attribute").and_then(|node| Some(node.words(100)?.to_owned()));
    let negated = optional(&object, "not", false, |node| node.flag());
    let test = object.need("operator").and_then(|node| test(&node, &object));
    Some(Condition { attribute: attribute?, test: test?, negated: negated? })
}

/// The operator with the value that it wants.
fn test(operator: &Node<'_>, object: &Object<'_>) -> Option<Test> {
    let name = operator.value.as_str().unwrap_or_default();
    if !OPERATORS.contains(&name) {
        return operator.wrong(format!("must be one of {}", OPERATORS.join(", ")));
    }
    if name == "exists" {
        return match object.get("value") {
            Some(node) => node.wrong("must not be given: `exists` compares with nothing"),
            None => Some(Test::Exists),
        };
    }
    let node = object.need("value")?;
    let text = |node: &Node<'_>| Some(node.words(1_000)?.to_owned());
    Some(match name {
        "equals" => Test::Equals(scalar(&node)?),
        "contains" => Test::Contains(scalar(&node)?),
        "starts_with" => Test::StartsWith(text(&node)?),
        "ends_with" => Test::EndsWith(text(&node)?),
        "before" => Test::Before(node.instant()?),
        "after" => Test::After(node.instant()?),
        "in" => Test::In(one_of(node)?),
        name => match name.strip_prefix("semver_") {
            Some(name) => Test::Semver(comparison(name), semver(&node)?),
            None => Test::Number(comparison(name), node.value.as_f64().or_else(|| node.wrong("must be a number"))?),
        },
    })
}

fn comparison(name: &str) -> Comparison {
    match name {
        "less_than" => Comparison::LessThan,
        "at_most" => Comparison::AtMost,
        "greater_than" => Comparison::GreaterThan,
        "at_least" => Comparison::AtLeast,
        _ => Comparison::Equals,
    }
}

fn semver(node: &Node<'_>) -> Option<Version> {
    let bound = node.value.as_str().and_then(version);
    bound.or_else(|| node.wrong("must be a version such as 2.1.0 (semver.org)"))
}

fn scalar(node: &Node<'_>) -> Option<Value> {
    match node.value {
        Value::String(_) => node.words(1_000).map(Value::from),
        Value::Number(_) | Value::Bool(_) => Some(node.value.clone()),
        _ => node.wrong("must be a text, a number, true or false"),
    }
}

fn one_of(node: Node<'_>) -> Option<OneOf> {
    let list = node.clone().list(MOST_VALUES)?;
    if list.is_empty() {
        return node.wrong("must have at least one entry");
    }
    let values: Vec<_> = list.iter().map(scalar).collect();
    values.into_iter().collect()
}
