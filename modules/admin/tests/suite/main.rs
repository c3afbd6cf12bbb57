//! Admin through its router, its portal and its subscriptions, on real databases and with the real policies.
//!
//! What may not enter: a test of what another crate promises.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, also outside its own function")]

mod decisions;
mod flag_pages;
mod flags;
mod house;
mod looks;
mod ofrep;
mod openfeature;
mod pages;
mod people;
mod policies;
mod roles;
mod standings;
mod subscribers;
