//! What a flag comes to for somebody at some instant. The words are OpenFeature's
//! (<https://openfeature.dev/specification/types>).
//!
//! What may not enter: how flags are found, and anything that takes longer than looking at a few values.

use super::bucket::bucket;
use super::context::{Context, TARGETING_KEY};
use super::definition::{Definition, Kind, Rule, Serve, Split};
use super::flag::Flag;
use kernel::Time;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// Why a value is the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Reason {
    /// The flag has no rules.
    Static,
    /// No rule spoke of whoever asked.
    Default,
    /// A rule gives this to everybody it speaks of.
    TargetingMatch,
    /// A rule gives this to a share of them.
    Split,
    /// The flag is switched off.
    Disabled,
}

impl Reason {
    /// Its name in OpenFeature.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Static => "STATIC",
            Self::Default => "DEFAULT",
            Self::TargetingMatch => "TARGETING_MATCH",
            Self::Split => "SPLIT",
            Self::Disabled => "DISABLED",
        }
    }
}

/// What somebody gets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Verdict<'a> {
    pub(crate) variant: &'a str,
    pub(crate) value: &'a Value,
    pub(crate) reason: Reason,
    /// The rule that decided, counting from 0.
    pub(crate) rule: Option<usize>,
}

/// Why nobody can say what somebody gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum NoVerdict {
    /// There is no such flag.
    FlagNotFound,
    /// What the database holds cannot be read by this program.
    ParseError,
    /// The flag is of another type than was asked for.
    TypeMismatch,
    /// A split is sticky by the targeting key, and the context has none.
    TargetingKeyMissing,
}

impl NoVerdict {
    /// Its name in OpenFeature.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::FlagNotFound => "FLAG_NOT_FOUND",
            Self::ParseError => "PARSE_ERROR",
            Self::TypeMismatch => "TYPE_MISMATCH",
            Self::TargetingKeyMissing => "TARGETING_KEY_MISSING",
        }
    }

    /// The same for people.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::FlagNotFound => "There is no such flag.",
            Self::ParseError => "The flag's definition was written by a newer program, and cannot be read by this one.",
            Self::TypeMismatch => "The flag is of another type.",
            Self::TargetingKeyMissing => "A rule of this flag needs a targetingKey in the context.",
        }
    }
}

/// What became of one rule, for whoever wonders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    /// It is not its time.
    OutsideSchedule,
    /// This condition does not hold, counting from 0.
    Fails(usize),
    /// The context lacks what the split is sticky by.
    NothingToSplitBy(&'a str),
    /// The bucket belongs to no share.
    InNoShare(u32),
    /// It gives this variant.
    Gives(&'a str),
    /// It gives this variant, to whoever falls into this bucket.
    Shares(&'a str, u32),
}

impl fmt::Display for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutsideSchedule => write!(f, "It is not its time."),
            Self::Fails(at) => write!(f, "Condition {} does not hold.", at + 1),
            Self::NothingToSplitBy(by) => write!(f, "The context has no {by} to split by."),
            Self::InNoShare(bucket) => write!(f, "Bucket {bucket} is in no share."),
            Self::Gives(variant) => write!(f, "Gives {variant}."),
            Self::Shares(variant, bucket) => write!(f, "Gives {variant}: bucket {bucket} is in its share."),
        }
    }
}

impl Flag {
    /// What somebody gets at `now`.
    ///
    /// # Errors
    /// `TargetingKeyMissing` when a rule that applies splits by a targeting key that the context lacks.
    pub(crate) fn evaluate<'a>(&'a self, context: &Context, now: Time) -> Result<Verdict<'a>, NoVerdict> {
        let of = &self.definition;
        if !self.enabled {
            return Ok(of.verdict(&of.off, Reason::Disabled, None));
        }
        for (at, rule) in of.rules.iter().enumerate() {
            match rule.weigh(self.key.as_str(), context, now) {
                Step::Gives(variant) => return Ok(of.verdict(variant, Reason::TargetingMatch, Some(at))),
                Step::Shares(variant, _) => return Ok(of.verdict(variant, Reason::Split, Some(at))),
                Step::NothingToSplitBy(TARGETING_KEY) => return Err(NoVerdict::TargetingKeyMissing),
                Step::OutsideSchedule | Step::Fails(_) | Step::NothingToSplitBy(_) | Step::InNoShare(_) => {}
            }
        }
        let reason = if of.rules.is_empty() { Reason::Static } else { Reason::Default };
        Ok(of.verdict(&of.default, reason, None))
    }

    /// The same for whoever wants a value of one type.
    ///
    /// # Errors
    /// `TypeMismatch` when the flag is of another one; else as [`Flag::evaluate`].
    pub(crate) fn evaluate_as<'a>(
        &'a self,
        kind: Option<Kind>,
        context: &Context,
        now: Time,
    ) -> Result<Verdict<'a>, NoVerdict> {
        if kind.is_some_and(|kind| kind != self.definition.kind) {
            return Err(NoVerdict::TypeMismatch);
        }
        self.evaluate(context, now)
    }

    /// What becomes of each rule, each with its name, whatever the ones before it decided.
    pub(crate) fn steps<'a>(&'a self, context: &Context, now: Time) -> Vec<(&'a str, Step<'a>)> {
        let rules = self.definition.rules.iter();
        rules.map(|rule| (rule.name.as_str(), rule.weigh(self.key.as_str(), context, now))).collect()
    }
}

impl Definition {
    fn verdict<'a>(&'a self, variant: &'a str, reason: Reason, rule: Option<usize>) -> Verdict<'a> {
        // Whatever a definition names is among its variants, or it would not have been made.
        let value = self.variants.get(variant).unwrap_or(&Value::Null);
        Verdict { variant, value, reason, rule }
    }
}

impl Rule {
    fn weigh<'a>(&'a self, key: &str, context: &Context, now: Time) -> Step<'a> {
        if self.from.is_some_and(|from| now < from) || self.until.is_some_and(|until| now >= until) {
            return Step::OutsideSchedule;
        }
        if let Some(at) = self.conditions.iter().position(|condition| !condition.holds(context)) {
            return Step::Fails(at);
        }
        match &self.serve {
            Serve::Variant(variant) => Step::Gives(variant),
            Serve::Split(split) => split.weigh(key, context, now),
        }
    }
}

impl Split {
    fn weigh<'a>(&'a self, key: &str, context: &Context, now: Time) -> Step<'a> {
        let Some(value) = context.sticky(&self.by) else { return Step::NothingToSplitBy(&self.by) };
        let bucket = bucket(&self.salt, key, &value);
        let mut start = 0;
        for share in &self.shares {
            if (start..start + share.amount.at(now)).contains(&bucket) {
                return Step::Shares(&share.variant, bucket);
            }
            // What a share may still grow into is nobody else's, so that its growth moves nobody else.
            start += share.amount.most();
        }
        Step::InNoShare(bucket)
    }
}
