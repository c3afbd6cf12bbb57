//! What audit does besides answering: its tasks and schedules in one list.

use crate::Audit;
use crate::usecases::{ArchiveEntries, SealEntries};
use audit_contract::reasons::DAMAGED;
use kernel::{Fault, reasons};
use runtime::{StartError, Worker};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use taskmill::{Mill, Ran, Retry, Schedule, Task, TaskContext, Tasks, Terms};

/// Every task, with its schedule.
pub(crate) fn tasks(audit: &Arc<Audit>) -> Result<Tasks<Audit>, StartError> {
    let each_minute = Schedule::new("audit.seal_entries", "* * * * *", "UTC", |_| SealRecords {});
    let each_minute = each_minute.map_err(StartError::of)?.one_at_a_time();
    let each_night = Schedule::new("audit.archive_entries", "17 3 * * *", "UTC", |_| ArchiveRecords {});
    let each_night = each_night.map_err(StartError::of)?.one_at_a_time();
    let tasks = Tasks::of(Arc::clone(audit)).task::<SealRecords>().schedule(each_minute);
    Ok(tasks.task::<ArchiveRecords>().schedule(each_night))
}

/// The workers of the mill.
pub(crate) fn workers(mill: &Mill<Audit>) -> Vec<Worker> {
    Worker::of_mill("audit", mill.worker(), mill.housekeeping(), mill.scheduler(), mill.wake())
}

/// Seals what waits, of every community.
#[derive(Debug, Serialize, Deserialize)]
struct SealRecords {}

/// Batch by batch, until nothing waits. What waits is read anew each time, so an attempt goes on where the one before
/// came to. A record that is damaged keeps no other from being sealed.
#[async_trait::async_trait]
impl Task for SealRecords {
    type Module = Audit;
    const KIND: &'static str = "audit.seal_entries";

    fn terms() -> Terms {
        // One comes each minute, and the checkpoints tell more than their results. While one waits for its next attempt
        // no other comes.
        let retry = Retry { longest: Duration::from_mins(1), ..Retry::default() };
        Terms { keep: Duration::from_hours(1), retry, ..Terms::default() }
    }

    async fn run(&self, audit: &Audit, context: &TaskContext) -> Result<Ran, Fault> {
        let (mut sum, mut damaged) = (0, None);
        for tenant in audit.store.waiting_tenants().await? {
            loop {
                match audit.execute(&context.caller(), SealEntries { tenant }).await {
                    Ok(0) => break,
                    Ok(sealed) => sum += sealed,
                    Err(fault) if fault.is(&DAMAGED) => {
                        damaged = Some(fault);
                        break;
                    }
                    Err(fault) => return Err(fault),
                }
                if context.stop().is_cancelled() {
                    return Err(reasons::DRAINING.fault());
                }
            }
        }
        damaged.map_or_else(|| Ran::with(&json!({ "sealed": sum })), Err)
    }
}

/// Moves what is older than the setting says into archives, of every community.
#[derive(Debug, Serialize, Deserialize)]
struct ArchiveRecords {}

/// Archive by archive. Where a record was archived up to is read anew each time, so an attempt goes on where the one before
/// came to. Each is archived in its own community's name, and one that fails keeps no other from it; the last fault is told.
#[async_trait::async_trait]
impl Task for ArchiveRecords {
    type Module = Audit;
    const KIND: &'static str = "audit.archive_entries";

    async fn run(&self, audit: &Audit, context: &TaskContext) -> Result<Ran, Fault> {
        let (mut sum, mut failed) = (0, None);
        let tenants = if audit.retention_days == 0 { Vec::new() } else { audit.store.signed_tenants().await? };
        let before = audit.store.base().clock().now() - Duration::from_hours(24 * u64::from(audit.retention_days));
        for tenant in tenants {
            let mut caller = context.caller();
            caller.actor.tenant = tenant;
            loop {
                match audit.execute(&caller, ArchiveEntries { tenant, before }).await {
                    Ok(0) => break,
                    Ok(archived) => sum += archived,
                    Err(fault) => {
                        failed = Some(fault);
                        break;
                    }
                }
                if context.stop().is_cancelled() {
                    return Err(reasons::DRAINING.fault());
                }
            }
        }
        failed.map_or_else(|| Ran::with(&json!({ "archived": sum })), Err)
    }
}
