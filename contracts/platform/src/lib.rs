//! What others may know of `platform`: how it fails (`reasons`).
//!
//! What may not enter: rules, storage, or anything that only the module itself needs.

pub mod reasons;
