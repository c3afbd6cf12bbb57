//! Positions for what was committed without one: events of the outbox, and of streams.
//!
//! Rows get their `seq` when they are written, and are seen when they are committed, in another order. The sequencer
//! numbers what it sees, by `seq`, one process at a time under the lock of a row, on SQLite under the write lock. So that it stays cheap while an
//! old snapshot somewhere keeps every dead row version alive, it looks only where something can be: behind the last row
//! it has accounted for, and into the gaps before it, where a transaction may still commit. A gap is forgotten when no
//! transaction can be that old any more; a search through everything, rationed, finds what should not have happened.
//!
//! What may not enter: who reads the positions.

use crate::Store;
use crate::sql;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, QueryResult, Value};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How many rows one look takes in.
const STEP: usize = 1_000;
/// How many stretches of neighbouring rows one step numbers, each with a statement of its own.
const STRETCHES: usize = 64;
/// How far behind the last row a process that has just started looks for gaps.
const WINDOW: i64 = 10_000;
/// How many gaps are remembered; the oldest are forgotten first.
const MAX_GAPS: usize = 1_024;
/// A search through everything may take this part of the time, and comes no more often than `SEARCH_PAUSE`.
const SEARCH_SHARE: u32 = 20;
const SEARCH_PAUSE: Duration = Duration::from_secs(1);

/// A log whose rows are numbered, and what this process knows about them.
pub(crate) struct Sequencer {
    /// The table of the rows, with `seq` and `position`.
    table: &'static str,
    /// The table whose row 1 is the lock.
    turn: &'static str,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// Every row up to here has a position, except in the gaps. Nothing before the first look.
    up_to: Option<i64>,
    /// Where a row was missing or had no position, and when that was found.
    gaps: BTreeMap<i64, Instant>,
    next_search: Option<Instant>,
}

/// Where to look.
struct Look {
    above: i64,
    gaps: Vec<i64>,
}

/// What a look found: rows by `seq`, with their positions, and the last position given.
struct Seen {
    rows: Vec<(i64, Option<i64>)>,
    head: i64,
    /// Whether there may be more rows above.
    more: bool,
}

impl Seen {
    fn unnumbered(&self) -> Vec<i64> {
        self.rows.iter().filter(|(_, position)| position.is_none()).map(|(seq, _)| *seq).collect()
    }
}

impl Known {
    /// Remembers that the rows of `seen` have positions, those of `left` not yet, and that the others up to the last of
    /// them were not there.
    fn account(&mut self, above: i64, seen: &Seen, left: &[i64], now: Instant) {
        for (seq, _) in &seen.rows {
            self.gaps.remove(seq);
        }
        let before = self.up_to.unwrap_or(above).max(above);
        let last = seen.rows.last().map_or(before, |(seq, _)| *seq).max(before);
        let there: std::collections::HashSet<i64> = seen.rows.iter().map(|(seq, _)| *seq).collect();
        // Only the newest of very many can still be kept.
        let from = (before + 1).max(last.saturating_sub(WINDOW));
        self.gaps.extend((from..=last).filter(|seq| !there.contains(seq)).map(|seq| (seq, now)));
        self.gaps.extend(left.iter().map(|seq| (*seq, now)));
        while self.gaps.len() > MAX_GAPS {
            self.gaps.pop_first();
        }
        self.up_to = Some(last);
    }
}

impl Sequencer {
    /// Of the module's outbox.
    pub(crate) fn of_outbox() -> Self {
        Self { table: "outbox", turn: "outbox_head", known: Mutex::default() }
    }

    /// Of the module's streams.
    pub(crate) fn of_streams() -> Self {
        Self { table: "stream_events", turn: "stream_turn", known: Mutex::default() }
    }

    fn known<T>(&self, work: impl FnOnce(&mut Known) -> T) -> T {
        work(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Store {
    /// Gives positions to what has been committed without one.
    pub(crate) async fn number_commits(&self, log: &Sequencer) -> Result<(), DbErr> {
        self.search_when_due(log).await?;
        loop {
            let look = self.where_to_look(log).await?;
            let seen = log.see(self.primary(), &look).await?;
            let (seen, left) =
                if seen.unnumbered().is_empty() { (seen, Vec::new()) } else { self.number(log, &look).await? };
            log.known(|known| known.account(look.above, &seen, &left, Instant::now()));
            // What came during the step is the next reader's: under load there would always be something.
            if !seen.more && left.is_empty() {
                return Ok(());
            }
        }
    }

    /// The last position given.
    pub(crate) async fn last_number(&self, log: &Sequencer) -> Result<i64, DbErr> {
        let last = self.one_number(format!("SELECT MAX(position) AS n FROM {}", log.table)).await?;
        Ok(last.unwrap_or(0))
    }

    async fn where_to_look(&self, log: &Sequencer) -> Result<Look, DbErr> {
        // Nobody's transaction lives longer: the statement timeout bounds a commit, and twice that an idle one.
        let oldest = self.shared.patience * 3;
        let now = Instant::now();
        let known = log.known(|known| {
            known.gaps.retain(|_, found| now.duration_since(*found) < oldest);
            known.up_to.map(|above| Look { above, gaps: known.gaps.keys().copied().collect() })
        });
        if let Some(look) = known {
            return Ok(look);
        }
        // What was committed while nobody read comes first, however much it is.
        let last = self.one_number(format!("SELECT MAX(seq) AS n FROM {}", log.table)).await?;
        let first = format!("SELECT MIN(seq) AS n FROM {} WHERE position IS NULL", log.table);
        let first = self.one_number(first).await?;
        let above = first.map_or(i64::MAX, |first| first - 1).min(last.unwrap_or(0) - WINDOW).max(0);
        Ok(Look { above, gaps: Vec::new() })
    }

    async fn one_number(&self, query: String) -> Result<Option<i64>, DbErr> {
        let row = self.primary().query_one_raw(sql::statement(self.backend(), query, [])).await?;
        row.map(|row| row.try_get::<Option<i64>>("", "n")).transpose().map(Option::flatten)
    }

    /// Numbers what `look` finds, by `seq`. What was found, and what of it was left for the next step.
    async fn number(&self, log: &Sequencer, look: &Look) -> Result<(Seen, Vec<i64>), DbErr> {
        let tx = self.begin().await?;
        if self.backend() != DbBackend::Sqlite {
            // The lock comes in a statement of its own: the next statement's snapshot then sees every number given
            // before. The row is only ever locked. Its own versions would pile up with each step.
            let lock = format!("SELECT id FROM {} WHERE id = 1 FOR UPDATE", log.turn);
            let row = tx.query_one_raw(sql::statement(self.backend(), lock, [])).await?;
            row.ok_or_else(|| DbErr::RecordNotFound(log.turn.to_owned()))?;
        }
        let seen = log.see(&tx, look).await?;
        let mut stretches = stretches(&seen.unnumbered());
        let left = stretches.split_off(stretches.len().min(STRETCHES));
        let mut next = seen.head + 1;
        for (first, last) in stretches {
            next = log.number_stretch(&tx, first, last, next).await?;
        }
        tx.commit().await?;
        Ok((seen, left.into_iter().flat_map(|(first, last)| first..=last).collect()))
    }

    /// Looks through everything for rows without a position, when it is time, and remembers them as gaps.
    async fn search_when_due(&self, log: &Sequencer) -> Result<(), DbErr> {
        let began = Instant::now();
        let up_to = log.known(|known| {
            if known.next_search.is_some_and(|next| began < next) {
                return None;
            }
            known.next_search = Some(began + SEARCH_PAUSE);
            known.up_to
        });
        let Some(up_to) = up_to else { return Ok(()) };
        let search =
            format!("SELECT seq FROM {} WHERE position IS NULL AND seq <= $1 ORDER BY seq LIMIT $2", log.table);
        let step = i64::try_from(STEP).unwrap_or(i64::MAX);
        let search = sql::statement(self.backend(), search, [up_to.into(), step.into()]);
        let rows = self.primary().query_all_raw(search).await?;
        let found = rows.iter().map(|row| row.try_get("", "seq")).collect::<Result<Vec<i64>, _>>()?;
        let now = Instant::now();
        log.known(|known| {
            known.next_search = Some(now + ((now - began) * SEARCH_SHARE).max(SEARCH_PAUSE));
            known.gaps.extend(found.into_iter().map(|seq| (seq, now)));
        });
        Ok(())
    }
}

impl Sequencer {
    /// One statement, so that one snapshot: a row whose predecessor is not seen is not seen either.
    async fn see<C: ConnectionTrait>(&self, db: &C, look: &Look) -> Result<Seen, DbErr> {
        let table = self.table;
        let mut query = format!(
            "SELECT seq, position FROM (SELECT seq, position FROM {table} WHERE seq > $1 ORDER BY seq LIMIT $2) AS above \
             UNION ALL SELECT 0, MAX(position) FROM {table}"
        );
        let mut values: Vec<Value> = vec![look.above.into(), i64::try_from(STEP).unwrap_or(i64::MAX).into()];
        if let Some(last) = look.gaps.last() {
            // Filled up to few lengths, so that the statements stay few.
            let length = look.gaps.len().next_power_of_two().max(8);
            let places: Vec<_> = (0..length).map(|nth| format!("${}", values.len() + 1 + nth)).collect();
            let gaps = format!(" UNION ALL SELECT seq, position FROM {table} WHERE seq IN ({})", places.join(", "));
            query.push_str(&gaps);
            let filled = look.gaps.iter().chain(std::iter::repeat(last)).take(length);
            values.extend(filled.map(|seq| Value::from(*seq)));
        }
        let rows = db.query_all_raw(sql::statement(db.get_database_backend(), query, values)).await?;
        let parse = |row: &QueryResult| Ok::<_, DbErr>((row.try_get("", "seq")?, row.try_get("", "position")?));
        let mut rows: Vec<(i64, Option<i64>)> = rows.iter().map(parse).collect::<Result<_, _>>()?;
        rows.sort_unstable();
        rows.dedup();
        let head = if rows.is_empty() { None } else { rows.remove(0).1 };
        let more = rows.iter().filter(|(seq, _)| *seq > look.above).count() == STEP;
        Ok(Seen { rows, head: head.unwrap_or(0), more })
    }

    /// Numbers neighbours, the first of them with `position`. The next position.
    async fn number_stretch(
        &self,
        tx: &DatabaseTransaction,
        first: i64,
        last: i64,
        position: i64,
    ) -> Result<i64, DbErr> {
        let number =
            format!("UPDATE {} SET position = seq + $1 WHERE seq BETWEEN $2 AND $3 AND position IS NULL", self.table);
        let values: [Value; 3] = [(position - first).into(), first.into(), last.into()];
        let numbered = tx.execute_raw(sql::statement(tx.get_database_backend(), number, values)).await?.rows_affected();
        let count = last - first + 1;
        if i64::try_from(numbered) == Ok(count) {
            return Ok(position + count);
        }
        Err(DbErr::Custom(format!("{numbered} of the {count} events from {first} on could be numbered")))
    }
}

/// First and last of each run of neighbours.
fn stretches(seqs: &[i64]) -> Vec<(i64, i64)> {
    let mut stretches: Vec<(i64, i64)> = Vec::new();
    for seq in seqs {
        match stretches.last_mut() {
            Some((_, last)) if *last + 1 == *seq => *last = *seq,
            _ => stretches.push((*seq, *seq)),
        }
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::{Known, Seen, stretches};
    use tokio::time::Instant;

    fn seen(seqs: &[i64]) -> Seen {
        Seen { rows: seqs.iter().map(|seq| (*seq, Some(1))).collect(), head: 0, more: false }
    }

    #[test]
    fn neighbours_are_numbered_together() {
        assert_eq!(stretches(&[]), []);
        assert_eq!(stretches(&[3, 4, 5, 8, 10, 11]), [(3, 5), (8, 8), (10, 11)]);
    }

    #[test]
    fn missing_rows_are_remembered_until_they_are_seen() {
        let (mut known, now) = (Known::default(), Instant::now());
        known.account(0, &seen(&[1, 2, 5]), &[], now);
        assert_eq!((known.up_to, known.gaps.keys().copied().collect::<Vec<_>>()), (Some(5), vec![3, 4]));
        known.account(5, &seen(&[3, 8]), &[], now);
        assert_eq!((known.up_to, known.gaps.keys().copied().collect::<Vec<_>>()), (Some(8), vec![4, 6, 7]));
    }

    #[test]
    fn slower_look_takes_nothing_back() {
        let (mut known, now) = (Known::default(), Instant::now());
        known.account(0, &seen(&[1, 2, 4]), &[], now);
        known.account(0, &seen(&[1]), &[], now);
        assert_eq!((known.up_to, known.gaps.keys().copied().collect::<Vec<_>>()), (Some(4), vec![3]));
    }

    #[test]
    fn row_that_was_left_without_a_number_is_looked_for_again() {
        let (mut known, now) = (Known::default(), Instant::now());
        known.account(0, &seen(&[1, 2, 3]), &[2, 3], now);
        assert_eq!(known.gaps.keys().copied().collect::<Vec<_>>(), [2, 3]);
    }
}
