//! The map of the demo filler: a plan, the corpus it draws from, the community it describes, and the calls that make
//! it real. It knows a running Polity only through the public REST API; no module, store or contract may enter.

mod api;
mod chance;
mod community;
mod compose;
mod corpus;
mod error;
mod fill;
mod patience;
mod reader;
mod report;
mod session;
mod template;

pub use community::{Community, Member, PlannedPost, PlannedThread};
pub use corpus::{Category, Corpus, Passage, Person, Pool, Seed, Speaker, Stance};
pub use error::{CorpusError, DemoError};
pub use fill::{DemoPlan, fill, progress_bar};
pub use report::{Report, Tally};
pub use template::Template;

/// The password every member of the demo community has. It is public: never fill an instance that strangers reach.
pub const MEMBER_PASSWORD: &str = "lantern-orchard-millrace-42";
