//! Admin's database: what decisions load, what they write, and what pages read.
//!
//! What may not enter: a rule. Whether something may be written was decided before it comes here.

mod changes;
mod reads;

pub(crate) use changes::{ChangeRole, RecordedPerson};
pub(crate) use reads::{AdminStore, KnownPerson, PeopleFilter, Person, Tenant};
