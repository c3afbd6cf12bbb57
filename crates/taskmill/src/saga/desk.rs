//! What operators ask of sagas, and what they order.

use super::decide::{Against, Happening, SagaOrder};
use super::plan::{Saga, SagaHome};
use super::story::{Found, KindOf, Story};
use crate::desk::mask;
use kernel::{
    Fault, FaultCode, Page, PageRequest, Permit, Reason, SagaFilter, SagaLife, SagaStep, SagaSummary, reasons,
};
use serde_json::Value;
use std::collections::BTreeMap;
use store::sagas::{SagaRow, StepRow};
use store::{Effects, Store};
use uuid::Uuid;

/// There is no such saga.
pub const NO_SAGA: Reason = Reason::new(FaultCode::NotFound, "saga.not_found", "There is no such saga.");
/// It is done or undone.
pub const ENDED: Reason = Reason::new(FaultCode::Conflict, "saga.ended", "The saga has ended.");
/// Nothing is under way that could be tried again or skipped.
pub const NOTHING_FAILED: Reason =
    Reason::new(FaultCode::Conflict, "saga.nothing_failed", "No step of the saga has failed.");
/// It goes backward already.
pub const UNDOING: Reason = Reason::new(FaultCode::Conflict, "saga.undoing", "The saga is being undone already.");
/// There is no way back.
pub const NO_RETURN: Reason = Reason::new(
    FaultCode::Conflict,
    "saga.no_return",
    "The saga has begun or passed its point of no return and can only go forward.",
);
/// This program does not know its kind or its plan.
pub const UNREADABLE: Reason =
    Reason::new(FaultCode::Conflict, "saga.unreadable", "This program cannot read the saga.");

/// Every reason sagas have to refuse, for the published list.
pub const REASONS: &[Reason] =
    &[NO_SAGA, ENDED, NOTHING_FAILED, UNDOING, NO_RETURN, UNREADABLE, store::sagas::TOO_LATE];

type Decided = Result<Option<super::story::Next>, Fault>;

/// Decides on an order, with the saga's type forgotten.
#[async_trait::async_trait]
trait Orders: Send + Sync {
    async fn decide(&self, store: &Store, id: Uuid, order: SagaOrder) -> Decided;
    fn step_names(&self, version: i32) -> Vec<&'static str>;
    fn secrets(&self) -> &'static [&'static str];
}

#[async_trait::async_trait]
impl<H: SagaHome> Orders for KindOf<H> {
    async fn decide(&self, store: &Store, id: Uuid, order: SagaOrder) -> Decided {
        match Story::load(self, store, id).await? {
            Found::Nothing => Err(NO_SAGA.fault()),
            Found::Ended => Err(ENDED.fault()),
            Found::Newer => Err(UNREADABLE.fault()),
            Found::Unreadable(_, error) => Err(UNREADABLE.fault().detail(error)),
            Found::Story(story) => match story.after(&Happening::Ordered(order), store.clock().now())? {
                Ok(next) => Ok(next),
                Err(Against::Ended) => Err(ENDED.fault()),
                Err(Against::NothingFailed) => Err(NOTHING_FAILED.fault()),
                Err(Against::Undoing) => Err(UNDOING.fault()),
                Err(Against::NoReturn) => Err(NO_RETURN.fault()),
            },
        }
    }

    fn step_names(&self, version: i32) -> Vec<&'static str> {
        let nodes = self.plan_of(version).map(|plan| plan.shape.nodes).unwrap_or_default();
        nodes.iter().map(super::shape::Node::name).collect()
    }

    fn secrets(&self) -> &'static [&'static str] {
        self.secrets
    }
}

/// The one visible list of a module's sagas, for those who look at them and put them right.
pub struct Sagas {
    store: Store,
    kinds: BTreeMap<&'static str, Box<dyn Orders>>,
}

impl Sagas {
    /// No kinds yet, in this store.
    pub fn in_store(store: &Store) -> Self {
        Self { store: store.clone(), kinds: BTreeMap::new() }
    }

    /// The same list with one more kind.
    ///
    /// # Panics
    /// When there is one of that name already.
    #[must_use]
    pub fn saga<S: Saga>(mut self) -> Self {
        let before = self.kinds.insert(S::KIND, Box::new(KindOf::<S::Home>::of::<S>()));
        assert!(before.is_none(), "{} is listed twice", S::KIND);
        self
    }

    /// Sagas, newest first. Those that need somebody are in the state `stuck`.
    ///
    /// # Errors
    /// `Invalid` for a cursor or limit that is not one; `Unavailable`.
    pub async fn list(&self, filter: &SagaFilter, page: &PageRequest) -> Result<Page<SagaSummary>, Fault> {
        self.store.sagas(filter, page).await
    }

    /// One saga's life, if there is such a saga, without its secrets. Of a kind that is not listed here all is secret.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn life(&self, id: Uuid) -> Result<Option<SagaLife>, Fault> {
        let Some((row, rows)) = self.store.saga(id).await? else { return Ok(None) };
        let names = self.kinds.get(row.kind.as_str()).map(|kind| kind.step_names(row.plan_version));
        let names = names.filter(|names| !names.is_empty());
        let mut steps = Vec::new();
        for name in names.unwrap_or_default() {
            let begun = rows.iter().find(|step| step.name == name);
            steps.push(begun.map_or_else(|| pending(name), step));
        }
        // A program that does not know the plan shows at least what was begun.
        steps.extend(
            rows.iter().filter(|row| !steps.iter().any(|step| step.name == row.name)).map(step).collect::<Vec<_>>(),
        );
        let mut life = SagaLife { summary: summary(&row), input: row.input, steps };
        let secrets = self.kinds.get(row.kind.as_str()).map(|kind| kind.secrets());
        for shown in [&mut life.input].into_iter().chain(life.steps.iter_mut().filter_map(|step| step.output.as_mut()))
        {
            match secrets {
                Some(secrets) => mask::fields(shown, secrets),
                None => *shown = Value::from(mask::MASK),
            }
        }
        Ok(Some(life))
    }

    /// Carries out an order, as a commit that the permit allows and the audit names. How many sagas it touched: one.
    ///
    /// # Errors
    /// `saga.not_found`; `saga.ended`, `saga.nothing_failed`, `saga.undoing` or `saga.no_return` when the saga's state
    /// stands against it; `saga.unreadable`; `Unavailable`.
    pub async fn order(&self, permit: Permit, id: Uuid, order: SagaOrder) -> Result<u64, Fault> {
        let Some((row, _)) = self.store.saga(id).await? else { return Err(NO_SAGA.fault()) };
        let Some(kind) = self.kinds.get(row.kind.as_str()) else { return Err(UNREADABLE.fault()) };
        for _ in 0..20 {
            let Some(next) = kind.decide(&self.store, id, order).await? else { return Ok(0) };
            // It is the saga's community that this is done for, whoever orders it.
            let effects = Effects::tasks_from(next.write.saga.origin.clone(), next.tasks);
            match self.store.commit(permit.clone(), next.write, effects, 1).await {
                Err(fault) if fault.is(&reasons::STALE) => {}
                done => return done,
            }
        }
        Err(reasons::STALE.fault())
    }
}

fn summary(row: &SagaRow) -> SagaSummary {
    SagaSummary {
        id: row.id,
        kind: row.kind.clone(),
        correlation: row.correlation.clone(),
        state: row.state.clone(),
        step: row.step.clone(),
        attempts: row.attempts,
        next_at: row.next_at,
        error: row.error.as_deref().and_then(|error| error.lines().next()).map(str::to_owned),
        started_at: row.started_at,
        updated_at: row.updated_at,
    }
}

fn step(row: &StepRow) -> SagaStep {
    SagaStep {
        name: row.name.clone(),
        state: row.state.clone(),
        attempts: row.attempts,
        output: row.output.clone(),
        error: row.error.clone(),
        updated_at: Some(row.updated_at),
    }
}

fn pending(name: &str) -> SagaStep {
    SagaStep {
        name: name.to_owned(),
        state: "pending".to_owned(),
        attempts: 0,
        output: None,
        error: None,
        updated_at: None,
    }
}
