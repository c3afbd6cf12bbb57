//! Authorisation on Cedar: the kernel's `DecisionPoint`, built from the schemas and policies that modules bring.
//!
//! What may not enter: a module's policy, I/O, anything that changes after the build. A decision depends on the
//! question alone.

mod assemble;
mod diagnosis;
mod engine;
mod matrix;
mod part;
mod plan;
mod scope;
mod vocabulary;

pub use diagnosis::{PolicyFault, PolicyFaults};
pub use engine::CedarDecisionPoint;
pub use matrix::{Could, Matrix, MatrixRow};
pub use part::PolicyPart;
