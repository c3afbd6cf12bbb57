//! The desks of all modules, near and far. One that does not answer keeps nobody from hearing the others.

use chrono::TimeDelta;
use futures::future::join_all;
use kernel::{Caller, Clock, DeskAnswer, DeskOrder, DeskQuestion, Fault, FaultCode, Late, TaskDesk, reasons};
use platform_contract::reasons::NO_SUCH_DESK;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// How long a page waits for the slowest module.
const PATIENCE: Duration = Duration::from_secs(3);

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
        let mut wrong = None;
        for (module, answer) in answers {
            match answer {
                Ok(answer) => survey.heard.push((module, answer)),
                // It runs elsewhere and keeps no tasks.
                Err(fault) if fault.code == FaultCode::NotFound => {}
                Err(fault) => {
                    tracing::warn!(module, reason = %fault.reason, cause = fault.chain(), "a desk does not answer");
                    survey.silent.push(Silent { module, detail: fault.detail.clone() });
                    wrong = wrong.or(Some(fault).filter(is_about_the_question));
                }
            }
        }
        // What some of them have done or told is not withheld because others read the question differently.
        match wrong {
            Some(fault) if survey.heard.is_empty() => Err(fault),
            _ => Ok(survey),
        }
    }
}

impl Survey<u64> {
    /// All of them together.
    pub(crate) fn total(&self) -> u64 {
        self.heard.iter().map(|(_, count)| count).sum()
    }
}

/// Whether a fault is about what was asked, and not about how this process and that one get on with each other: a token
/// or a policy that differs, a release that cannot read the question.
fn is_about_the_question(fault: &Fault) -> bool {
    fault.code == FaultCode::Invalid && !fault.fields.is_empty()
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
        self.hurried(caller, self.desk(module)?, question).await
    }

    /// Asks every module, or only the one named, at the same time. `pick` takes the answer apart.
    ///
    /// # Errors
    /// `Invalid`, naming `module`, when there is none of that name; `Invalid` with fields when desks say so and none
    /// answers. Whatever else a desk fails with makes it a silent one.
    pub(crate) async fn survey<T>(
        &self,
        caller: &Caller,
        module: Option<&str>,
        question: DeskQuestion,
        pick: fn(DeskAnswer) -> Option<T>,
    ) -> Result<Survey<T>, Fault> {
        let asked = self.asked(module)?.into_iter().map(|(module, desk)| {
            let question = question.clone();
            async move {
                let answer = self.hurried(caller, desk, question).await;
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

    /// Asks with no more patience than a page has. A far desk is told the deadline, a near one is left alone at it.
    async fn hurried(
        &self,
        caller: &Caller,
        desk: &Arc<dyn TaskDesk>,
        question: DeskQuestion,
    ) -> Result<DeskAnswer, Fault> {
        let now = self.clock.now();
        let left = caller.deadline.map_or(PATIENCE, |deadline| (deadline - now).to_std().unwrap_or_default());
        let patience = left.min(PATIENCE);
        let mut caller = caller.clone();
        caller.deadline = TimeDelta::from_std(patience).ok().and_then(|patience| now.checked_add_signed(patience));
        timeout(patience, desk.ask(&caller, question)).await.unwrap_or_else(|_| Err(reasons::DEADLINE.fault()))
    }
}

/// The desk answered another question than the one asked: a mistake in the program, on one side or the other.
pub(crate) fn beside_the_point() -> Fault {
    Fault::internal("the desk answered another question")
}
