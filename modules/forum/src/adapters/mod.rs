//! The forum's ways in: they parse, call, and render. No decision is made here.

pub(crate) mod grpc;
pub(crate) mod live;
pub(crate) mod pages;
pub(crate) mod rest;
mod shapes;
pub(crate) mod subscribers;
pub(crate) mod tasks;
