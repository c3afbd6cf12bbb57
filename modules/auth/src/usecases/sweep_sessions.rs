//! Forgets log-ins and mailed links that have expired, a batch at a time. What has expired is refused with or without its row; without
//! this the rows of whoever never comes back would stay for ever.

use super::account::account;
use crate::store::{Expired, ForgetExpired, Forgotten};
use crate::{Auth, operations};
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, PoisonError};

/// How many of each go in one commit.
const BATCH: u64 = 500;

/// Takes nothing: what is to go is in the tables. Answers with how many went; none is the end.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SweepSessions {}

impl UseCase for SweepSessions {
    type Module = Auth;
    type Subject = Expired;
    type Output = Forgotten;
    const OPERATION: &'static Operation = &operations::SWEEP_SESSIONS;

    async fn load(&self, module: &Auth, _: &Caller) -> Result<Expired, Fault> {
        module.store.expired(module.clock.now(), BATCH).await
    }

    fn resource(&self, _: &Expired, caller: &Caller) -> Resource {
        account(None, caller)
    }

    async fn run(&self, module: &Auth, expired: Expired, permit: Permit) -> Result<Forgotten, Fault> {
        let forgotten = Arc::<Mutex<Forgotten>>::default();
        if !expired.is_empty() {
            let forget = ForgetExpired::new(expired, &forgotten);
            module.store.inner().commit(permit, forget, Vec::new(), ()).await?;
        }
        let forgotten = *forgotten.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(forgotten)
    }
}
