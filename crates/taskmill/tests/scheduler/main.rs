//! Each tick fires once: whatever the number of schedulers and their clocks, and wherever one of them dies.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test reports by failing")]

mod catching_up;
mod declaring;
mod firing;
mod pausing;
mod racing;
mod town;
