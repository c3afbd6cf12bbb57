//! Takes away what has ended, batch by batch. No decision waits for it: what has ended counts for nothing from that
//! instant on.

use super::changed;
use crate::Admin;
use crate::domain::Held;
use crate::operations::END_STANDINGS;
use crate::store::TakenStandings;
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::{Deserialize, Serialize};

/// How many at once.
const BATCH: u64 = 100;

/// Everything that has ended by now.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct EndStandings {}

/// How many ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ended {
    pub(crate) ended: usize,
}

impl UseCase for EndStandings {
    type Module = Admin;
    type Subject = Vec<Held>;
    type Output = Ended;
    const OPERATION: &'static Operation = &END_STANDINGS;

    async fn load(&self, admin: &Admin, caller: &Caller) -> Result<Vec<Held>, Fault> {
        admin.store.ended(caller.actor.tenant, admin.clock.now(), BATCH).await
    }

    fn resource(&self, _: &Vec<Held>, caller: &Caller) -> Resource {
        Resource::new("Tenant", caller.actor.tenant, caller.actor.tenant)
    }

    async fn run(&self, admin: &Admin, ended: Vec<Held>, permit: Permit) -> Result<Ended, Fault> {
        if ended.is_empty() {
            return Ok(Ended::default());
        }
        let told = |held: &Held| changed(&permit, "ended", held.kind, &held.name, &held.holder);
        let events: Vec<_> = ended.iter().map(told).collect();
        let answer = Ended { ended: ended.len() };
        admin.store.base().commit(permit, TakenStandings(ended), events, answer).await
    }
}
