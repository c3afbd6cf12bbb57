//! What others may know of `admin`: which role somebody holds and what flags come to (`AdminPortal`), what it tells
//! (events) and how it fails (`reasons`).
//!
//! Everything here but the reasons is made from `proto/`. What may not enter: rules, storage, or anything that only
//! the module itself needs.

pub mod reasons;

// Generated text is not styled by hand. It must still be documented: its docs are the comments of the .proto files.
mod generated {
    #![allow(
        clippy::all,
        unused_qualifications,
        reason = "generated paths are absolute so that no message shadows them"
    )]

    include!(concat!(env!("OUT_DIR"), "/polity.admin.v1.rs"));
}

pub use generated::*;
