//! Configuration: read once at start, checked as a whole, handed on as plain typed values.
//!
//! Everything follows from one table ([`SETTINGS`]): what may be written in a file or a variable, what is refused and
//! in which words, what `polity config` prints, and the reference page. Loading is a pure function of [`Inputs`].
//!
//! What may not enter: a reader of the process environment or the disk outside `inputs.rs`; a decision of a module.

mod communities;
mod document;
mod explain;
mod fault;
mod inputs;
mod kind;
mod load;
mod mail;
mod network;
mod redis;
mod reference;
mod rules;
mod secret;
mod table;
mod typed;
mod variables;

pub use communities::{Communities, UnknownHost};
pub use explain::{Explained, explain, render_check, render_explained, render_print};
pub use fault::{SettingFault, SettingFaults, Source};
pub use inputs::Inputs;
pub use kind::Kind;
pub use load::{Loaded, load};
pub use mail::{Mail, MailEngine, SmtpTls};
pub use network::Network;
pub use redis::{PubSub, PubSubEngine, Redis, RedisMode};
pub use reference::reference_markdown;
pub use secret::{DatabaseUrl, Secret, Secrets, mask_url};
pub use table::{SETTINGS, Setting};
pub use typed::{
    Audit, Auth, EmailVerification, Environment, Feed, Http, Internal, Inviters, Log, LogFormat, Module, ModuleStore,
    Pooler, Portals, RateLimit, Registration, Settings, Shutdown, Store, Synchronous, Tasks, Telemetry,
};
