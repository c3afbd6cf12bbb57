//! Authorisation on Cedar: the kernel's `DecisionPoint`, built from the schemas and policies that modules bring.
//!
//! What may not enter: a module's policy, I/O. What modules bring never changes after the build; a community's own rules
//! are replaced as a whole. A decision depends on the question and on the rules in force alone.

mod assemble;
mod community;
mod diagnosis;
mod engine;
mod explain;
mod matrix;
mod narrow;
mod part;
mod plan;
mod reading;
mod scope;
mod vocabulary;

pub use diagnosis::{PolicyFault, PolicyFaults};
pub use engine::CedarDecisionPoint;
pub use matrix::{Could, Matrix, MatrixRow};
pub use part::PolicyPart;
