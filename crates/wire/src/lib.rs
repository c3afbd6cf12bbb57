//! Portals between processes over gRPC: [`router`] serves them, [`GrpcTransport`] calls them with deadline, retry,
//! circuit breaker and bulkhead, [`RemoteLog`] reads a far module's events, and [`RemoteDesk`] looks after its tasks.
//!
//! What may not enter: a module's contract or rules, configuration files, and listeners: sockets are bound elsewhere.

mod access;
mod breaker;
mod channels;
mod client;
mod cloud_event;
mod codec;
mod desk;
mod discovery;
mod feed;
mod metadata;
mod metrics;
mod server;
mod status;

pub use access::Access;
pub use channels::{Target, TargetError, Tls};
pub use client::{GrpcTransport, Resilience};
pub use desk::{RemoteDesk, desk_service};
pub use discovery::OfferError;
pub use feed::{LONGEST_WAIT, NO_SUCH_LOG, RemoteLog, feed_service};
pub use server::router;

/// The largest message either side sends or accepts, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;
