//! What others may know of `audit`: how it fails (`reasons`).
//!
//! What may not enter: rules, storage, or anything that only the module itself needs.

pub mod reasons;
