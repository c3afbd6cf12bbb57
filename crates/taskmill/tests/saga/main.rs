//! Sagas over real databases and real portals, in one process and split.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a test reports by failing"
)]

mod bounced;
mod drops;
mod faults;
mod kills;
mod market;
mod operators;
mod shelved;
mod signals;
mod toys;
mod versions;
mod waits;
