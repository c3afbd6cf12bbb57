//! The ways in: REST, pages, gRPC, portal, command line. They read what comes in, call a use case, show what comes out.
//!
//! What may not enter: a decision.

mod address;
mod api;
pub(crate) mod cli;
mod cli_keys;
mod cookie;
pub(crate) mod greeting;
mod letters;
mod pages;
mod portal;
pub(crate) mod rest;
pub(crate) mod tasks;

use crate::Auth;
use axum::Router;
use std::sync::Arc;

/// Everything auth serves over HTTP.
pub(crate) fn routes(auth: &Arc<Auth>) -> Router {
    let (rest, _described_by_the_spec) = rest::router().split_for_parts();
    rest.merge(pages::router()).with_state(Arc::clone(auth))
}
