//! What a cron expression says about dates and times of day, before any time zone comes in.

use super::CronError;
use chrono::{Datelike, Months, NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use croner::parser::{CronParser, Seconds, Year};
use croner::{CronPattern, Weekday};

/// No tick is looked for after this year: databases keep instants up to its end.
const LAST_YEAR: i32 = 9999;
/// The calendar, weekdays included, repeats itself after so many years.
const CYCLE_YEARS: i32 = 400;

/// The dates and times of day an expression matches.
#[derive(Clone)]
pub(super) struct Wall {
    pattern: CronPattern,
    hours: Vec<u32>,
    minutes: Vec<u32>,
    seconds: Vec<u32>,
}

impl Wall {
    pub(super) fn parse(expression: &str) -> Result<Self, CronError> {
        let fields =
            |detail: &str| CronError::Expression { expression: expression.to_owned(), detail: detail.to_owned() };
        if !expression.is_ascii() {
            // The parser takes letters to upper case, and some letters become two.
            return Err(fields("it has characters beyond ASCII"));
        }
        let parser = CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build();
        let pattern = parser.parse(expression).map_err(|error| fields(&error.to_string()))?.pattern;
        let values = |field: &croner::CronComponent| field.values().into_iter().map(u32::from).collect();
        let wall = Self {
            hours: values(&pattern.hours),
            minutes: values(&pattern.minutes),
            seconds: values(&pattern.seconds),
            pattern,
        };
        if wall.comes_at_all() { Ok(wall) } else { Err(CronError::Never { expression: expression.to_owned() }) }
    }

    /// Whether it ticks at intervals rather than at fixed times of day.
    pub(super) fn at_intervals(&self) -> bool {
        [&self.pattern.seconds, &self.pattern.minutes, &self.pattern.hours].iter().any(|field| field.from_wildcard)
    }

    /// The first match that is not before `from`; none after the last year.
    pub(super) fn first_from(&self, from: NaiveDateTime) -> Option<NaiveDateTime> {
        let today = from.date();
        if self.has_day(today)
            && let Some(time) = self.first_time_from(from.time())
        {
            return Some(today.and_time(time));
        }
        let day = self.first_day_from(today.succ_opt()?, LAST_YEAR)?;
        Some(day.and_time(self.first_time_from(NaiveTime::MIN)?))
    }

    fn comes_at_all(&self) -> bool {
        let beginning = NaiveDate::default();
        self.first_time_from(NaiveTime::MIN).is_some()
            && self.first_day_from(beginning, beginning.year() + CYCLE_YEARS).is_some()
    }

    fn first_day_from(&self, from: NaiveDate, last_year: i32) -> Option<NaiveDate> {
        let mut day = from;
        while day.year() <= last_year {
            if !self.pattern.month_match(day.month()).unwrap_or(false) {
                day = day.with_day(1)?.checked_add_months(Months::new(1))?;
            } else if self.has_day(day) {
                return Some(day);
            } else {
                day = day.succ_opt()?;
            }
        }
        None
    }

    fn has_day(&self, day: NaiveDate) -> bool {
        let weekday = Weekday::from_days_from_sunday(day.weekday().num_days_from_sunday());
        let (year, month) = (day.year(), day.month());
        // The parser's own matching fails on dates that do not exist, and this one does.
        self.pattern.month_match(month).unwrap_or(false)
            && self.pattern.day_match(year, month, day.day(), weekday).unwrap_or(false)
    }

    fn first_time_from(&self, from: NaiveTime) -> Option<NaiveTime> {
        for &hour in self.hours.iter().filter(|hour| **hour >= from.hour()) {
            let same_hour = hour == from.hour();
            let least_minute = if same_hour { from.minute() } else { 0 };
            for &minute in self.minutes.iter().filter(|minute| **minute >= least_minute) {
                let least_second = if same_hour && minute == from.minute() { from.second() } else { 0 };
                if let Some(&second) = self.seconds.iter().find(|second| **second >= least_second) {
                    return NaiveTime::from_hms_opt(hour, minute, second);
                }
            }
        }
        None
    }
}
