//! Ports for what processes share and may lose: how much somebody did lately, and what others should hear at once.
//!
//! What may not enter: anything that is true only here. What must not be lost stands in a module's database.

mod pub_sub;
mod rate_limit;

pub use pub_sub::{Heard, MESSAGE_LIMIT, PubSub, Subscription, sendable};
pub use rate_limit::{Quota, RateLimiter, Verdict};
