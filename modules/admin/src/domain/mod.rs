//! What a role is, who may lose one, and how a question about a decision is put. Pure and synchronous.
//!
//! What may not enter: a store, a clock, a request.

mod question;
mod roster;
mod vocabulary;

pub(crate) use question::{Asker, Fact, NotAQuestion};
pub(crate) use roster::{Grant, HeldRole, Roster};
pub(crate) use vocabulary::Vocabulary;
