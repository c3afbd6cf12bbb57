//! The table: a line for each load, a column for each queue.

use crate::contestants::Contestant;
use crate::plan::Row;
use anyhow::Result;
use bench_loads::{Report, Scenario};
use clap::ValueEnum;

/// What came out of the rounds of one load, a queue after the other.
#[derive(Debug)]
pub(crate) struct Outcomes {
    columns: Vec<Column>,
}

#[derive(Debug)]
struct Column {
    name: &'static str,
    rival: bool,
    reports: Vec<Report>,
    failure: Option<String>,
}

impl Outcomes {
    pub(crate) fn new(contestants: &[Contestant]) -> Self {
        let column =
            |one: &Contestant| Column { name: one.name, rival: one.is_rival, reports: Vec::new(), failure: None };
        Self { columns: contestants.iter().map(column).collect() }
    }

    pub(crate) fn add(&mut self, contestant: &Contestant, outcome: Result<Report>) {
        let column = self.columns.iter_mut().find(|column| column.name == contestant.name);
        match (column, outcome) {
            (Some(column), Ok(report)) => column.reports.push(report),
            (Some(column), Err(error)) => column.failure = Some(format!("{error:#}")),
            (None, _) => {}
        }
    }

    /// One line of Markdown; under it what was left out or went wrong.
    pub(crate) fn line(&mut self, row: &Row) -> String {
        let name = row.scenario.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
        let who = match row.scenario {
            Scenario::EnqueueOne | Scenario::EnqueueBatch => "8 clients".to_owned(),
            _ if row.workers == 1 => "1 worker".to_owned(),
            _ => format!("{} workers", row.workers),
        };
        let mut line = format!("| {name}, {} tasks, {who} |", row.tasks);
        let mut notes = Vec::new();
        let medians: Vec<_> = self.columns.iter_mut().map(|one| median(&mut one.reports, row.scenario)).collect();
        for (column, median) in self.columns.iter_mut().zip(&medians) {
            line.push_str(&format!(" {} |", median.as_ref().map_or_else(|| "–".to_owned(), cell)));
            notes.extend(column.failure.take().map(|failure| format!("  {}: {failure}", column.name)));
            if let Some(median) = median {
                notes.extend((!median.lacks.is_empty()).then(|| format!("  {}: {}", column.name, median.lacks)));
                notes.extend((median.doubled > 0).then(|| format!("  {}: {} ran twice", column.name, median.doubled)));
            }
        }
        let rivals = self.columns.iter().zip(&medians).filter(|(column, _)| column.rival);
        let ratio = ratio(medians.first().and_then(Option::as_ref), rivals.filter_map(|(_, median)| median.as_ref()));
        line.push_str(&ratio.map_or_else(|| " – |".to_owned(), |ratio| format!(" {ratio:.2} |")));
        notes.insert(0, line);
        notes.join("\n")
    }
}

/// The head of the table.
pub(crate) fn head(contestants: &[Contestant]) -> String {
    let names: Vec<_> = contestants.iter().map(|contestant| contestant.name).collect();
    format!("| load | {} | ratio |\n| --- |{} --- |", names.join(" | "), " --- |".repeat(names.len()))
}

/// Ours by the better rival's: of rates, or of p99 where a wait is measured, which is better the lower it is.
fn ratio<'a>(ours: Option<&Report>, rivals: impl Iterator<Item = &'a Report>) -> Option<f64> {
    let ours = ours?;
    match ours.p99_ms {
        Some(p99) => rivals.filter_map(|rival| rival.p99_ms).min_by(f64::total_cmp).map(|best| p99 / best),
        None => rivals.map(|rival| rival.per_second).max_by(f64::total_cmp).map(|best| ours.per_second / best),
    }
}

fn median(reports: &mut [Report], scenario: Scenario) -> Option<Report> {
    let by = |report: &Report| match scenario {
        Scenario::Latency | Scenario::Soak => report.p99_ms.unwrap_or(f64::INFINITY),
        _ => report.seconds,
    };
    reports.sort_by(|a, b| by(a).total_cmp(&by(b)));
    reports.get(reports.len() / 2).cloned()
}

fn cell(report: &Report) -> String {
    match (report.p50_ms, report.p99_ms, report.drain_seconds) {
        (Some(p50), Some(p99), _) => format!("p50 {p50:.2} ms, p99 {p99:.2} ms"),
        (.., Some(drain)) => {
            let drained = f64::from(report.tasks) / drain;
            format!("{:.0}/s; drain alone {drained:.0}/s", report.per_second)
        }
        _ => format!("{:.0}/s", report.per_second),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(seconds: f64) -> Report {
        Report {
            library: "some".to_owned(),
            version: "1".to_owned(),
            scenario: Scenario::Drain,
            tasks: 100,
            workers: 1,
            seconds,
            per_second: 100.0 / seconds,
            p50_ms: None,
            p99_ms: None,
            drain_seconds: None,
            minutes: Vec::new(),
            doubled: 0,
            lacks: String::new(),
        }
    }

    #[test]
    fn middle_round_counts() {
        let mut reports = [report(4.0), report(1.0), report(2.0)];
        assert_eq!(median(&mut reports, Scenario::Drain).map(|report| cell(&report)), Some("50/s".to_owned()));
        assert!(median(&mut [], Scenario::Drain).is_none());
    }

    #[test]
    fn ratio_is_to_the_better_rival() {
        let (ours, slow, quick) = (report(1.0), report(4.0), report(2.0));
        assert_eq!(ratio(Some(&ours), [&slow, &quick].into_iter()), Some(2.0));
        assert_eq!(ratio(Some(&ours), std::iter::empty()), None);
        let waiting = |p99| Report { p99_ms: Some(p99), ..report(1.0) };
        let rivals = [waiting(8.0), waiting(4.0)];
        assert_eq!(ratio(Some(&waiting(2.0)), rivals.iter()), Some(0.5));
    }
}
