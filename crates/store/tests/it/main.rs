//! The store on every relational engine: what one commit promises, and what subscribers may rely on.

mod commits;
mod feed;
mod notes;
mod opening;
