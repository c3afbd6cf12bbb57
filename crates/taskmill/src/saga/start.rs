//! How a saga begins, and how it is told what happened: as part of a commit.

use super::advance::Work;
use super::decide::Happening;
use super::plan::Saga;
use super::progress::Phase;
use super::story::{KindOf, Story, task};
use kernel::{Caller, Fault, NewTask, TaskOrigin, TenantId};
use serde::Serialize;
use serde_json::Value;
use store::Store;
use store::sagas::{BeginSaga, SagaRow, SignalRow, SignalSaga};
use uuid::Uuid;

/// The longest correlation id, in bytes.
const MAX_CORRELATION: usize = 160;

/// A saga about to begin: commit the change together with the tasks.
#[derive(Debug)]
pub struct Started {
    /// The id it has unless one with the same correlation id was there before.
    pub id: Uuid,
    /// Its beginning. Nothing when there is one of this kind and correlation id already.
    pub change: BeginSaga,
    /// What brings it forward.
    pub tasks: Vec<NewTask>,
}

/// Begins a saga for `caller`, with what it must know. `correlation` ties it to the business, such as a bounty's id, and
/// is what makes it the only one: begun twice in a community, it runs once.
///
/// # Errors
/// `Invalid` when the correlation id is empty or longer than 160 bytes; `Internal` when the plan makes no sense.
pub fn start<S: Saga>(store: &Store, caller: &Caller, correlation: &str, data: &S) -> Result<Started, Fault> {
    if !(1..=MAX_CORRELATION).contains(&correlation.len()) {
        return Err(Fault::invalid("correlation", format!("has 1 to {MAX_CORRELATION} bytes")));
    }
    let kind = KindOf::of::<S>();
    let (id, now) = (store.ids().next(), store.clock().now());
    let data = serde_json::to_value(data).map_err(Fault::internal)?;
    let row = SagaRow {
        id,
        tenant: caller.actor.tenant,
        kind: S::KIND.to_owned(),
        correlation: correlation.to_owned(),
        plan_version: kind.version(),
        data_version: kind.version(),
        revision: 1,
        phase: Phase::Forward.name().to_owned(),
        state: "running".to_owned(),
        position: 0,
        kept: 0,
        input: data.clone(),
        data,
        origin: origin(caller, S::KIND, id),
        why: None,
        step: None,
        attempts: 0,
        next_at: None,
        error: None,
        started_at: now,
        updated_at: now,
    };
    let look = Work::look(&row, false);
    let story = Story::untold(&kind, kind.newest()?, row);
    let begun = story.after(&Happening::Began, now)?.ok().flatten();
    let begun = begun.ok_or_else(|| Fault::internal(format!("{} has nothing to do", S::KIND)))?;
    let mut tasks = begun.tasks;
    if begun.write.saga.state == "waiting" {
        // What it waits for may have been told already.
        tasks.push(task(&kind, &look)?);
    }
    Ok(Started { id, change: BeginSaga { saga: begun.write.saga, steps: begun.write.steps }, tasks })
}

fn origin(caller: &Caller, kind: &str, saga: Uuid) -> TaskOrigin {
    TaskOrigin {
        actor: caller.actor.clone(),
        operation: kind.to_owned(),
        request_id: caller.request_id.clone(),
        trace: telemetry::current_traceparent().or_else(|| caller.trace.clone()),
        caused_by: Some(saga),
    }
}

/// Something that happened, for a saga that waits for it now or will later. It is not lost when the saga is not at its
/// wait yet, and told twice it counts once.
#[derive(Debug, Clone)]
#[must_use]
pub struct Signal {
    sent: SignalSaga,
    queue: &'static str,
}

impl Signal {
    /// The signal `name` to the saga of type `S` with this correlation id.
    pub fn to<S: Saga>(store: &Store, tenant: TenantId, correlation: &str, name: &str) -> Self {
        let signal = SignalRow { name: name.to_owned(), key: String::new(), payload: Value::Null };
        let sent = SignalSaga {
            tenant,
            kind: S::KIND,
            correlation: correlation.to_owned(),
            signal,
            at: store.clock().now(),
            early: false,
            in_time_for: None,
        };
        Self { sent, queue: S::QUEUE }
    }

    /// The same with something to keep.
    ///
    /// # Errors
    /// `Internal` when it has no JSON form.
    pub fn with(mut self, payload: &impl Serialize) -> Result<Self, Fault> {
        self.sent.signal.payload = serde_json::to_value(payload).map_err(Fault::internal)?;
        Ok(self)
    }

    /// The same, told apart from others of its name by this key, such as who approved. Without a key a saga hears a
    /// name once.
    pub fn told_apart_by(mut self, key: impl Into<String>) -> Self {
        self.sent.signal.key = key.into();
        self
    }

    /// The same, kept for a saga that has not been started yet: for subscribers that may hear of the end of a thing
    /// before its beginning.
    pub fn early(mut self) -> Self {
        self.sent.early = true;
        self
    }

    /// The same, but the commit is refused with `saga.too_late` when there is no such saga, or this wait of it is over.
    pub fn in_time_for(mut self, wait: &'static str) -> Self {
        self.sent.in_time_for = Some(wait);
        self
    }

    /// What to commit.
    ///
    /// # Errors
    /// `Invalid` when name or key is longer than 80 bytes, or there is no name.
    pub fn sent(self) -> Result<(SignalSaga, Vec<NewTask>), Fault> {
        let SignalSaga { signal, tenant, correlation, .. } = &self.sent;
        if signal.name.is_empty() || signal.name.len() > 80 || signal.key.len() > 80 {
            return Err(Fault::invalid("signal", "has a name of 1 to 80 bytes and a key of at most 80"));
        }
        let work = Work::Look { tenant: *tenant, correlation: correlation.clone(), timer: false };
        let payload = serde_json::to_value(&work).map_err(Fault::internal)?;
        let look = NewTask::new(self.sent.kind, 1, payload).on(self.queue);
        Ok((self.sent, vec![look]))
    }
}
