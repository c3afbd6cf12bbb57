//! Logs, traces and metrics: started once, written through `tracing` and [`meters`], stopped before the runtime goes.
//!
//! What may not enter: a route that serves any of it (the runtime has those), a secret, a label whose values a stranger
//! can make up.

mod context;
mod fields;
mod log_line;
mod meters;
mod process;
mod start;
#[cfg(test)]
mod tests;

pub use context::{current_trace_id, current_traceparent, set_parent};
pub use meters::{DeliveryOutcome, Meters, TaskOutcome, meters};
pub use start::{Guard, InitError, LogFormat, Options, ShutdownError, init};
