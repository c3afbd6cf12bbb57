//! What operators may look for and set. Pure and synchronous.
//!
//! What may not enter: a desk, a clock, a request.

mod limits;
mod wanted;

pub(crate) use limits::TypedLimits;
pub(crate) use wanted::{SAGA_STATES, TypedFilter, TypedSagaFilter, name, said};
