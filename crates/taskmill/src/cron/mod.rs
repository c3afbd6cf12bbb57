//! Cron expressions in a time zone: which instants are their ticks.
//!
//! Local clocks jump: an hour is skipped in spring and shown twice in autumn. The rule here is that of the Vixie and ISC
//! crons, which people expect without knowing it:
//!
//! - A job **at fixed times** (no `*` in seconds, minutes or hours) ticks when the local clock first shows its time or a
//!   later one. So a time that is skipped ticks once, at the jump, together with whatever else is due then; a time that is
//!   shown twice ticks the first time only.
//! - A job **at intervals** (a `*`, with or without a step, in seconds, minutes or hours) ticks whenever the local clock
//!   shows a matching time. So `*/15 * * * *` goes on every fifteen minutes of real time through both jumps.
//!
//! What may not enter: clocks, tasks, I/O.

mod wall;
mod zone;

use chrono::{Duration, NaiveDateTime, SubsecRound};
use chrono_tz::Tz;
use kernel::Time;
use std::collections::VecDeque;
use std::fmt;
use wall::Wall;

/// How long an expression may be, to be kept in a column.
const LONGEST: usize = 400;

/// Why a schedule cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// The expression cannot be read.
    #[error("`{expression}` is not a cron expression: {detail}")]
    Expression {
        /// As given.
        expression: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The expression can be read, and no date and time ever matches it, as with the 30th of February.
    #[error("`{expression}` never comes: no date and time matches it")]
    Never {
        /// As given.
        expression: String,
    },
    /// The schedule's name does not fit its column.
    #[error("`{name}` is no name of a schedule: that has 1 to 70 bytes")]
    Name {
        /// As given.
        name: String,
    },
    /// There is no such time zone.
    #[error("`{zone}` is not a time zone of the IANA database, such as `Europe/Berlin` or `UTC`")]
    Zone {
        /// As given.
        zone: String,
    },
}

/// A cron expression with the time zone it is meant in.
#[derive(Clone)]
pub struct Cron {
    expression: String,
    zone: Tz,
    wall: Wall,
}

impl Cron {
    /// Reads `expression`: minute, hour, day of month, month, day of week, and seconds before them if there are six
    /// fields; `@hourly`, `@daily`, `@weekly`, `@monthly` and `@yearly` too. When both days are restricted, either will
    /// do; with a `+` before the day of week, both must match. `zone` is a name of the IANA database.
    ///
    /// # Errors
    /// Everything a [`CronError`] says.
    pub fn parse(expression: &str, zone: &str) -> Result<Self, CronError> {
        let zone = zone.parse().map_err(|_| CronError::Zone { zone: zone.to_owned() })?;
        let expression = expression.split_whitespace().collect::<Vec<_>>().join(" ");
        if expression.len() > LONGEST {
            let detail = format!("it has more than {LONGEST} characters");
            return Err(CronError::Expression { expression, detail });
        }
        let wall = Wall::parse(&expression)?;
        Ok(Self { expression, zone, wall })
    }

    /// The expression, with single spaces.
    pub fn expression(&self) -> &str {
        &self.expression
    }

    /// The time zone.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// The first tick after `after`; none after the year 9999.
    pub fn next_after(&self, after: Time) -> Option<Time> {
        if self.wall.at_intervals() { self.next_shown(after) } else { self.next_reached(after) }
    }

    /// The ticks after `after`, up to and with `upto`, the earliest first.
    pub fn ticks_between(&self, after: Time, upto: Time) -> impl Iterator<Item = Time> + '_ {
        let next = move |time: Time| self.next_after(time).filter(|tick| *tick <= upto);
        std::iter::successors(next(after), move |tick| next(*tick))
    }

    /// The last `want` of the ticks after `after`, up to and with `upto`, the earliest first. It looks back from `upto`,
    /// so that a schedule that was asleep for years costs no more than one that was asleep for a minute.
    pub fn last_between(&self, after: Time, upto: Time, want: usize) -> Vec<Time> {
        let mut back = Duration::minutes(1);
        loop {
            let from = after.max(upto - back);
            let mut last = VecDeque::new();
            for tick in self.ticks_between(from, upto) {
                last.push_back(tick);
                if last.len() > want {
                    last.pop_front();
                }
            }
            if last.len() == want || from == after {
                return last.into();
            }
            back = back * 2;
        }
    }

    /// For jobs at fixed times: when the local clock first reaches the next time it has not shown or jumped over yet.
    fn next_reached(&self, after: Time) -> Option<Time> {
        let next = self.wall.first_from(following(zone::furthest(self.zone, after)))?;
        Some(zone::reached(self.zone, next))
    }

    /// For jobs at intervals: when the local clock next shows a matching time, be it for the first or the second time.
    fn next_shown(&self, after: Time) -> Option<Time> {
        let mut since = after;
        let mut from = following(zone::shown(self.zone, since));
        loop {
            let next = zone::instant(self.wall.first_from(from)?, zone::offset(self.zone, since));
            match zone::next_jump(self.zone, since, next) {
                // The clock was put forward or back on the way there: what it shows from then on counts.
                Some(jump) => {
                    since = jump;
                    from = zone::shown(self.zone, jump);
                }
                None => return Some(next),
            }
        }
    }
}

/// The first whole second after `shown`.
fn following(shown: NaiveDateTime) -> NaiveDateTime {
    shown.trunc_subsecs(0) + Duration::seconds(1)
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.expression, self.zone)
    }
}

impl fmt::Debug for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cron({self})")
    }
}
