//! Every flag of this installation, ready to be evaluated, in this process's memory. Readers take what is there and
//! wait for nobody; whoever keeps it current puts a new snapshot in the place of the old one.
//!
//! What may not enter: where flags are read from, and when.

use super::evaluate::NoVerdict;
use super::flag::Flag;
use arc_swap::ArcSwap;
use kernel::TenantId;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A flag, unless what the database holds cannot be read by this program.
pub(crate) type Entry = Result<Flag, NoVerdict>;

/// One community's flags at one instant, by key; what was put away is not among them.
#[derive(Debug, Default)]
pub(crate) struct Snapshot(BTreeMap<String, Entry>);

impl Snapshot {
    /// The flag of that key.
    ///
    /// # Errors
    /// `FlagNotFound`, or `ParseError` when it cannot be read.
    pub(crate) fn flag(&self, key: &str) -> Result<&Flag, NoVerdict> {
        self.0.get(key).ok_or(NoVerdict::FlagNotFound)?.as_ref().map_err(|error| *error)
    }

    /// Every flag's key.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl FromIterator<(String, Entry)> for Snapshot {
    fn from_iter<I: IntoIterator<Item = (String, Entry)>>(flags: I) -> Self {
        Self(flags.into_iter().collect())
    }
}

/// The snapshots of every community.
#[derive(Debug, Default)]
pub(crate) struct Book(ArcSwap<HashMap<TenantId, Arc<Snapshot>>>);

impl Book {
    /// A community's flags as they are now.
    pub(crate) fn of(&self, tenant: TenantId) -> Arc<Snapshot> {
        self.0.load().get(&tenant).cloned().unwrap_or_default()
    }

    /// Puts these in the place of all that were there.
    pub(crate) fn replace(&self, all: HashMap<TenantId, Arc<Snapshot>>) {
        self.0.store(Arc::new(all));
    }
}
