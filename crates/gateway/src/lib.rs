//! One public address for many processes: requests go to whoever serves their path, as they come, and the answers come
//! back as they are written.
//!
//! What may not enter: knowledge of a module, authentication, rewriting of bodies or paths, compression, listeners.

mod body;
mod forwarded;
mod hops;
mod proxy;
mod refusal;
mod routes;
mod tunnel;
mod upstream;

pub use proxy::{Options, router};
pub use refusal::{UPSTREAM_TIMEOUT, UPSTREAM_UNAVAILABLE};
pub use routes::{Route, RouteError};
