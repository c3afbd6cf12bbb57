//! Tasks on every relational engine, with real workers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test reports by failing")]

mod cancelled;
mod leases;
mod mill;
mod suite;
mod work;
