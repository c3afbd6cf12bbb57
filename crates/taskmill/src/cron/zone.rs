//! What a zone's local clock shows, and when it jumps. The database of zones tells offsets; everything else follows.

use chrono::{Duration, NaiveDateTime, Offset, TimeDelta, TimeZone};
use chrono_tz::Tz;
use kernel::Time;

/// Looks this far apart see every jump: no clock has ever jumped twice within a week.
const BETWEEN_JUMPS: TimeDelta = Duration::hours(120);
/// More than any clock was ever off from UTC, and more than any was ever put forward or back at once: Samoa and
/// Kwajalein have changed the date.
const FURTHEST: TimeDelta = Duration::hours(26);

/// How far the local clock is ahead of UTC.
pub(super) fn offset(zone: Tz, at: Time) -> TimeDelta {
    let offset = zone.offset_from_utc_datetime(&at.naive_utc()).fix();
    Duration::seconds(i64::from(offset.local_minus_utc()))
}

/// What the local clock shows.
pub(super) fn shown(zone: Tz, at: Time) -> NaiveDateTime {
    at.naive_utc() + offset(zone, at)
}

/// When a clock that is ahead by `offset` shows this.
pub(super) fn instant(shown: NaiveDateTime, offset: TimeDelta) -> Time {
    (shown - offset).and_utc()
}

/// The latest time the local clock has shown up to `at`, in whole seconds at a jump: an hour more than it shows now when
/// it was put back a moment ago.
pub(super) fn furthest(zone: Tz, at: Time) -> NaiveDateTime {
    let mut furthest = shown(zone, at);
    let mut since = at - FURTHEST;
    while let Some(jump) = next_jump(zone, since, at) {
        let before = jump.naive_utc() + offset(zone, since) - Duration::seconds(1);
        furthest = furthest.max(before);
        since = jump;
    }
    furthest
}

/// The first instant at which the local clock shows this or something later.
pub(super) fn reached(zone: Tz, wanted: NaiveDateTime) -> Time {
    let mut since = wanted.and_utc() - FURTHEST;
    while shown(zone, since) < wanted {
        let reached = instant(wanted, offset(zone, since));
        match next_jump(zone, since, reached) {
            Some(jump) => since = jump,
            None => return reached,
        }
    }
    since
}

/// The first instant after `after`, up to and with `upto`, from which on the local clock is off from UTC by something
/// else than at `after`.
pub(super) fn next_jump(zone: Tz, after: Time, upto: Time) -> Option<Time> {
    let before = offset(zone, after);
    let mut since = after;
    while since < upto {
        let look = upto.min(since + BETWEEN_JUMPS);
        if offset(zone, look) != before {
            return Some(between(zone, before, since, look));
        }
        since = look;
    }
    None
}

/// The whole second after `since` and not after `changed` from which on the offset is no more `before`.
fn between(zone: Tz, before: TimeDelta, since: Time, changed: Time) -> Time {
    let at = |second: i64| Time::from_timestamp(second, 0).unwrap_or(changed);
    let (mut same, mut other) = (since.timestamp(), changed.timestamp());
    while other - same > 1 {
        let middle = same + (other - same) / 2;
        if offset(zone, at(middle)) == before {
            same = middle;
        } else {
            other = middle;
        }
    }
    at(other)
}
