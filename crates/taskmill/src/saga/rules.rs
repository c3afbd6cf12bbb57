//! The rules a decision follows, one happening at a time.
//!
//! What may not enter: whether a happening still counts. That was looked at before.

use super::decide::{Action, Against, Facts, Outcome, SagaOrder, Way};
use super::progress::{Phase, Progress, Record, StepState};
use super::shape::{Node, Tries, Verdict};
use serde_json::Value;
use std::time::Duration;

/// One decision being made.
pub(super) struct Decider<'a> {
    facts: &'a Facts<'a>,
    progress: Progress,
    actions: Vec<Action>,
    taken: Vec<usize>,
}

impl<'a> Decider<'a> {
    pub(super) fn on(facts: &'a Facts<'a>, progress: Progress) -> Self {
        Self { facts, progress, actions: Vec::new(), taken: Vec::new() }
    }

    pub(super) fn decided(self) -> (Progress, Vec<Action>) {
        (self.progress, self.actions)
    }

    fn step(&mut self, node: usize) -> &mut Record {
        &mut self.progress.steps[node]
    }

    fn state(&self, node: usize) -> StepState {
        self.progress.steps[node].state
    }

    fn tries_of(&self, node: usize) -> Tries {
        match &self.facts.shape.nodes[node] {
            Node::Step { tries, .. } => *tries,
            Node::Wait { .. } => Tries::once(),
        }
    }

    /// Whether there is no way back from this node.
    fn is_past_pivot(&self, node: usize) -> bool {
        let stage = self.facts.shape.stage(self.facts.shape.stage_of(node));
        self.facts.shape.nodes[..stage.start].iter().any(Node::is_pivot)
    }

    pub(super) fn acted(&mut self, node: usize, tries: i32, outcome: &Outcome) {
        let backward = self.progress.phase == Phase::Backward;
        match outcome {
            Outcome::Done(output) => {
                self.end(node, tries, StepState::Done);
                self.step(node).output = Some(output.clone());
            }
            Outcome::Refused(error) if self.is_past_pivot(node) => {
                self.step(node).attempts += tries;
                self.get_stuck(node, Way::Do, error);
            }
            Outcome::Refused(error) => {
                self.end(node, tries, StepState::Failed);
                self.step(node).error = Some(error.clone());
            }
            Outcome::Unknown(error) if backward && !self.facts.shape.nodes[node].is_undoable() => {
                // There would be nothing to undo either way.
                self.end(node, tries, StepState::Failed);
                self.step(node).error = Some(error.clone());
            }
            Outcome::Unknown(error) => self.try_again(node, Way::Do, tries, error),
        }
    }

    pub(super) fn undid(&mut self, node: usize, tries: i32, outcome: &Outcome) {
        match outcome {
            Outcome::Done(_) => self.end(node, tries, StepState::Undone),
            // What was done must be undone: no compensation may be refused.
            Outcome::Refused(error) | Outcome::Unknown(error) => self.try_again(node, Way::Undo, tries, error),
        }
    }

    fn end(&mut self, node: usize, tries: i32, state: StepState) {
        let attempts = self.step(node).attempts + tries;
        self.step(node).turn(state);
        self.step(node).attempts = attempts;
    }

    /// After an attempt of which nobody knows, or that may go better.
    fn try_again(&mut self, node: usize, way: Way, tries: i32, error: &str) {
        let allowed = self.tries_of(node);
        let record = self.step(node);
        record.attempts += tries;
        record.error = Some(error.to_owned());
        let attempts = record.attempts;
        if u32::try_from(attempts).unwrap_or(0) < allowed.attempts {
            let pause = allowed.pauses.pause(self.facts.saga, attempts);
            self.order(node, way, pause);
        } else if allowed.undo && way == Way::Do && self.progress.phase == Phase::Forward {
            // What is stuck when the saga turns round is asked again, in order to know whether there is something to undo.
            self.get_stuck(node, way, error);
            self.turn_round(format!("{} failed too often: {error}", self.facts.shape.nodes[node].name()));
        } else {
            self.get_stuck(node, way, error);
        }
    }

    fn get_stuck(&mut self, node: usize, way: Way, error: &str) {
        let again = self.tries_of(node).again;
        let record = self.step(node);
        record.stuck = true;
        record.error = Some(error.to_owned());
        match again {
            Some(period) => self.order(node, way, period),
            None => {
                record.epoch += 1;
                record.next_at = None;
            }
        }
    }

    /// Orders an attempt under a new epoch.
    fn order(&mut self, node: usize, way: Way, after: Duration) {
        let at = (!after.is_zero()).then(|| kernel::after(self.facts.now, after));
        let record = self.step(node);
        record.epoch += 1;
        record.next_at = at;
        let epoch = record.epoch;
        self.actions.push(Action::Try { node, way, epoch, after });
    }

    fn turn_round(&mut self, why: String) {
        self.progress.phase = Phase::Backward;
        self.progress.why.get_or_insert(why);
        for node in self.facts.shape.stage(self.progress.position) {
            let (stuck, undoable) = (self.progress.steps[node].stuck, self.facts.shape.nodes[node].is_undoable());
            match self.state(node) {
                StepState::Waiting => self.step(node).renew(StepState::Undone),
                StepState::Running if stuck && !undoable => self.step(node).renew(StepState::Failed),
                StepState::Running if stuck && self.tries_of(node).repeat() => {
                    let pause = self.tries_of(node).pauses.pause(self.facts.saga, 1);
                    self.step(node).turn(StepState::Running);
                    self.order(node, Way::Do, pause);
                }
                _ => {}
            }
        }
    }

    pub(super) fn look(&mut self) {
        if self.progress.phase != Phase::Forward {
            return;
        }
        for node in self.facts.shape.stage(self.progress.position) {
            if self.state(node) == StepState::Waiting {
                let record = self.step(node);
                (record.stuck, record.error) = (false, None);
                self.listen(node);
            }
        }
    }

    /// A look could not be written: whoever waits is stuck until another one can.
    pub(super) fn unheard(&mut self, error: &str) {
        for node in self.facts.shape.stage(self.progress.position) {
            if self.state(node) == StepState::Waiting {
                let record = self.step(node);
                (record.stuck, record.error) = (true, Some(error.to_owned()));
            }
        }
    }

    /// Lets a wait take the letters it understands, and then the clock.
    fn listen(&mut self, node: usize) {
        let facts = self.facts;
        let Node::Wait { rules, late, .. } = &facts.shape.nodes[node] else { return };
        for (nth, letter) in facts.letters.iter().enumerate() {
            let rule = rules.iter().find(|(name, _)| *name == letter.name);
            let Some((_, verdict)) = rule.filter(|_| !self.taken.contains(&nth)) else { continue };
            self.taken.push(nth);
            self.actions.push(Action::Take { node, letter: letter.clone() });
            let heard = serde_json::json!({ "name": letter.name, "payload": letter.payload });
            if self.heard(node, *verdict, heard) {
                return;
            }
        }
        let is_late = self.progress.steps[node].next_at.is_some_and(|deadline| deadline <= facts.now);
        if let Some(verdict) = late.filter(|_| is_late) {
            self.heard(node, verdict, serde_json::json!({ "name": null, "payload": null }));
        }
    }

    /// Whether the wait is over.
    fn heard(&mut self, node: usize, verdict: Verdict, heard: Value) -> bool {
        let name = heard["name"].as_str().map_or_else(|| "the deadline".to_owned(), str::to_owned);
        self.step(node).output = Some(heard);
        match verdict {
            Verdict::StopTheClock => {
                self.step(node).next_at = None;
                return false;
            }
            Verdict::GoOn => self.step(node).renew(StepState::Done),
            Verdict::Undo => {
                self.step(node).renew(StepState::Done);
                self.keep(self.facts.shape.stage_of(node));
                self.turn_round(format!("{}: {name}", self.facts.shape.nodes[node].name()));
            }
        }
        true
    }

    pub(super) fn obey(&mut self, order: SagaOrder) -> Result<(), Against> {
        if self.progress.phase.has_ended() {
            return Err(Against::Ended);
        }
        let is_failing = |record: &Record| record.is_under_way() && record.error.is_some();
        let meant = match order {
            SagaOrder::Compensate => return self.compensate(),
            // Where nothing has failed, a task may have been cancelled, or be a dead letter.
            SagaOrder::Retry => self.first_of([is_failing, Record::is_under_way]),
            SagaOrder::Skip => self.first_of([|record| record.stuck, is_failing]),
        };
        if meant.is_empty() {
            return Err(Against::NothingFailed);
        }
        for node in meant {
            if order == SagaOrder::Skip { self.skip(node) } else { self.retry(node) }
        }
        Ok(())
    }

    /// The steps of the first sort of which there are any.
    fn first_of(&self, sorts: [fn(&Record) -> bool; 2]) -> Vec<usize> {
        let of = |sort: fn(&Record) -> bool| {
            let all = self.progress.steps.iter().enumerate();
            all.filter(|(_, record)| sort(record)).map(|(node, _)| node).collect::<Vec<_>>()
        };
        sorts.into_iter().map(of).find(|nodes| !nodes.is_empty()).unwrap_or_default()
    }

    fn skip(&mut self, node: usize) {
        let is_wait = self.facts.shape.nodes[node].is_wait();
        let record = self.step(node);
        record.renew(StepState::Skipped);
        if is_wait {
            record.output = None;
        }
    }

    fn retry(&mut self, node: usize) {
        let record = self.step(node);
        (record.stuck, record.attempts) = (false, 0);
        match record.state {
            StepState::Waiting => {
                record.error = None;
                self.actions.push(Action::Look);
            }
            StepState::Compensating => self.order(node, Way::Undo, Duration::ZERO),
            _ => self.order(node, Way::Do, Duration::ZERO),
        }
    }

    fn compensate(&mut self) -> Result<(), Against> {
        if self.progress.phase == Phase::Backward {
            return Err(Against::Undoing);
        }
        let stage = self.facts.shape.stage(self.progress.position);
        let pivots = |nodes: &[Node]| nodes.iter().any(Node::is_pivot);
        // The point of no return itself has been begun, and nobody knows how it went.
        if pivots(&self.facts.shape.nodes[..stage.end]) {
            return Err(Against::NoReturn);
        }
        self.turn_round("ordered by an operator".to_owned());
        Ok(())
    }

    /// Goes as far as can be gone without another outcome.
    pub(super) fn settle(&mut self) {
        while self.progress.phase == Phase::Forward && self.forward() {}
        while self.progress.phase == Phase::Backward && self.backward() {}
    }

    fn keep(&mut self, stage: usize) {
        self.actions.push(Action::Keep { stage });
        self.progress.kept = stage + 1;
    }

    /// One stage forward. False when there is something to wait for.
    fn forward(&mut self) -> bool {
        let position = self.progress.position;
        if position == self.facts.shape.stages() {
            self.progress.phase = Phase::Done;
            return false;
        }
        let stage = self.facts.shape.stage(position);
        let states = &self.progress.steps[stage.clone()];
        if let Some(nth) = states.iter().position(|record| record.state == StepState::Failed) {
            let (name, error) = (self.facts.shape.nodes[stage.start + nth].name(), states[nth].error.clone());
            self.turn_round(format!("{name} was refused: {}", error.unwrap_or_default()));
            return false;
        }
        if states.iter().all(|record| matches!(record.state, StepState::Done | StepState::Skipped)) {
            self.keep(position);
            self.progress.position += 1;
            return true;
        }
        if !states.iter().all(|record| record.state == StepState::Pending) {
            return false;
        }
        for node in stage {
            if self.facts.shape.nodes[node].is_wait() {
                self.step(node).renew(StepState::Waiting);
                self.actions.push(Action::Watch { node });
                self.listen(node);
            } else {
                self.step(node).turn(StepState::Running);
                self.order(node, Way::Do, Duration::ZERO);
            }
        }
        true
    }

    /// One stage backward. False when there is something to wait for.
    fn backward(&mut self) -> bool {
        let mut settled = true;
        for node in self.facts.shape.stage(self.progress.position) {
            match self.state(node) {
                StepState::Done if self.facts.shape.nodes[node].is_undoable() => {
                    self.step(node).turn(StepState::Compensating);
                    self.order(node, Way::Undo, Duration::ZERO);
                    settled = false;
                }
                StepState::Running | StepState::Waiting | StepState::Compensating => settled = false,
                _ => {}
            }
        }
        if !settled {
            return false;
        }
        if self.progress.position == 0 {
            self.progress.phase = Phase::Undone;
            return false;
        }
        self.progress.position -= 1;
        true
    }
}
