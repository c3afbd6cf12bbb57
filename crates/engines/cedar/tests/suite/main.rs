//! The engine through its front door, with an invented module: what it decides, what it explains, and what it does
//! not accept. No private function may be named here.

#![cfg(test)]

mod community;
mod decisions;
mod explanations;
mod faults;
mod garden;
mod narrowing;
mod promises;
