//! Sagas: durable business processes over several modules, each step with its way back.
//!
//! A module writes a process as a [`Saga`]: a struct with what it knows, and a [`Plan`] that reads as the process does.
//! It starts one in a commit ([`start`]), tells it what happened in a commit ([`Signal`]), and lists [`Advance`] among
//! its tasks. `docs/sagas.md` has the whole story.
//!
//! What may not enter: SQL (that is the store's), and what any process is about.

mod act;
mod advance;
#[cfg(test)]
mod checks;
mod decide;
mod desk;
mod plan;
mod progress;
mod rules;
mod shape;
mod start;
mod story;

pub use act::{Act, Local, Turn};
pub use advance::Advance;
pub use decide::SagaOrder;
pub use desk::{ENDED, NO_RETURN, NO_SAGA, NOTHING_FAILED, REASONS, Sagas, UNDOING, UNREADABLE};
pub use plan::{Heard, Plan, Saga, SagaHome, Step, Together, Wait};
pub use shape::{PlanError, Tries, Verdict};
pub use start::{Signal, Started, start};
