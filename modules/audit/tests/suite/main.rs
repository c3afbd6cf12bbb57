//! Audit through its router and its subscriptions, on real databases and with the real policies.
//!
//! What may not enter: a test of what another crate promises.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, also outside its own function")]

mod archive;
mod details;
mod evidence;
mod export;
mod pages;
mod persons;
mod record;
mod retention;
mod subscribers;
