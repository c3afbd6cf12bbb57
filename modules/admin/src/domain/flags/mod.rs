//! Feature flags: what one is, what a definition may say, and what it comes to for somebody at some instant.
//!
//! What may not enter: a store, a clock, a request. Whoever evaluates says what time it is.

mod book;
mod bucket;
mod condition;
mod context;
mod definition;
mod difference;
mod evaluate;
mod flag;
mod reader;
mod rules;
#[cfg(test)]
mod tests;

pub(crate) use book::{Book, Entry, Snapshot};
pub(crate) use bucket::{Amount, Percent};
pub(crate) use context::Context;
pub(crate) use definition::{Definition, Kind, ShareView};
pub(crate) use difference::{Difference, differences};
pub(crate) use evaluate::{NoVerdict, Reason, Step, Verdict};
pub(crate) use flag::{Flag, FlagId, FlagKey};
