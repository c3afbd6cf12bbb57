//! The desks of all modules, near and far. One that does not answer keeps nobody from hearing the others.

use chrono::TimeDelta;
use futures::future::join_all;
use kernel::{Caller, Clock, DeskAnswer, DeskOrder, DeskQuestion, Fault, FaultCode, Late, TaskDesk};
use platform_contract::reasons::NO_SUCH_DESK;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How long a page waits for the slowest module.
const PATIENCE: TimeDelta = TimeDelta::seconds(3);

/// The desks of all modules.
pub(crate) struct Desks {
    desks: Vec<(String, Late<dyn TaskDesk>)>,
    clock: Arc<dyn Clock>,
}

/// A module and its desk.
type Asked<'a> = (&'a str, &'a Arc<dyn TaskDesk>);

/// What several modules answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Survey<T> {
    /// Each module that answered, with its answer.
    pub(crate) heard: Vec<(String, T)>,
    /// Each module that did not.
    pub(crate) silent: Vec<Silent>,
}

/// A module that did not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Silent {
    /// The module.
    pub(crate) module: String,
    /// Why, for people.
    pub(crate) detail: String,
}

impl<T> Survey<T> {
    fn of(answers: Vec<(String, Result<T, Fault>)>) -> Result<Self, Fault> {
        let mut survey = Self { heard: Vec::new(), silent: Vec::new() };
        for (module, answer) in answers {
            match answer {
                Ok(answer) => survey.heard.push((module, answer)),
                // It runs elsewhere and keeps no tasks.
                Err(fault) if fault.code == FaultCode::NotFound => {}
                Err(fault) if is_answer(fault.code) => return Err(fault),
                Err(fault) => survey.silent.push(Silent { module, detail: fault.detail }),
            }
        }
        Ok(survey)
    }
}

/// Whether a fault is about what was asked, and not about the module that was asked.
fn is_answer(code: FaultCode) -> bool {
    matches!(code, FaultCode::Invalid | FaultCode::Forbidden | FaultCode::Unauthenticated)
}

impl Desks {
    /// The desks in these seats. A module in this process that keeps no tasks leaves its seat empty.
    pub(crate) fn new(desks: Vec<(String, Late<dyn TaskDesk>)>, clock: Arc<dyn Clock>) -> Self {
        Self { desks, clock }
    }

    /// The names of the modules that keep tasks, as far as is known here.
    pub(crate) fn modules(&self) -> Vec<&str> {
        self.desks.iter().filter(|(_, desk)| desk.is_filled()).map(|(module, _)| module.as_str()).collect()
    }

    /// Asks one module.
    ///
    /// # Errors
    /// `platform.no_such_desk`; whatever the desk fails with.
    pub(crate) async fn ask(&self, caller: &Caller, module: &str, question: DeskQuestion) -> Result<DeskAnswer, Fault> {
        self.desk(module)?.ask(&self.hurried(caller), question).await
    }

    /// Asks every module, or only the one named, at the same time. `pick` takes the answer apart.
    ///
    /// # Errors
    /// `Invalid`, naming `module`, when there is none of that name; `Invalid` or `Forbidden` as a desk says.
    pub(crate) async fn survey<T>(
        &self,
        caller: &Caller,
        module: Option<&str>,
        question: DeskQuestion,
        pick: fn(DeskAnswer) -> Option<T>,
    ) -> Result<Survey<T>, Fault> {
        let caller = self.hurried(caller);
        let asked = self.asked(module)?.into_iter().map(|(module, desk)| {
            let (caller, question) = (&caller, question.clone());
            async move {
                let answer = desk.ask(caller, question).await;
                (module.to_owned(), answer.and_then(|answer| pick(answer).ok_or_else(beside_the_point)))
            }
        });
        Survey::of(join_all(asked).await)
    }

    /// Gives one module an order. What it touched.
    ///
    /// # Errors
    /// `platform.no_such_desk`; whatever the desk fails with.
    pub(crate) async fn order(&self, caller: &Caller, module: &str, order: DeskOrder) -> Result<u64, Fault> {
        self.desk(module)?.order(caller, order).await
    }

    /// Gives every module, or only the one named, the same order. What each touched.
    ///
    /// # Errors
    /// As for [`survey`](Self::survey).
    pub(crate) async fn order_all(
        &self,
        caller: &Caller,
        module: Option<&str>,
        order: DeskOrder,
    ) -> Result<Survey<u64>, Fault> {
        let ordered = self.asked(module)?.into_iter().map(|(module, desk)| {
            let order = order.clone();
            async move { (module.to_owned(), desk.order(caller, order).await) }
        });
        Survey::of(join_all(ordered).await)
    }

    fn desk(&self, module: &str) -> Result<&Arc<dyn TaskDesk>, Fault> {
        let filled = self.desks.iter().find(|(name, desk)| name == module && desk.is_filled());
        filled.map(|(_, desk)| desk.get()).ok_or_else(|| NO_SUCH_DESK.fault())
    }

    fn asked(&self, module: Option<&str>) -> Result<Vec<Asked<'_>>, Fault> {
        let filled = self.desks.iter().filter(|(_, desk)| desk.is_filled());
        let asked: Vec<_> = filled
            .filter(|(name, _)| module.is_none_or(|module| name == module))
            .map(|(name, desk)| (name.as_str(), desk.get()))
            .collect();
        match module {
            Some(module) if asked.is_empty() => {
                Err(Fault::invalid("module", format!("is no module that keeps tasks: {module}")))
            }
            _ => Ok(asked),
        }
    }

    /// The same caller, with no more patience than a page has.
    fn hurried(&self, caller: &Caller) -> Caller {
        let mut caller = caller.clone();
        let soon = self.clock.now() + PATIENCE;
        caller.deadline = Some(caller.deadline.map_or(soon, |deadline| deadline.min(soon)));
        caller
    }
}

/// The desk answered another question than the one asked: a mistake in the program, on one side or the other.
pub(crate) fn beside_the_point() -> Fault {
    Fault::internal("the desk answered another question")
}
