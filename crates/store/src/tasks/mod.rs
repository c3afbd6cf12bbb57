//! The tables of tasks, and what must be in one transaction with other things: enqueueing with the commit that asks for
//! it, and a task's end with the commit that did it. Also the queue port on these tables.
//!
//! Claims of one queue are made one at a time, under the lock of the queue's row, in batches: that is what makes lanes,
//! limits and fairness exact over all processes. Only where a queue has neither lanes nor limits can a claim do without
//! (`at_once.rs`): it skips what somebody else is claiming.
//!
//! Whoever knows beforehand that a lane will move takes the queue's lock first, then rows of holders and tasks, then
//! unique keys. Some learn of it too late: who takes the place of a task in a lane has the unique key by then, who ends
//! its task with its commit has whatever the commit wrote, and who gives back what a holder held may find a task that was
//! claimed meanwhile. They can stand in a circle with a claim. The server then undoes one of them, which is `Stale` and
//! decided again, or `Unavailable` and tried again by whoever called.
//!
//! What may not enter: what a task does.

mod at_once;
mod choose;
mod claim;
mod desk_lists;
mod desk_orders;
mod desk_redrive;
mod desk_views;
mod enqueue;
mod give_back;
mod holders;
mod keys;
mod look;
mod place;
mod queue;
mod rows;
mod saga_lists;
mod saga_rows;
pub mod sagas;
pub mod schedules;
mod settle;
mod sweep;
mod sweep_lanes;
mod waiting;

pub use desk_orders::{HAS_ENDED, KEY_TAKEN, NO_SUCH_QUEUE, NO_SUCH_TASK, NOT_DEAD, TaskOrder};
pub(crate) use enqueue::enqueue;
pub use queue::SqlTaskQueue;
pub use settle::result_fits;
pub(crate) use settle::{end_with_commit, hold};
pub use sweep::{SweepPlace, Swept};

use kernel::{Lane, Priority, Time, Unique};
use sea_orm::DbBackend;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The longest unique key and the longest lane, in bytes.
const MAX_KEY: usize = 160;
/// An instant nobody lives to see, well inside what every engine's integers and every calendar hold.
const FOREVER_US: i64 = 253_402_300_799_000_000;

/// What a task asked of its queue, kept with its body for another life.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Demand {
    priority: Priority,
    unique: Option<Unique>,
    lane: Option<Lane>,
    expires_after: Option<Duration>,
}

/// Microseconds since 1970.
fn micros(time: Time) -> i64 {
    time.timestamp_micros().clamp(0, FOREVER_US)
}

/// The instant so many microseconds after 1970.
fn instant(micros: i64) -> Time {
    Time::from_timestamp_micros(micros).unwrap_or_default()
}

/// What keeps the rows a statement reads from being changed by others, where the engine does not lock everything.
fn for_update(backend: DbBackend) -> &'static str {
    if backend == DbBackend::Sqlite { "" } else { " FOR UPDATE" }
}

/// One more column that lets this transaction's commit not wait for the disk, where waiting can be had and be left. A
/// claim that a crash of the server forgets was never made: the task is in its queue again, and whatever the handler
/// commits waits for the disk itself, claim included.
fn need_not_be_durable(backend: DbBackend) -> &'static str {
    if backend == DbBackend::Postgres { ", set_config('synchronous_commit', 'off', true)" } else { "" }
}
