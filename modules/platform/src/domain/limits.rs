//! How much of a queue may run. What may not enter: how the limit is kept.

use kernel::{Fault, FieldFault, QueueLimits};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A limit nobody reaches by accident and every engine can store.
const MOST: u32 = 1_000_000;
/// The longest period a rate is counted over: a day.
const LONGEST_S: u32 = 86_400;

/// Limits as they were typed. What is absent is not limited.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TypedLimits {
    /// At most so many at a time in each process.
    pub(crate) per_process: Option<u32>,
    /// At most so many at a time in all processes together.
    pub(crate) at_most: Option<u32>,
    /// At most so many started in each period.
    pub(crate) rate: Option<u32>,
    /// How long the period is, in seconds; 1 when a rate is given without it.
    pub(crate) rate_seconds: Option<u32>,
}

impl TypedLimits {
    /// Reads the limits.
    ///
    /// # Errors
    /// `Invalid`, naming every number that is out of bounds: a queue that is to start nothing is paused instead.
    pub(crate) fn parse(&self) -> Result<QueueLimits, Fault> {
        let numbers = [
            ("per_process", self.per_process, MOST),
            ("at_most", self.at_most, MOST),
            ("rate", self.rate, MOST),
            ("rate_seconds", self.rate_seconds, LONGEST_S),
        ];
        let wrong = numbers.into_iter().filter(|(_, number, most)| number.is_some_and(|n| !(1..=*most).contains(&n)));
        let mut faults: Vec<_> = wrong
            .map(|(field, _, most)| FieldFault {
                field: field.to_owned(),
                detail: format!("must be between 1 and {most}; to start nothing, pause the queue"),
            })
            .collect();
        if self.rate.is_none() && self.rate_seconds.is_some() {
            faults.push(FieldFault { field: "rate".to_owned(), detail: "is missing for this period".to_owned() });
        }
        if !faults.is_empty() {
            return Err(Fault::invalid_fields(faults));
        }
        let period = Duration::from_secs(self.rate_seconds.unwrap_or(1).into());
        Ok(QueueLimits {
            per_process: self.per_process,
            at_most: self.at_most,
            rate: self.rate.map(|rate| (rate, period)),
        })
    }
}

impl From<&QueueLimits> for TypedLimits {
    fn from(limits: &QueueLimits) -> Self {
        let seconds = |period: Duration| u32::try_from(period.as_secs()).unwrap_or(LONGEST_S).max(1);
        Self {
            per_process: limits.per_process,
            at_most: limits.at_most,
            rate: limits.rate.map(|(rate, _)| rate),
            rate_seconds: limits.rate.map(|(_, period)| seconds(period)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_typed_limits_nothing() {
        assert_eq!(TypedLimits::default().parse().unwrap(), QueueLimits::default());
    }

    #[test]
    fn limits_read_back_as_they_were_typed() {
        let typed = TypedLimits { per_process: Some(4), at_most: Some(16), rate: Some(100), rate_seconds: Some(60) };
        let limits = typed.parse().unwrap();
        assert_eq!(limits.rate, Some((100, Duration::from_secs(60))));
        assert_eq!(TypedLimits::from(&limits), typed);
    }

    #[test]
    fn every_number_out_of_bounds_is_named() {
        let typed = TypedLimits { per_process: Some(0), rate_seconds: Some(90_000), ..TypedLimits::default() };
        let fault = typed.parse().unwrap_err();
        let named: Vec<_> = fault.fields.iter().map(|f| f.field.as_str()).collect();
        assert_eq!(named, ["per_process", "rate_seconds", "rate"]);
    }
}
