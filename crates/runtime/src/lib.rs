//! What runs a process of Polity: configuration becomes modules, modules become servers and workers, and all of it
//! comes up in order and goes away without losing anything.
//!
//! What may not enter: a module's rules, a database, a page. `tokio::spawn` lives here and nowhere else.

mod connect;
mod heralds;
pub mod http;
mod live;
mod module;
mod pipeline;
mod portals;
mod process;
mod refusals;
mod signing_seed;
mod supervisor;

pub use keys::{DataKeys, KeyState};
pub use live::{Follow, Live};
pub use module::{Build, Context, Migrate, Module, ModuleSpec, Role, StartError, Worker};
pub use pipeline::Pipeline;
pub use portals::{Desks, Logs, Portals};
pub use process::{Plan, Process, Shell};
pub use refusals::RefusalLog;
pub use signing_seed::SigningSeed;
pub use supervisor::{Supervisor, Work, blocking};
