//! Tests of the harness itself, against the real servers and the real browser where they are installed.
//!
//! What may not enter: tests of Polity; those use the harness, they do not test it.
#![cfg(test)]

mod absence;
mod browsers;
mod databases;
mod fakes;
mod mariadb;
mod postgres;
mod processes;
mod rerun;
