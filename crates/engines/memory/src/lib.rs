//! Kernel ports within one process: what an installation starts with, and what it falls back on.
//!
//! What may not enter: anything another process could see, or that should outlive this one.

mod limiter;
mod pub_sub;

pub use limiter::MemoryLimiter;
pub use pub_sub::MemoryPubSub;
