//! What happened in each of the last minutes.

use super::desk;
use crate::Platform;
use crate::desks::Survey;
use crate::domain::said;
use kernel::{
    Caller, DeskAnswer, DeskQuestion, Fault, Operation, Permit, READ_TASKS, Resource, ThroughputMinute, UseCase,
};
use serde::Serialize;

/// A day.
const MOST_MINUTES: u32 = 1440;

/// How far back to look.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ReadThroughput {
    /// Only this module.
    pub(crate) module: Option<String>,
    /// How many minutes.
    pub(crate) minutes: u32,
}

impl UseCase for ReadThroughput {
    type Module = Platform;
    type Subject = ();
    type Output = Survey<Vec<ThroughputMinute>>;
    const OPERATION: &'static Operation = &READ_TASKS;

    async fn load(&self, _: &Platform, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), _: &Caller) -> Resource {
        desk(self.module.as_deref())
    }

    async fn run(&self, platform: &Platform, (): (), permit: Permit) -> Result<Self::Output, Fault> {
        if !(1..=MOST_MINUTES).contains(&self.minutes) {
            return Err(Fault::invalid("minutes", format!("must be between 1 and {MOST_MINUTES}")));
        }
        let pick = |answer| match answer {
            DeskAnswer::Throughput(minutes) => Some(minutes),
            _ => None,
        };
        let question = DeskQuestion::Throughput { minutes: self.minutes };
        platform.desks.survey(permit.caller(), said(self.module.as_deref()), question, pick).await
    }
}
