//! What flags look like over REST: the shapes of bodies and queries, documented for OpenAPI.

use crate::domain::Difference;
use crate::store::{FlagVersion, FlagView};
use crate::usecases::Trial;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Which flags to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct FlagsParams {
    /// Part of a key or a description, in any case.
    pub(super) query: Option<String>,
    /// Whether those put away are listed, and only those.
    #[serde(default)]
    pub(super) archived: bool,
    /// The `next` of the answer to go on from.
    pub(super) cursor: Option<String>,
    /// How many at most: 1 to 200, 50 when absent.
    pub(super) limit: Option<u32>,
}

/// A feature flag.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FlagBody {
    /// Its id.
    pub(super) id: Uuid,
    /// What programs call it.
    #[schema(example = "new-editor")]
    pub(super) key: String,
    /// The type of its values: `boolean`, `string`, `number` or `json`.
    #[schema(example = "boolean")]
    pub(super) kind: String,
    /// What it is for.
    pub(super) description: String,
    /// Whether guests may ask for it.
    pub(super) public: bool,
    /// Whether its rules speak; else everybody gets the variant named `off`.
    pub(super) enabled: bool,
    /// Whether it was put away.
    pub(super) archived: bool,
    /// The definition as it was written.
    #[schema(value_type = Object)]
    pub(super) definition: Value,
    /// Counting from 1; what `If-Match` is compared with, as `"v<number>"`.
    pub(super) version: i64,
    /// Whoever changed it last, as `user:<UUID>` or `service:<name>`.
    pub(super) changed_by: String,
    /// Their name, if it is known.
    pub(super) changed_by_name: Option<String>,
    /// When it was changed last.
    pub(super) changed_at: DateTime<Utc>,
}

impl From<FlagView> for FlagBody {
    fn from(flag: FlagView) -> Self {
        Self {
            id: flag.id.0,
            kind: flag.kind().to_owned(),
            description: flag.description().to_owned(),
            public: flag.public(),
            key: flag.key,
            enabled: flag.enabled,
            archived: flag.archived,
            definition: flag.definition,
            version: flag.version,
            changed_by: flag.changed_by,
            changed_by_name: flag.changed_by_name,
            changed_at: flag.changed_at,
        }
    }
}

/// Some consecutive flags.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FlagsBody {
    /// By key.
    pub(super) items: Vec<FlagBody>,
    /// Where to go on from; null on the last page.
    pub(super) next: Option<String>,
}

/// A flag as its maker words it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewFlagBody {
    /// What programs are to call it: 1 to 100 of a to z, 0 to 9, dots, hyphens and underscores.
    #[schema(example = "new-editor")]
    pub(super) key: String,
    /// Whether its rules speak from the start; they do when absent.
    pub(super) enabled: Option<bool>,
    /// The definition; `docs/flags.md` describes it.
    #[schema(value_type = Object, example = json!({"kind": "boolean", "variants": {"on": true, "off": false}, "default": "off", "off": "off", "rules": [{"split": {"shares": [{"variant": "on", "percent": 10}]}}]}))]
    pub(super) definition: Value,
}

/// Another definition for a flag.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DefinitionBody {
    /// The definition; `docs/flags.md` describes it.
    #[schema(value_type = Object)]
    pub(super) definition: Value,
}

/// How the switch is to stand.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SwitchBody {
    /// Whether the flag's rules are to speak.
    pub(super) enabled: bool,
}

/// The percentage for one share.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RolloutBody {
    /// The rule, counting from 0.
    pub(super) rule: usize,
    /// The share of its split, counting from 0; the first when absent.
    #[serde(default)]
    pub(super) share: usize,
    /// 0 to 100, with at most three decimals.
    #[schema(example = 12.5)]
    pub(super) percent: f64,
}

/// One version of a flag.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FlagVersionBody {
    /// Counting from 1.
    version: i64,
    /// What made it, such as `admin.switch_flag`.
    operation: String,
    /// Whoever made it, as `user:<UUID>` or `service:<name>`.
    by: String,
    /// Their name, if it is known.
    by_name: Option<String>,
    /// From when it held.
    at: DateTime<Utc>,
    /// `enabled`, `archived` and `definition` as they were from then on.
    #[schema(value_type = Object)]
    state: Value,
    /// What is different from the version before.
    changes: Vec<DifferenceBody>,
}

/// One place that is not what it was.
#[derive(Debug, Serialize, ToSchema)]
struct DifferenceBody {
    /// Where.
    #[schema(example = "definition.rules[0].split.shares[0].percent")]
    path: String,
    /// What stood there; absent when there was nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Value>,
    /// What stands there; absent when there is nothing any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Value>,
}

impl From<FlagVersion> for FlagVersionBody {
    fn from(version: FlagVersion) -> Self {
        let difference = |Difference { path, before, after }| DifferenceBody { path, before, after };
        Self {
            version: version.version,
            operation: version.operation,
            by: version.by,
            by_name: version.by_name,
            at: version.at,
            state: version.state,
            changes: version.changes.into_iter().map(difference).collect(),
        }
    }
}

/// Every version of a flag.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FlagVersionsBody {
    /// The first version first.
    pub(super) items: Vec<FlagVersionBody>,
}

/// For whom a flag is tried.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TryBody {
    /// Attributes by name; `targetingKey` is whoever it is.
    #[serde(default)]
    #[schema(value_type = Object, example = json!({"targetingKey": "user-7"}))]
    pub(super) context: Value,
}

/// What came of a trial.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TrialBody {
    /// The variant; absent when it cannot be told.
    variant: Option<String>,
    /// Its value.
    value: Option<Value>,
    /// Why, as OpenFeature names it; `ERROR` when it cannot be told.
    #[schema(example = "SPLIT")]
    reason: &'static str,
    /// What is in the way, as OpenFeature names it.
    error_code: Option<&'static str>,
    /// The rule that decided, counting from 0.
    rule: Option<usize>,
    /// What became of each rule, in their order.
    rules: Vec<TriedRuleBody>,
}

/// What became of one rule.
#[derive(Debug, Serialize, ToSchema)]
struct TriedRuleBody {
    /// Its name, or empty.
    name: String,
    /// Whether it would give something, if no rule before it does.
    applies: bool,
    /// The same in words.
    detail: String,
}

impl From<Trial> for TrialBody {
    fn from(trial: Trial) -> Self {
        let rules = trial.rules.into_iter();
        let rules =
            rules.map(|rule| TriedRuleBody { name: rule.name, applies: rule.applies, detail: rule.words }).collect();
        match trial.evaluation.told {
            Ok(told) => Self {
                variant: Some(told.variant),
                value: Some(told.value),
                reason: told.reason.name(),
                error_code: None,
                rule: told.rule,
                rules,
            },
            Err(error) => {
                Self { variant: None, value: None, reason: "ERROR", error_code: Some(error.code()), rule: None, rules }
            }
        }
    }
}
