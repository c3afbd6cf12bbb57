//! The loads every task queue is put under, and the clocks that measure them. Ours and the rivals run this very code, so
//! that a figure differs by the queue alone.
//!
//! What may not enter: anything that knows which queue it measures.
#![allow(clippy::disallowed_methods, reason = "a benchmark has no supervisor and measures real time")]

mod database;
mod load;
mod queue;
mod report;
mod scenarios;
mod soak;
mod tally;

pub use load::{Load, Scenario};
pub use queue::{Queue, Running, Task};
pub use report::{Minute, Report};
pub use scenarios::run;
pub use tally::{Handled, Tally};
