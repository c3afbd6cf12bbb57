//! The gateway between real clients and real servers on loopback.

#![allow(clippy::unwrap_used, reason = "the lint's exemption for tests does not reach the harness beside them")]

mod harness;
mod headers;
mod routing;
mod streams;
mod trouble;
