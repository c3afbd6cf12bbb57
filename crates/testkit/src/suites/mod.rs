//! What every engine behind a kernel port must do, as tests that any engine can run.
//!
//! What may not enter: a case that only one engine can pass. What a port does not promise is not asked for.

mod event_log;
mod files;
mod mailer;
mod pub_sub;
mod rate_limiter;
mod replays;
mod task_queue;

pub use event_log::{EventLogSubject, event_log};
pub use files::{FilesSubject, files};
pub use mailer::{MailerSubject, Taken, mailer};
pub use pub_sub::{PubSubSubject, pub_sub};
pub use rate_limiter::{RateLimiterSubject, rate_limiter};
pub use replays::{ReplaysSubject, replays};
pub use task_queue::{TaskQueueSubject, task_queue};
