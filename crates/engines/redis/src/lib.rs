//! Kernel ports on Redis or Valkey.
//!
//! What may not enter: anything that must survive the loss of Redis. Tasks kept here are ephemeral, and are not part of
//! a module's transactions.

mod link;
mod scripts;
mod shapes;
mod task_queue;
mod wake;

pub use shapes::Ended;
pub use task_queue::RedisTaskQueue;
