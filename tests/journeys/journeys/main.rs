//! The journeys: real people through real processes, in every topology and on every relational engine.

mod browser;
mod client;
mod failures;
mod rest;
mod stack;
