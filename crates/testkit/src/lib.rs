//! What tests run against: real servers for the length of a test, a real browser, fakes of the kernel's ports, and the
//! suites that every engine behind a port must pass.
//!
//! What may not enter: anything a shipped binary needs, and knowledge of a single module.
#![allow(
    clippy::disallowed_methods,
    reason = "a harness is told by variables, and its servers need names of their own"
)]
#![expect(clippy::expect_used, clippy::panic, reason = "a harness reports by failing the test it serves")]

mod absent;
mod browser;
mod clock;
mod database;
mod decisions;
mod ephemeral;
mod event_log;
mod files;
mod golden;
mod ids;
mod leash;
mod mariadb;
mod patience;
mod ports;
mod postgres;
mod process;
mod redis;
mod redis_sets;
mod replays;
mod scenario;
mod signals;
mod smtp;
pub mod suites;

pub use absent::Absent;
pub use browser::{Browser, Session, SessionOptions};
pub use clock::ManualClock;
pub use database::{Engine, TestDatabase};
pub use decisions::{AllowAll, DenyAll, Scripted};
pub use ephemeral::Ephemeral;
pub use event_log::InMemoryLog;
pub use files::InMemoryFiles;
pub use golden::golden;
pub use ids::SequentialIds;
pub use mariadb::{EphemeralMariaDb, MariaDbServer, mariadb};
pub use patience::{PATIENCE, eventually, within};
pub use ports::{free_port, free_ports};
pub use postgres::{EphemeralPostgres, PostgresServer, postgres};
pub use process::Process;
pub use redis::{EphemeralRedis, RedisServer, redis};
pub use redis_sets::{RedisCluster, RedisNode, SentinelSet};
pub use replays::InMemoryReplays;
pub use scenario::{Cursors, Scenario, Stand};
pub use smtp::{EphemeralSmtp, SMTP_SIZE_LIMIT, SmtpServer};
