//! Portals: one call, any distance. The contracts' generator fills these shapes from `.proto` files.

use crate::{Caller, Fault};
use std::sync::Arc;

/// One method of a portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method {
    /// The full gRPC service name, such as `polity.auth.v1.AuthPortal`.
    pub service: &'static str,
    /// The method's name, such as `Identify`.
    pub name: &'static str,
    /// Whether a second call does no harm: what may be retried (`idempotency_level` in the `.proto`).
    pub idempotent: bool,
}

/// Carries one encoded call to another process and brings the answer back, with whatever resilience it has.
#[async_trait::async_trait]
pub trait Transport: Send + Sync {
    /// Calls `method` with a protobuf-encoded request.
    ///
    /// # Errors
    /// The fault the other side answered with, or `Unavailable` when it could not be reached in time.
    async fn call(&self, method: &'static Method, caller: &Caller, request: Vec<u8>) -> Result<Vec<u8>, Fault>;
}

/// Answers encoded calls: the server's half of a portal.
#[async_trait::async_trait]
pub trait Serve: Send + Sync {
    /// Answers one call.
    ///
    /// # Errors
    /// Whatever the portal answers; `Invalid` when the request cannot be decoded or the method is not known.
    async fn serve(&self, method: &str, caller: Caller, request: &[u8]) -> Result<Vec<u8>, Fault>;
}

/// A portal ready to be offered to other processes.
#[derive(Clone)]
pub struct PortalService {
    /// The full gRPC service name.
    pub name: &'static str,
    /// Its methods.
    pub methods: &'static [Method],
    /// The encoded `FileDescriptorSet` it is described by, for reflection.
    pub descriptor: &'static [u8],
    /// Open to clients that show a credential of their own; otherwise only to processes of the same installation.
    pub public: bool,
    /// Answers the calls.
    pub server: Arc<dyn Serve>,
}

/// What a generated portal trait object knows about itself.
pub trait Contract: Send + Sync {
    /// The module that provides it.
    const MODULE: &'static str;

    /// The portal as seen from another process.
    fn remote(transport: Arc<dyn Transport>) -> Arc<Self>;

    /// The portal offered to other processes.
    fn service(portal: Arc<Self>) -> PortalService;
}
