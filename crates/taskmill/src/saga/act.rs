//! What a step is given, and what it gives back.

use super::plan::{Saga, read};
use futures::future::{BoxFuture, FutureExt, ready};
use kernel::{Caller, Fault, Permit, TenantId};
use sea_orm::DatabaseTransaction;
use serde::Serialize;
use serde_json::Value;
use std::future::Future;
use store::{Change, ChangeError, Changed, Effects};
use uuid::Uuid;

/// One attempt at one step, or at undoing it. Every attempt at a step is given the same data.
#[derive(Debug, Clone)]
pub struct Turn<D> {
    /// The saga.
    pub saga: Uuid,
    /// What ties it to the business.
    pub correlation: String,
    /// The community it runs in.
    pub tenant: TenantId,
    /// What the saga knows.
    pub data: D,
    /// The saga's own service, with an idempotency key that is the same for every attempt at this step, and with the
    /// attempt's deadline. Commits to the module's own database go through only while this process holds the task.
    pub caller: Caller,
    /// Which attempt this is, from 1.
    pub attempt: i32,
    /// Why it is undone, when it is.
    pub why: Option<String>,
}

/// A step's function: `async fn hold(home: &Forum, turn: Turn<Award>) -> Result<Held, Fault>`.
///
/// A fault that says `Invalid`, `NotFound` or `Conflict` is a refusal: the step had no effect, and asking again would not
/// help. After any other, the outcome counts as unknown, and the step is tried again.
pub trait Act<'a, S: Saga, O>: Send + Sync + 'static {
    /// Its future.
    type Future: Future<Output = Result<O, Fault>> + Send + 'a;

    /// Makes one attempt.
    fn act(&self, home: &'a S::Home, turn: Turn<S>) -> Self::Future;
}

impl<'a, S, O, F, Fut> Act<'a, S, O> for F
where
    S: Saga,
    F: Fn(&'a S::Home, Turn<S>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<O, Fault>> + Send + 'a,
{
    type Future = Fut;

    fn act(&self, home: &'a S::Home, turn: Turn<S>) -> Fut {
        self(home, turn)
    }
}

/// What a local step wants written, in the same transaction as the saga's progress.
pub struct Local<O = ()> {
    permit: Permit,
    change: Box<dyn Change>,
    effects: Effects,
    output: O,
}

impl Local {
    /// This change. The permit must be the turn's caller's.
    pub fn new(permit: Permit, change: impl Change + 'static) -> Self {
        Self { permit, change: Box::new(change), effects: Effects::default(), output: () }
    }
}

impl<O> Local<O> {
    /// The same with events and tasks that follow from it.
    #[must_use]
    pub fn with_effects(mut self, effects: impl Into<Effects>) -> Self {
        self.effects = effects.into();
        self
    }

    /// The same with an output.
    pub fn with_output<P>(self, output: P) -> Local<P> {
        Local { permit: self.permit, change: self.change, effects: self.effects, output }
    }
}

/// A local step's wish with its output's type forgotten.
pub(crate) struct Wish {
    pub(crate) permit: Permit,
    pub(crate) change: Box<dyn Change>,
    pub(crate) effects: Effects,
    pub(crate) output: Value,
}

/// What an attempt has brought about.
pub(crate) enum Acted {
    /// It is done elsewhere, or nothing is to be done.
    Called(Value),
    /// It is done when this has been written.
    Local(Box<Wish>),
}

/// A step's function with the saga's type forgotten.
pub(crate) enum Raw<H> {
    Call(RawAct<H>),
    Local(RawAct<H>),
}

type RawAct<H> = Box<dyn for<'a> Fn(&'a H, Turn<Value>) -> BoxFuture<'a, Result<Acted, Fault>> + Send + Sync>;

impl<H> Raw<H> {
    pub(crate) fn is_local(&self) -> bool {
        matches!(self, Self::Local(_))
    }

    pub(crate) fn act<'a>(&self, home: &'a H, turn: Turn<Value>) -> BoxFuture<'a, Result<Acted, Fault>> {
        match self {
            Self::Call(act) | Self::Local(act) => act(home, turn),
        }
    }
}

pub(crate) fn called<S: Saga, O: Serialize + 'static>(action: impl for<'a> Act<'a, S, O>) -> Raw<S::Home> {
    Raw::Call(raw(action, |output: O| Ok(Acted::Called(json(&output)?))))
}

pub(crate) fn locally<S: Saga, O: Serialize + 'static>(action: impl for<'a> Act<'a, S, Local<O>>) -> Raw<S::Home> {
    Raw::Local(raw(action, |local: Local<O>| {
        let Local { permit, change, effects, output } = local;
        Ok(Acted::Local(Box::new(Wish { permit, change, effects, output: json(&output)? })))
    }))
}

fn raw<S: Saga, O: 'static>(
    action: impl for<'a> Act<'a, S, O>,
    wrap: fn(O) -> Result<Acted, Fault>,
) -> RawAct<S::Home> {
    Box::new(move |home, turn| match typed::<S>(turn) {
        Ok(turn) => {
            let attempt = action.act(home, turn);
            async move { wrap(attempt.await?) }.boxed()
        }
        Err(fault) => ready(Err(fault)).boxed(),
    })
}

fn typed<S: Saga>(turn: Turn<Value>) -> Result<Turn<S>, Fault> {
    let data = read(&turn.data)?;
    let Turn { saga, correlation, tenant, caller, attempt, why, .. } = turn;
    Ok(Turn { saga, correlation, tenant, data, caller, attempt, why })
}

fn json(output: &impl Serialize) -> Result<Value, Fault> {
    serde_json::to_value(output).map_err(Fault::internal)
}

/// A wish and the saga's own move, as one change.
pub(crate) struct Both<'a>(pub(crate) &'a dyn Change, pub(crate) &'a dyn Change);

#[async_trait::async_trait]
impl Change for Both<'_> {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let mut changed = self.0.apply(tx).await?;
        changed.extend(self.1.apply(tx).await?);
        Ok(changed)
    }
}
