//! The nouns that every part of Polity shares, and the ports that engines fill.
//!
//! What may not enter: an async runtime, a web framework, a database driver, a noun that only one module uses.
//! An edit here rebuilds everything, so this crate stays small and still.

mod actor;
mod audit;
mod clock;
mod community;
mod condition;
mod decision;
mod delegation;
mod event;
mod explanation;
mod fault;
mod feed;
mod files;
mod ids;
mod late;
mod mail;
mod operation;
mod page;
mod permit;
mod portal;
mod ports;
mod refusal;
mod tasks;
mod usecase;

pub use actor::{Actor, Belonging, Caller, Credential, Delivery, IdempotencyKey, Identify, Origin, Principal, Role};
pub use audit::{AuditDetail, AuditEntry, AuditResult, Difference, Revision};
pub use clock::{Clock, SystemClock, Time, after};
pub use community::{Asked, Community, CommunityState};
pub use condition::{Comparison, Condition};
pub use decision::{
    Attribute, CommunityRules, CustomRole, Decision, DecisionLog, DecisionPoint, Question, Resource, RuleProblem,
};
pub use delegation::{Delegation, Scopes};
pub use event::{Event, EventPayload, NewEvent};
pub use explanation::{AttributeRead, Explanation, Obstacle, RefusalInBrief, Remedy};
pub use fault::{Fault, FaultCode, FieldFault, Reason, reasons};
pub use feed::{Batch, EventLog, Position, Sequenced};
pub use files::{FileName, Files};
pub use ids::{Ids, SessionId, SystemIds, TenantId, UserId};
pub use late::Late;
pub use mail::{Mail, Mailer};
pub use operation::{Kind, Operation, Reach};
pub use page::{Cursor, Page, PageRequest};
pub use permit::{Gate, Permit, Replay, Replays};
pub use portal::{Contract, Method, PortalService, Serve, Transport};
pub use ports::{Heard, MESSAGE_LIMIT, PubSub, Quota, RateLimiter, Subscription, Verdict, sendable};
pub use refusal::{KeepRefusals, Refusal, Refusals, Refused};
pub use tasks::{
    Beat, Claim, Claimed, DeskAnswer, DeskOrder, DeskQuestion, Ending, Enqueued, Held, Lane, Lease, NO_SUCH_DESK,
    NewTask, ORDER_TASKS, Priority, Progress, QueueLimits, QueueSettings, QueueState, READ_TASKS, Run, SagaFilter,
    SagaLife, SagaStep, SagaSummary, ScheduleState, Second, Settlement, Start, TaskDesk, TaskFilter, TaskLife,
    TaskOrigin, TaskQueue, TaskState, TaskSummary, ThroughputMinute, Unique,
};
pub use usecase::UseCase;
