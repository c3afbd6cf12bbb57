//! The forum through its router and its subscription, on real databases and with the real policies.
//!
//! What may not enter: a test of what another crate promises.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, also outside its own function")]

mod categories;
mod counts;
mod events;
mod forms;
mod house;
mod lists;
mod live;
mod members;
mod narrowing;
mod pages;
mod policies;
mod posts;
mod requests;
mod retries;
mod threads;
