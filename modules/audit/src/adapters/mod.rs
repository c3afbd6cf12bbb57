//! Where calls come in: REST, pages, events, the command line. They translate, they never decide.

pub(crate) mod cli;
pub(crate) mod export;
pub(crate) mod pages;
pub(crate) mod rest;
pub(crate) mod subscribers;
pub(crate) mod tasks;
