//! Where calls come in: REST, OFREP, pages, the portal, events. They translate, they never decide.

pub(crate) mod brand;
pub(crate) mod cli;
pub(crate) mod ofrep;
pub(crate) mod pages;
pub(crate) mod portal;
pub(crate) mod refresh;
pub(crate) mod rest;
pub(crate) mod subscribers;
pub(crate) mod tasks;
