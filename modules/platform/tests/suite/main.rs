//! Platform through its router and its commands, with the real policies, over desks that keep everything in memory.
//!
//! What may not enter: a test of what a desk promises.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, also outside its own function")]

mod access;
mod console;
mod desk;
mod looks;
mod mill;
mod orders;
mod pages;
mod rest;
mod shell;
mod silence;
