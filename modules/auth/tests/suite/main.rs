//! Auth through its own doors: REST, pages, gRPC and portal, on a real database with the real policies.

#![allow(clippy::unwrap_used, clippy::panic, reason = "the lints' exemption for tests does not reach what serves them")]

mod guessing;
mod house;
mod invitations;
mod keys;
mod life_cycle;
mod policies;
mod portal;
mod profiles;
mod recovery;
mod register;
mod second_factors;
mod secrets;
mod sessions;
mod setup;
mod story;
mod sweeps;
mod tokens;
