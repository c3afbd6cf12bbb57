//! Portals over a real socket, beside the same portals without one. Nothing here waits for time to pass: clocks are
//! moved by hand, and servers say when a call has arrived.

#![allow(clippy::unwrap_used, reason = "the lint's exemption for tests does not reach the harness beside them")]

mod desks;
mod feed;
mod harness;
mod listeners;
mod outside;
mod portals;
mod resilience;
