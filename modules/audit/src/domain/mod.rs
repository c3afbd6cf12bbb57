//! What can be looked for in the record. Pure and synchronous.
//!
//! What may not enter: a store, a clock, a request.

mod wanted;

pub(crate) use wanted::{Target, Typed, Wanted};
