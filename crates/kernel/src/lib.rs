//! The nouns that every part of Polity shares, and the ports that engines fill.
//!
//! What may not enter: an async runtime, a web framework, a database driver, a noun that only one module uses.
//! An edit here rebuilds everything, so this crate stays small and still.

mod actor;
mod audit;
mod clock;
mod community;
mod event;
mod fault;
mod feed;
mod ids;
mod late;
mod mail;
mod operation;
mod page;
mod permit;
mod portal;
mod tasks;
mod usecase;

pub use actor::{Actor, Caller, Credential, Delivery, IdempotencyKey, Identify, Origin, Principal, Role};
pub use audit::{AuditEntry, Revision};
pub use clock::{Clock, SystemClock, Time, after};
pub use community::{Asked, Community, CommunityState};
pub use event::{Event, EventPayload, NewEvent};
pub use fault::{Fault, FaultCode, FieldFault, Reason, reasons};
pub use feed::{Batch, EventLog, Position, Sequenced};
pub use ids::{Ids, SessionId, SystemIds, TenantId, UserId};
pub use late::Late;
pub use mail::{Mail, Mailer};
pub use operation::{Kind, Operation};
pub use page::{Cursor, Page, PageRequest};
pub use permit::{Attribute, Decision, DecisionPoint, Explanation, Gate, Permit, Question, Replay, Replays, Resource};
pub use portal::{Contract, Method, PortalService, Serve, Transport};
pub use tasks::{
    Beat, Claim, Claimed, DeskAnswer, DeskOrder, DeskQuestion, Ending, Enqueued, Held, Lane, Lease, NO_SUCH_DESK,
    NewTask, ORDER_TASKS, Priority, Progress, QueueLimits, QueueSettings, QueueState, READ_TASKS, Run, SagaFilter,
    SagaLife, SagaStep, SagaSummary, ScheduleState, Second, Settlement, Start, TaskDesk, TaskFilter, TaskLife,
    TaskOrigin, TaskQueue, TaskState, TaskSummary, ThroughputMinute, Unique,
};
pub use usecase::UseCase;
