//! The runtime as adapters and modules meet it: through the pipeline, the layered router, the live tail, a real socket.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test reports by failing, and watches its own tasks"
)]

mod callers;
mod health;
mod house;
mod limits;
mod live;
mod looks;
mod pipeline;
mod roles;
mod server;
mod supervisor;
