//! The store on every relational engine: what one commit promises, and what subscribers may rely on.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test reports by failing"
)]

mod commits;
mod engines;
mod feed;
mod notes;
mod opening;
mod sealing;
mod sequencing;
mod servers;
mod tasks;
