//! What a role is, who may lose one, how a question about a decision is put, and what a flag comes to. Pure and
//! synchronous.
//!
//! What may not enter: a store, a clock, a request.

mod community;
mod flags;
mod policies;
mod question;
mod roster;
mod standing;
mod vocabulary;

pub(crate) use community::{CommunityRow, Profile, ProfileForm, slug};
pub(crate) use flags::{
    Amount, Book, Context, Definition, Difference, Entry, Flag, FlagId, FlagKey, Kind, NoVerdict, Percent, Reason,
    ShareView, Snapshot, Step, Verdict, differences,
};
pub(crate) use policies::{Line, PolicyCase, PolicyStatus, PolicyVersion, check_proposal, compared};
pub(crate) use question::{Asker, Fact, NotAQuestion};
pub(crate) use roster::{Grant, HeldRole, Roster};
pub(crate) use standing::{Held, Holder, Standing, StandingKind, StandingName, check_giving};
pub(crate) use vocabulary::Vocabulary;
