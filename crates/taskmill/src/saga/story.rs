//! Between decisions and rows: a saga as it is stored, and the next revision of it.

use super::act::Turn;
use super::advance::Work;
use super::decide::{Action, Against, Facts, Happening, Letter, Way, decide};
use super::plan::{Compiled, Saga};
use super::progress::{Phase, Progress, Record, StepState};
use kernel::{Caller, Fault, Lane, NewTask, Time};
use serde_json::Value;
use std::panic::{AssertUnwindSafe, catch_unwind};
use store::Store;
use store::sagas::{MoveSaga, SagaRow, SignalRow, StepRow};
use uuid::Uuid;

/// What the rest must know of a saga's type.
pub(crate) struct KindOf<H> {
    pub(crate) name: &'static str,
    pub(crate) queue: &'static str,
    pub(crate) secrets: &'static [&'static str],
    version: i32,
    plan: fn(i32) -> Result<Compiled<H>, String>,
    upcast: fn(i32, Value) -> Result<Value, Fault>,
}

impl<H> KindOf<H> {
    pub(crate) fn of<S: Saga<Home = H>>() -> Self {
        let plan = |version: i32| {
            let plan = S::plan(version).ok_or_else(|| format!("the plan of version {version} is gone"))?;
            plan.compiled().map_err(|error| error.to_string())
        };
        Self { name: S::KIND, queue: S::QUEUE, secrets: S::SECRETS, version: S::VERSION, plan, upcast: S::upcast }
    }

    /// Today's plan.
    pub(crate) fn newest(&self) -> Result<Compiled<H>, Fault> {
        (self.plan)(self.version).map_err(Fault::internal)
    }

    /// The plan of that version.
    pub(crate) fn plan_of(&self, version: i32) -> Option<Compiled<H>> {
        (self.plan)(version).ok()
    }

    pub(crate) fn version(&self) -> i32 {
        self.version
    }

    /// The longest that any attempt of any plan may take.
    pub(crate) fn longest_attempt(&self) -> std::time::Duration {
        let plans = (1..=self.version).filter_map(|version| (self.plan)(version).ok());
        plans.flat_map(|plan| plan.limbs.into_iter().map(|limb| limb.within)).max().unwrap_or_default()
    }
}

/// One saga with its plan.
pub(crate) struct Story<'a, H> {
    pub(crate) kind: &'a KindOf<H>,
    pub(crate) plan: Compiled<H>,
    pub(crate) row: SagaRow,
    pub(crate) progress: Progress,
    letters: Vec<Letter>,
}

/// What loading a saga brought.
pub(crate) enum Found<'a, H> {
    Story(Box<Story<'a, H>>),
    /// It is done or undone. Nothing more is done about it, whoever can read it.
    Ended,
    /// This program cannot read it. The row is as it was found.
    Unreadable(Box<SagaRow>, String),
    /// It is a newer program's.
    Newer,
    Nothing,
}

/// A saga's next revision, and the tasks that go with it.
pub(crate) struct Next {
    pub(crate) write: MoveSaga,
    pub(crate) tasks: Vec<NewTask>,
}

impl<'a, H> Story<'a, H> {
    pub(crate) async fn load(kind: &'a KindOf<H>, store: &Store, id: Uuid) -> Result<Found<'a, H>, Fault> {
        let Some((found, steps)) = store.saga(id).await? else { return Ok(Found::Nothing) };
        if Phase::parse(&found.phase).is_some_and(Phase::has_ended) {
            return Ok(Found::Ended);
        }
        let mut row = found.clone();
        if row.plan_version > kind.version || row.data_version > kind.version {
            return Ok(Found::Newer);
        }
        let plan = match (kind.plan)(row.plan_version) {
            Ok(plan) => plan,
            Err(error) => return Ok(Found::Unreadable(Box::new(found), error)),
        };
        while row.data_version < kind.version {
            match (kind.upcast)(row.data_version, row.data.clone()) {
                Ok(data) => (row.data, row.data_version) = (data, row.data_version + 1),
                Err(fault) => return Ok(Found::Unreadable(Box::new(found), fault.told())),
            }
        }
        let Some(progress) = progress_of(&row, &steps, &plan) else {
            let error = "its steps are not those of its plan".to_owned();
            return Ok(Found::Unreadable(Box::new(found), error));
        };
        let waits = plan.shape.nodes.iter().any(super::shape::Node::is_wait);
        let signals =
            if waits && progress.phase == Phase::Forward { store.saga_signals(&row).await? } else { Vec::new() };
        let letter = |signal: SignalRow| Letter { name: signal.name, key: signal.key, payload: signal.payload };
        let letters = signals.into_iter().map(letter).collect();
        Ok(Found::Story(Box::new(Self { kind, plan, row, progress, letters })))
    }

    /// A saga that is only about to be started.
    pub(crate) fn untold(kind: &'a KindOf<H>, plan: Compiled<H>, row: SagaRow) -> Self {
        let progress = Progress::none(plan.shape.nodes.len());
        Self { kind, plan, row, progress, letters: Vec::new() }
    }

    /// What follows from `happening`. Nothing when nothing does.
    ///
    /// # Errors
    /// `Internal` when the plan's own code fails or panics: what keeps outputs, or sets deadlines.
    pub(crate) fn after(&self, happening: &Happening, now: Time) -> Result<Result<Option<Next>, Against>, Fault> {
        let facts = Facts { shape: &self.plan.shape, letters: &self.letters, now, saga: self.row.id };
        match decide(&facts, &self.progress, happening) {
            Err(against) => Ok(Err(against)),
            Ok(None) => Ok(Ok(None)),
            Ok(Some((progress, actions))) => catch_unwind(AssertUnwindSafe(|| self.written(progress, &actions, now)))
                .unwrap_or_else(|_| Err(Fault::internal("the plan panicked over what it was to keep")))
                .map(|next| Ok(Some(next))),
        }
    }

    /// The row as people should see it now, when they see something else: it could not be read for a while.
    pub(crate) fn shown_again(&self, now: Time) -> Option<SagaRow> {
        let mut row = self.row.clone();
        summarise(&mut row, &self.progress, &self.plan, now);
        let seen = |row: &SagaRow| (row.state.clone(), row.error.clone(), row.next_at);
        (seen(&row) != seen(&self.row)).then_some(row)
    }

    fn written(&self, mut after: Progress, actions: &[Action], now: Time) -> Result<Next, Fault> {
        let shape = &self.plan.shape;
        let (mut row, mut tasks, mut taken) = (self.row.clone(), Vec::new(), Vec::new());
        for action in actions {
            match action {
                Action::Try { node, way, epoch, after } => {
                    let step = shape.nodes[*node].name();
                    let work = Work::Try { saga: row.id, step: step.to_owned(), way: *way, epoch: *epoch };
                    // One at a time for each step, whichever way: what undoes it does not overtake what still does it.
                    let lane = Lane::at_most(format!("{}.{step}", row.id), 1);
                    tasks.push(self.task(&work)?.in_lane(lane).after(*after));
                }
                Action::Keep { stage } => {
                    for node in shape.stage(*stage) {
                        row.data = self.plan.keep(node, row.data, after.steps[node].output.as_ref())?;
                    }
                }
                Action::Watch { node } => {
                    let record = &mut after.steps[*node];
                    let still = record.state == StepState::Waiting && record.output.is_none();
                    if let Some(deadline) = self.plan.limbs[*node].deadline.as_ref().filter(|_| still) {
                        let at = deadline(&row.data, now)?;
                        record.next_at = Some(at);
                        tasks.push(self.task(&Work::look(&row, true))?.at(at));
                    }
                }
                Action::Look => tasks.push(self.task(&Work::look(&row, true))?),
                Action::Take { node, letter } => {
                    let Letter { name, key, payload } = letter.clone();
                    taken.push((SignalRow { name, key, payload }, shape.nodes[*node].name().to_owned()));
                }
            }
        }
        summarise(&mut row, &after, &self.plan, now);
        let changed = (0..shape.nodes.len()).filter(|node| after.steps[*node] != self.progress.steps[*node]);
        let steps = changed.map(|node| step_row(shape.nodes[node].name(), &after.steps[node], now)).collect();
        Ok(Next { write: MoveSaga { saga: row, steps, taken }, tasks })
    }

    fn task(&self, work: &Work) -> Result<NewTask, Fault> {
        task(self.kind, work)
    }

    /// What an attempt at this step is given, the nth that its task begins.
    pub(crate) fn turn(&self, node: usize, way: Way, tries: i32, caller: Caller) -> Result<Turn<Value>, Fault> {
        let mut data = self.row.data.clone();
        if way == Way::Undo && self.plan.shape.stage_of(node) >= self.progress.kept {
            // Its stage was never done as a whole, so its output is not in the data yet.
            data = self.plan.keep(node, data, self.progress.steps[node].output.as_ref())?;
        }
        Ok(Turn {
            saga: self.row.id,
            correlation: self.row.correlation.clone(),
            tenant: self.row.tenant,
            data,
            caller,
            attempt: self.progress.steps[node].attempts + tries,
            why: self.progress.why.clone(),
        })
    }
}

pub(crate) fn task<H>(kind: &KindOf<H>, work: &Work) -> Result<NewTask, Fault> {
    let payload = serde_json::to_value(work).map_err(Fault::internal)?;
    Ok(NewTask::new(kind.name, 1, payload).on(kind.queue))
}

/// Puts what people see into the row.
fn summarise<H>(row: &mut SagaRow, progress: &Progress, plan: &Compiled<H>, now: Time) {
    let number = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    progress.phase.name().clone_into(&mut row.phase);
    progress.state().clone_into(&mut row.state);
    (row.position, row.kept) = (number(progress.position), number(progress.kept));
    row.why.clone_from(&progress.why);
    let at = progress.at().map(|node| (plan.shape.nodes[node].name(), &progress.steps[node]));
    row.step = at.map(|(name, _)| name.to_owned());
    row.attempts = at.map_or(0, |(_, record)| record.attempts);
    row.next_at = at.and_then(|(_, record)| record.next_at);
    row.error = at.and_then(|(_, record)| record.error.clone()).or_else(|| progress.why.clone());
    row.updated_at = now;
}

fn step_row(name: &str, record: &Record, now: Time) -> StepRow {
    StepRow {
        name: name.to_owned(),
        state: record.state.name().to_owned(),
        stuck: record.stuck,
        epoch: record.epoch,
        attempts: record.attempts,
        next_at: record.next_at,
        output: record.output.clone(),
        error: record.error.clone(),
        updated_at: record.updated_at.unwrap_or(now),
    }
}

/// None when the rows do not fit the plan.
fn progress_of<H>(row: &SagaRow, steps: &[StepRow], plan: &Compiled<H>) -> Option<Progress> {
    let mut progress = Progress::none(plan.shape.nodes.len());
    progress.phase = Phase::parse(&row.phase)?;
    (progress.position, progress.kept) = (usize::try_from(row.position).ok()?, usize::try_from(row.kept).ok()?);
    progress.why.clone_from(&row.why);
    for step in steps {
        let node = plan.shape.node_named(&step.name)?;
        progress.steps[node] = Record {
            state: StepState::parse(&step.state)?,
            stuck: step.stuck,
            epoch: step.epoch,
            attempts: step.attempts,
            next_at: step.next_at,
            output: step.output.clone(),
            error: step.error.clone(),
            updated_at: Some(step.updated_at),
        };
    }
    (progress.position <= plan.shape.stages()).then_some(progress)
}
