//! Kernel ports on Redis or Valkey.
//!
//! What may not enter: anything that must survive the loss of Redis. Tasks kept here are ephemeral, and are not part of
//! a module's transactions.

mod limiter;
mod link;
mod pub_sub;
mod scripts;
mod server;
mod shapes;
mod task_queue;
mod wake;

pub use limiter::RedisLimiter;
pub use pub_sub::RedisPubSub;
pub use server::{RedisServers, Topology};
pub use shapes::Ended;
pub use task_queue::RedisTaskQueue;
