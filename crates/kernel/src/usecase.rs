//! The shape of everything that can be done: load, authorise, run.

use crate::{Caller, Fault, Operation, Permit, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::future::Future;

/// One thing a module can do. The value is its input, as the adapter received it.
///
/// The pipeline calls the three steps in order, and nothing else does: so nobody can forget to ask for permission,
/// and nobody who lacks it learns whether the rest of the input was valid.
pub trait UseCase: Serialize + Send + Sync {
    /// The module's ports: its store, its clock, the portals it uses.
    type Module: Send + Sync;
    /// What must be known before anybody can say whether it is allowed.
    type Subject: Send;
    /// What comes back.
    type Output: Serialize + DeserializeOwned + Send;
    /// Its name, kind and resource.
    const OPERATION: &'static Operation;

    /// Reads what the decision needs. Must not change anything.
    fn load(&self, module: &Self::Module, caller: &Caller)
    -> impl Future<Output = Result<Self::Subject, Fault>> + Send;

    /// The subject as policies see it.
    fn resource(&self, subject: &Self::Subject, caller: &Caller) -> Resource;

    /// Validates the input, lets the domain decide, commits.
    fn run(
        &self,
        module: &Self::Module,
        subject: Self::Subject,
        permit: Permit,
    ) -> impl Future<Output = Result<Self::Output, Fault>> + Send;
}
