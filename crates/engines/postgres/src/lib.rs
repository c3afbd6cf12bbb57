//! Kernel ports on PostgreSQL beside the relational store.
//!
//! What may not enter: tables. A module's tables are its store's.

mod pub_sub;

pub use pub_sub::PostgresPubSub;
