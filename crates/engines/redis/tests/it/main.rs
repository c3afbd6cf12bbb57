//! The engine on real servers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test reports by failing")]

mod cluster;
mod queue;
mod shared;
mod subject;
mod trouble;
