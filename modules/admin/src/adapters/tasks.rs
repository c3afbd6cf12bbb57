//! What admin does besides answering: its tasks and schedules in one list.

use crate::Admin;
use crate::usecases::{EndStandings, Ended};
use kernel::{Fault, reasons};
use runtime::{StartError, Worker};
use std::sync::Arc;
use taskmill::{Mill, Ran, Schedule, Task, TaskContext, Tasks};

/// Every task, with its schedule.
pub(crate) fn tasks(admin: &Arc<Admin>) -> Result<Tasks<Admin>, StartError> {
    let minutely = Schedule::new("admin.end_standings", "* * * * *", "UTC", |_| EndStandings {});
    let tasks = Tasks::of(Arc::clone(admin)).task::<EndStandings>();
    Ok(tasks.schedule(minutely.map_err(StartError::of)?.one_at_a_time()))
}

/// The workers of the mill.
pub(crate) fn workers(mill: &Mill<Admin>) -> Vec<Worker> {
    Worker::of_mill("admin", mill.worker(), mill.housekeeping(), mill.scheduler(), mill.wake())
}

/// Batch by batch, in each community, until nothing is left that has ended.
#[async_trait::async_trait]
impl Task for EndStandings {
    type Module = Admin;
    const KIND: &'static str = "admin.end_standings";

    async fn run(&self, admin: &Admin, context: &TaskContext) -> Result<Ran, Fault> {
        let mut sum = Ended::default();
        for tenant in admin.store.tenants_with_ended(admin.clock.now()).await? {
            let mut caller = context.caller();
            caller.actor.tenant = tenant;
            loop {
                let Ended { ended } = admin.execute(&caller, Self {}).await?;
                if ended == 0 {
                    break;
                }
                sum.ended += ended;
                if context.stop().is_cancelled() {
                    return Err(reasons::DRAINING.fault());
                }
            }
        }
        Ran::with(&sum)
    }
}
