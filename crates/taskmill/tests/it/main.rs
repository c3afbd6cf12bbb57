//! Tasks on every relational engine, with real workers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test reports by failing")]

mod at_work;
mod attempts;
mod bounced;
mod cancelled;
mod leases;
mod limits;
mod looks;
#[path = "../mill/mod.rs"]
mod mill;
mod suite;
mod trouble;
mod work;
