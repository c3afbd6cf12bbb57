//! Admin's database: what decisions load, what they write, and what pages read.
//!
//! What may not enter: a rule. Whether something may be written was decided before it comes here.

mod changes;
mod communities;
mod flags;
mod policies;
mod reads;
mod standings;

pub(crate) use changes::{ChangeRole, Founded, RecordedPerson};
pub(crate) use communities::{NewOperator, WrittenCommunity};
pub(crate) use flags::{FlagFilter, FlagVersion, FlagView, WrittenFlag};
pub(crate) use policies::WrittenPolicies;
pub(crate) use reads::{AdminStore, KnownPerson, PeopleFilter, Person};
pub(crate) use standings::{GivenStanding, TakenStandings, WrittenStanding};

use admin_contract::reasons;

/// What the database refuses, and why.
pub(crate) const CONSTRAINTS: store::Constraints = &[
    ("ux_flags_tenant_id_flag_key", &reasons::FLAG_EXISTS),
    ("ux_tenants_slug", &reasons::SLUG_TAKEN),
    ("ux_domains_domain", &reasons::DOMAIN_TAKEN),
];
