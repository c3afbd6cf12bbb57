//! The journeys: real people through real processes, in every topology and on every relational engine.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test reports by failing"
)]

mod browser;
mod client;
mod communities;
mod configuration;
mod console;
mod disk;
mod failures;
mod flags;
mod grpc;
mod live;
mod looks;
mod outages;
mod record;
mod rest;
mod revoked;
mod scoping;
mod second_factor;
mod stack;
mod tasks;
