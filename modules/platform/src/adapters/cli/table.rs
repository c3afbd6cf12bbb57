//! Answers as people read them at a shell: aligned columns, instants in UTC. What may not enter: a question.

use crate::adapters::words::{limits, span};
use crate::usecases::{FoundSaga, FoundTask};
use kernel::{Page, QueueState, SagaLife, ScheduleState, TaskLife, Time};
use std::fmt::Write;

/// What modules tell, as a terminal may show it: with its control characters written out (`\n`, `\u{1b}`), so that it
/// neither breaks a line nor moves the cursor, and colours nothing.
pub(super) fn plain(text: &str) -> String {
    let write = |c: char| if c.is_control() { c.escape_debug().to_string() } else { c.to_string() };
    text.chars().map(write).collect()
}

/// Rows under a head, each column as wide as its widest word; `numbers` says which are flush right.
fn aligned(head: &[&str], numbers: &[usize], rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| plain(cell)).collect()).collect();
    let width = |column: usize| {
        let words = rows.iter().filter_map(|row| row.get(column)).map(|word| word.chars().count());
        words.chain([head[column].len()]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut line = String::new();
        for ((column, cell), width) in cells.enumerate().zip(&widths) {
            let padding = " ".repeat(width.saturating_sub(cell.chars().count()));
            let cell = if numbers.contains(&column) { padding + cell } else { cell.to_owned() + &padding };
            line.push_str(&cell);
            line.push_str("  ");
        }
        line.trim_end().to_owned() + "\n"
    };
    let mut text = line(&mut head.iter().copied());
    for row in &rows {
        text.push_str(&line(&mut row.iter().map(String::as_str)));
    }
    text
}

/// Nothing was found, or what was.
fn listed(head: &[&str], numbers: &[usize], rows: &[Vec<String>], nothing: &str) -> String {
    if rows.is_empty() { format!("{nothing}\n") } else { aligned(head, numbers, rows) }
}

/// Every queue.
pub(super) fn queues(heard: &[(String, Vec<QueueState>)], now: Time) -> String {
    let row = |module: &str, queue: &QueueState| {
        let counts = [queue.ready, queue.scheduled, queue.waiting, queue.running, queue.dead];
        let mut row = vec![module.to_owned(), queue.settings.name.clone()];
        row.extend(counts.map(|count| count.to_string()));
        row.push(queue.oldest_due.map_or_else(String::new, |due| span(now - due)));
        row.push(if queue.settings.paused { "paused".to_owned() } else { "open".to_owned() });
        row.push(limits(&queue.settings.limits));
        row
    };
    let rows: Vec<_> = heard.iter().flat_map(|(m, queues)| queues.iter().map(move |queue| row(m, queue))).collect();
    let head = ["MODULE", "QUEUE", "READY", "SCHEDULED", "WAITING", "RUNNING", "DEAD", "OLDEST", "STATE", "LIMITS"];
    listed(&head, &[2, 3, 4, 5, 6, 7], &rows, "No module has a queue.")
}

/// Some tasks.
pub(super) fn tasks(page: &Page<FoundTask>) -> String {
    let row = |found: &FoundTask| {
        let task = &found.task;
        vec![
            found.module.clone(),
            task.id.to_string(),
            task.kind.clone(),
            task.queue.clone(),
            task.state.name().to_owned(),
            task.attempts.to_string(),
            time(Some(task.enqueued_at)),
            task.key.clone().unwrap_or_default(),
            task.error.clone().unwrap_or_default(),
        ]
    };
    let rows: Vec<_> = page.items.iter().map(row).collect();
    let head = ["MODULE", "ID", "KIND", "QUEUE", "STATE", "TRIES", "ENQUEUED", "KEY", "ERROR"];
    listed(&head, &[5], &rows, "No tasks.") + &more(page.next.as_ref().map(|next| next.0.as_str()))
}

/// One task's life.
pub(super) fn task(module: &str, life: &TaskLife) -> String {
    let task = &life.summary;
    let progress = life.progress.as_ref().map(|progress| {
        let percent = progress.percent.map(|percent| format!("{percent} % ")).unwrap_or_default();
        format!("{percent}{}", progress.note)
    });
    let mut text = facts(&[
        ("task", format!("{module} {}", task.id)),
        ("kind", format!("{} v{}", task.kind, life.version)),
        ("queue", task.queue.clone()),
        ("state", task.state.name().to_owned()),
        ("priority", task.priority.name().to_owned()),
        ("key", task.key.clone().unwrap_or_default()),
        ("lane", life.lane.clone().unwrap_or_default()),
        ("community", task.tenant.to_string()),
        ("enqueued", time(Some(task.enqueued_at))),
        ("by", format!("{} in {}", life.origin.actor.principal, life.origin.operation)),
        ("request", life.origin.request_id.clone()),
        ("due", time(task.due_at)),
        ("ended", time(task.ended_at)),
        ("progress", progress.unwrap_or_default()),
        ("payload", life.payload.to_string()),
        ("result", life.result.as_ref().map(ToString::to_string).unwrap_or_default()),
    ]);
    let row = |run: &kernel::Run| {
        vec![
            run.attempt.to_string(),
            run.outcome.clone(),
            time(Some(run.started_at)),
            span(run.ended_at - run.started_at),
            run.worker.clone().unwrap_or_default(),
            run.error.clone().unwrap_or_default(),
        ]
    };
    let rows: Vec<_> = life.runs.iter().map(row).collect();
    if !rows.is_empty() {
        text.push('\n');
        text.push_str(&aligned(&["TRY", "OUTCOME", "STARTED", "TOOK", "WORKER", "ERROR"], &[0, 3], &rows));
    }
    text
}

/// Every schedule.
pub(super) fn schedules(heard: &[(String, Vec<ScheduleState>)]) -> String {
    let row = |module: &str, schedule: &ScheduleState| {
        vec![
            module.to_owned(),
            schedule.name.clone(),
            schedule.cron.clone(),
            schedule.zone.clone(),
            if schedule.paused { "paused".to_owned() } else { "on".to_owned() },
            time(schedule.last_tick),
            time(schedule.next_tick),
            schedule.kind.clone(),
        ]
    };
    let rows: Vec<_> = heard.iter().flat_map(|(m, all)| all.iter().map(move |schedule| row(m, schedule))).collect();
    let head = ["MODULE", "SCHEDULE", "CRON", "ZONE", "STATE", "LAST", "NEXT", "KIND"];
    listed(&head, &[], &rows, "No module has a schedule.")
}

/// Some sagas.
pub(super) fn sagas(page: &Page<FoundSaga>) -> String {
    let row = |found: &FoundSaga| {
        let saga = &found.saga;
        vec![
            found.module.clone(),
            saga.id.to_string(),
            saga.kind.clone(),
            saga.correlation.clone(),
            saga.state.clone(),
            saga.step.clone().unwrap_or_default(),
            saga.attempts.to_string(),
            time(saga.next_at),
            saga.error.clone().unwrap_or_default(),
        ]
    };
    let rows: Vec<_> = page.items.iter().map(row).collect();
    let head = ["MODULE", "ID", "KIND", "CORRELATION", "STATE", "STEP", "TRIES", "NEXT", "ERROR"];
    listed(&head, &[6], &rows, "No sagas.") + &more(page.next.as_ref().map(|next| next.0.as_str()))
}

/// One saga's life.
pub(super) fn saga(module: &str, life: &SagaLife) -> String {
    let saga = &life.summary;
    let mut text = facts(&[
        ("saga", format!("{module} {}", saga.id)),
        ("kind", saga.kind.clone()),
        ("correlation", saga.correlation.clone()),
        ("state", saga.state.clone()),
        ("started", time(Some(saga.started_at))),
        ("moved", time(Some(saga.updated_at))),
        ("next", time(saga.next_at)),
        ("input", life.input.to_string()),
    ]);
    let row = |step: &kernel::SagaStep| {
        vec![
            step.name.clone(),
            step.state.clone(),
            step.attempts.to_string(),
            time(step.updated_at),
            step.output.as_ref().map(ToString::to_string).unwrap_or_default(),
            step.error.clone().unwrap_or_default(),
        ]
    };
    let rows: Vec<_> = life.steps.iter().map(row).collect();
    text.push('\n');
    text.push_str(&aligned(&["STEP", "STATE", "TRIES", "MOVED", "OUTPUT", "ERROR"], &[2], &rows));
    text
}

/// Names and what they are, one below the other; what is empty is left out.
fn facts(facts: &[(&str, String)]) -> String {
    let mut text = String::new();
    for (name, what) in facts.iter().filter(|(_, what)| !what.is_empty()) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<12} {}", plain(what));
    }
    text
}

fn more(next: Option<&str>) -> String {
    next.map(|next| format!("There is more: --cursor {next}\n")).unwrap_or_default()
}

fn time(at: Option<Time>) -> String {
    at.map(|at| at.format("%Y-%m-%d %H:%M:%SZ").to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_word() {
        let rows = [vec!["a".to_owned(), "7".to_owned()], vec!["forum".to_owned(), "1200".to_owned()]];
        assert_eq!(aligned(&["MODULE", "N"], &[1], &rows), "MODULE     N\na          7\nforum   1200\n");
    }

    #[test]
    fn words_from_elsewhere_cannot_command_the_terminal() {
        let rows = [vec!["\u{1b}[2J\u{9b}1mgone\nforum".to_owned(), "7".to_owned()]];
        let told = aligned(&["KEY", "N"], &[], &rows) + &facts(&[("error", "no\r\u{7}\u{1b}]0;x".to_owned())]);
        assert!(!told.chars().any(|c| c.is_control() && c != '\n'), "{told:?}");
        assert_eq!(told.lines().count(), 3, "{told}");
        assert!(told.contains(r"\u{1b}[2J\u{9b}1mgone\nforum"), "{told}");
    }
}
