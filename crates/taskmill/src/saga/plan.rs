//! How a business process is written down: steps, each with its way back, waits, and what may run beside what.
//!
//! What may not enter: tables, tasks, and when anything happens.

use super::act::{Act, Local, Raw, called, locally};
use super::shape::{Node, PlanError, Shape, Tries, Verdict};
use kernel::{Fault, Time};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::marker::PhantomData;
use std::time::Duration;
use store::Store;

/// Where sagas live: a module with a store.
pub trait SagaHome: Send + Sync + 'static {
    /// The module's own database, in which its sagas are.
    fn store(&self) -> &Store;
}

/// A durable business process. The value is what it knows: what it was started with, and what its steps have found out.
///
/// A saga ends with every step done, or with everything that was done undone, or it is stuck and operators see it. It
/// goes on under the plan it began with; its data is brought into today's shape.
pub trait Saga: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The module whose process it is.
    type Home: SagaHome;
    /// Its stable name, such as `forum.award`. It is also the name of the service it acts as, for policies, and the kind
    /// of the tasks that bring it forward.
    const KIND: &'static str;
    /// Today's version of plan and data, from 1. Raise it when either changes while sagas may be under way.
    const VERSION: i32 = 1;
    /// Which of the module's queues.
    const QUEUE: &'static str = "default";
    /// Fields of its data and its steps' outputs that operators do not get to see.
    const SECRETS: &'static [&'static str] = &[];

    /// The process. Sagas under way go on under the version they began with: keep its plan until they have ended.
    fn plan(version: i32) -> Option<Plan<Self>>
    where
        Self: Sized;

    /// Brings data of `version` into the shape of the next one.
    ///
    /// # Errors
    /// `Invalid` when it cannot; the saga is then stuck.
    fn upcast(version: i32, data: Value) -> Result<Value, Fault> {
        let _unknown = data;
        Err(Fault::invalid("version", format!("{version} of {} is not known here", Self::KIND)))
    }
}

/// What a wait has heard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Heard {
    /// The signal's name; none when it was the deadline.
    pub name: Option<String>,
    /// What came with the signal.
    pub payload: Value,
}

/// One step. `O` is what comes out of it.
pub struct Step<S: Saga, O = ()> {
    name: &'static str,
    limb: Limb<S::Home>,
    tries: Tries,
    pivot: bool,
    output: PhantomData<fn() -> O>,
}

impl<S: Saga, O: Serialize + DeserializeOwned + 'static> Step<S, O> {
    /// A step that calls others, with the idempotency key in the turn's caller: whoever is called must answer a second
    /// call with that key as it answered the first.
    pub fn call(name: &'static str, action: impl for<'a> Act<'a, S, O>) -> Self {
        Self::of(name, called(action))
    }

    /// A step in the module's own database: its change commits in the same transaction as the saga's progress.
    pub fn local(name: &'static str, action: impl for<'a> Act<'a, S, Local<O>>) -> Self {
        Self::of(name, locally(action))
    }

    fn of(name: &'static str, action: Raw<S::Home>) -> Self {
        let limb = Limb { act: Some(action), undo: None, keep: None, within: Duration::from_secs(30), deadline: None };
        Self { name, limb, tries: Tries::default(), pivot: false, output: PhantomData }
    }

    /// How its effect is undone. This is called only when the step is known to be done, and until it succeeds.
    #[must_use]
    pub fn undone_by(mut self, compensation: impl for<'a> Act<'a, S, ()>) -> Self {
        self.limb.undo = Some(called(compensation));
        self
    }

    /// How its effect is undone in the module's own database, in the same transaction as the saga's progress.
    #[must_use]
    pub fn undone_locally_by(mut self, compensation: impl for<'a> Act<'a, S, Local<()>>) -> Self {
        self.limb.undo = Some(locally(compensation));
        self
    }

    /// What of its output later steps must know. The steps of one stage do not see each other's outputs.
    #[must_use]
    pub fn keeping(mut self, keep: impl Fn(&mut S, O) + Send + Sync + 'static) -> Self {
        self.limb.keep = Some(keeping(keep));
        self
    }

    /// How often and how long it is tried, in either direction.
    #[must_use]
    pub fn trying(mut self, tries: Tries) -> Self {
        self.tries = tries;
        self
    }

    /// How long one attempt may take; 30 s unless said otherwise. It then counts as one whose outcome is unknown.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.limb.within = limit;
        self
    }

    /// Behind this step there is no way back: what is refused later leaves the saga stuck instead of undoing it.
    #[must_use]
    pub fn point_of_no_return(mut self) -> Self {
        self.pivot = true;
        self
    }

    /// This step and another one beside it.
    pub fn and<P: Serialize + DeserializeOwned + 'static>(self, other: Step<S, P>) -> Together<S> {
        Together { parts: vec![self.part()] }.and(other)
    }

    fn part(self) -> Part<S> {
        let undoable = self.limb.undo.is_some();
        (Node::Step { name: self.name, undoable, pivot: self.pivot, tries: self.tries }, self.limb)
    }
}

/// Steps that run beside each other.
pub struct Together<S: Saga> {
    parts: Vec<Part<S>>,
}

impl<S: Saga> Together<S> {
    /// And another one.
    #[must_use]
    pub fn and<P: Serialize + DeserializeOwned + 'static>(mut self, other: Step<S, P>) -> Self {
        self.parts.push(other.part());
        self
    }
}

/// Waiting for signals or a deadline.
pub struct Wait<S: Saga> {
    name: &'static str,
    rules: Vec<(&'static str, Verdict)>,
    late: Option<Verdict>,
    limb: Limb<S::Home>,
    saga: PhantomData<fn() -> S>,
}

impl<S: Saga> Wait<S> {
    /// A wait of this name.
    pub fn named(name: &'static str) -> Self {
        let limb = Limb { act: None, undo: None, keep: None, within: Duration::ZERO, deadline: None };
        Self { name, rules: Vec::new(), late: None, limb, saga: PhantomData }
    }

    /// What this signal means.
    #[must_use]
    pub fn on(mut self, signal: &'static str, verdict: Verdict) -> Self {
        self.rules.push((signal, verdict));
        self
    }

    /// What it means that so much time has passed without one that decides.
    #[must_use]
    pub fn after(mut self, period: Duration, verdict: Verdict) -> Self {
        self.limb.deadline = Some(Box::new(move |_, now| Ok(kernel::after(now, period))));
        self.late = Some(verdict);
        self
    }

    /// What it means that this instant has come without a signal that decides.
    #[must_use]
    pub fn until(mut self, instant: impl Fn(&S) -> Time + Send + Sync + 'static, verdict: Verdict) -> Self {
        self.limb.deadline = Some(Box::new(move |data, _| Ok(instant(&read(data)?))));
        self.late = Some(verdict);
        self
    }

    /// What of the signal that ended it later steps must know.
    #[must_use]
    pub fn keeping(mut self, keep: impl Fn(&mut S, Heard) + Send + Sync + 'static) -> Self {
        self.limb.keep = Some(keeping(keep));
        self
    }
}

/// A business process: its stages, one after the other.
pub struct Plan<S: Saga> {
    stages: Vec<Vec<Part<S>>>,
}

impl<S: Saga> Default for Plan<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Saga> Plan<S> {
    /// Nothing to do yet.
    pub fn new() -> Self {
        Self { stages: Vec::new() }
    }

    /// Then this step.
    #[must_use]
    pub fn then<O: Serialize + DeserializeOwned + 'static>(mut self, step: Step<S, O>) -> Self {
        self.stages.push(vec![step.part()]);
        self
    }

    /// Then these steps, beside each other. The saga goes on when all of them are done.
    #[must_use]
    pub fn then_together(mut self, steps: Together<S>) -> Self {
        self.stages.push(steps.parts);
        self
    }

    /// Then this wait.
    #[must_use]
    pub fn wait(mut self, wait: Wait<S>) -> Self {
        self.stages.push(vec![(Node::Wait { name: wait.name, rules: wait.rules, late: wait.late }, wait.limb)]);
        self
    }

    /// Checks that the plan makes sense: a line for the module's tests.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(self) -> Result<(), PlanError> {
        self.compiled().map(drop)
    }

    pub(crate) fn compiled(self) -> Result<Compiled<S::Home>, PlanError> {
        let (mut stages, mut limbs) = (Vec::new(), Vec::new());
        for stage in self.stages {
            let (nodes, parts): (Vec<_>, Vec<_>) = stage.into_iter().unzip();
            stages.push(nodes);
            limbs.extend(parts);
        }
        Ok(Compiled { shape: Shape::of(S::KIND, stages)?, limbs })
    }
}

type Part<S> = (Node, Limb<<S as Saga>::Home>);
type Keep = Box<dyn Fn(&Value, &Value) -> Result<Value, Fault> + Send + Sync>;
type Deadline = Box<dyn Fn(&Value, Time) -> Result<Time, Fault> + Send + Sync>;

/// What a node does, with the saga's type forgotten.
pub(crate) struct Limb<H> {
    pub(crate) act: Option<Raw<H>>,
    pub(crate) undo: Option<Raw<H>>,
    pub(crate) keep: Option<Keep>,
    pub(crate) within: Duration,
    pub(crate) deadline: Option<Deadline>,
}

/// A plan with the saga's type forgotten: one limb for each node of the shape.
pub(crate) struct Compiled<H> {
    pub(crate) shape: Shape,
    pub(crate) limbs: Vec<Limb<H>>,
}

impl<H> Compiled<H> {
    /// `data` with this node's output kept in it.
    pub(crate) fn keep(&self, node: usize, data: Value, output: Option<&Value>) -> Result<Value, Fault> {
        match (self.limbs[node].keep.as_ref(), output) {
            (Some(keep), Some(output)) => keep(&data, output),
            _ => Ok(data),
        }
    }
}

fn keeping<S: Saga, O: DeserializeOwned>(keep: impl Fn(&mut S, O) + Send + Sync + 'static) -> Keep {
    Box::new(move |data, output| {
        let mut saga: S = read(data)?;
        keep(&mut saga, read(output)?);
        serde_json::to_value(&saga).map_err(Fault::internal)
    })
}

/// What stands in `json`. The error does not quote it: there may be secrets in it, and errors are shown.
pub(crate) fn read<T: DeserializeOwned>(json: &Value) -> Result<T, Fault> {
    let unreadable = |error: serde_json::Error| {
        let (what, line, column) = (std::any::type_name::<T>(), error.line(), error.column());
        let category = error.classify();
        Fault::internal(format!("{what} cannot be read: {category:?} error at line {line}, column {column}"))
    };
    T::deserialize(json).map_err(unreadable)
}
