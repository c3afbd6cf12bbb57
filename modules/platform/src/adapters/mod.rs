//! How the world reaches platform: REST, pages, the shell. What may not enter: a decision.

pub(crate) mod cli;
mod orders;
pub(crate) mod pages;
pub(crate) mod rest;
mod shapes;
mod words;
