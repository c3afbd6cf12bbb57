//! Streams on every relational engine: what an append promises, how a load reads, and that a read model is never read
//! half-filled.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test reports by failing"
)]

mod appending;
mod balances;
mod goldens;
mod loading;
mod projecting;
mod purse;
mod rebuilding;
