//! What can be looked for in the record, and what makes a change of it evident. Pure and synchronous.
//!
//! What may not enter: a store, a clock, a request.

mod broken;
mod checkpoint;
mod detail;
mod digest;
mod export;
pub(crate) mod merkle;
mod proof;
mod sealed;
mod segment;
mod verifier;
mod wanted;

pub(crate) use broken::Broken;
pub(crate) use checkpoint::{Checkpoint, NoteRefused, PublicKey};
pub(crate) use detail::Impersonal;
pub(crate) use digest::{Digest, NoDigest};
pub(crate) use export::{Header, Line};
pub(crate) use proof::{Tree, is_consistent, is_included};
pub(crate) use sealed::{Person, SealedEntry};
pub(crate) use segment::Segment;
pub(crate) use verifier::{Kept, Verified, Verifier};
pub(crate) use wanted::{Target, Typed, Wanted};
