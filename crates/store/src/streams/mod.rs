//! Event sourcing: aggregates whose history is their state, and the read models made from it.
//!
//! ```text
//! let mut purse = store.load::<Purse>(id).await?;          // last snapshot and later events, in one read
//! let paid = purse.state().withdraw(amount)?;              // a pure decision
//! purse.record(paid);
//! store.commit(permit, purse.append()?, events, answer)    // Stale when somebody else was quicker
//! ```
//!
//! **Streams.** An aggregate is the fold of its stream. One append makes one version, however many events it holds, so
//! versions mean what they mean for every other aggregate: the `ETag`, the history, the audit entry. The unique key
//! (kind, stream, version, nth) lets one of two appends to the same version win; the other is `Stale`. Who did it and
//! when stands in `history` under the same version; whatever else a read model needs belongs into the event.
//!
//! **Shapes.** An event is stored under its name and the version of its shape. [`Shape`] lists the upcasters, one for
//! each version before today's, so that a version without an upcaster cannot be declared. [`check_goldens`] holds a
//! file of every version ever written against today's types.
//!
//! **Order.** A sequence is not a commit order: event 100 may be committed after 101 was read. So events are stored
//! without a position, and whoever reads them in order first numbers what is committed (`sequencer.rs`).
//! Positions are dense, on every engine; a reader that saw n meets nothing at or before n later. They are not the
//! outbox's: that log may be trimmed, and this one is the state itself.
//!
//! **Projections.** A read model's tables hold two colours of rows. One is live and read through a view
//! ([`live_view`]), so that one statement finds the colour and reads it. A step moves the colour's cursor and writes
//! the rows in one transaction, or does nothing when the cursor stands elsewhere; any number of processes may take
//! steps. [`Store::rebuild`](crate::Store::rebuild) fills the other colour from the start and switches in one
//! transaction, never to a colour that is behind the one read before. Whatever is killed is taken up by the next one
//! who follows or rebuilds. A read model is written without a permit: it says again what was permitted before.
//!
//! What may not enter: a module's aggregates, and an event that a later version of the program could not read.

mod aggregate;
mod append;
mod goldens;
mod loaded;
mod log;
mod projection;
mod rebuild;
mod stands;

pub use aggregate::{Aggregate, Recorded, Shape, Upcaster};
pub use append::Append;
pub use goldens::check_goldens;
pub use loaded::Loaded;
pub use log::Entry;
pub use projection::{Progress, Projection, Projector, run_projection};
pub use rebuild::Rebuilt;
pub use stands::{Colour, colour, live_view};
