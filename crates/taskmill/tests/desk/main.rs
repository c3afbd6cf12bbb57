//! The desk and the housekeeping on every relational engine: what operators see, what they order, what goes by itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test reports by failing")]

mod cancelling;
mod keeping;
mod looking;
mod paging;
mod queues;
mod racing;
mod redriving;
mod room;
mod schedules;
