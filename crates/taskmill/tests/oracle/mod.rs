//! Cron by counting minutes: slow, and too simple to be wrong in the same way.

use chrono::{DateTime, Datelike, Duration, NaiveDateTime, Offset, TimeZone, Timelike};
use chrono_tz::Tz;
use kernel::Time;
use proptest::prelude::*;

/// Zones whose clocks do something notable.
pub(crate) const NOTABLE: [&str; 10] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "America/St_Johns",
    "Pacific/Apia",
    "Asia/Gaza",
];

/// An expression of five plain fields.
#[derive(Debug, Clone)]
pub(crate) struct Expression {
    pub(crate) text: String,
    fields: [Vec<u32>; 5],
}

impl Expression {
    /// Reads numbers, lists, ranges and steps.
    pub(crate) fn read(text: &str) -> Self {
        let bounds = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)];
        let mut parts = text.split(' ');
        let fields =
            bounds.map(|bounds| parts.next().unwrap().split(',').flat_map(|part| values(part, bounds)).collect());
        Self { text: text.to_owned(), fields }
    }

    /// The ticks after `from`, of a clock that showed all this.
    pub(crate) fn ticks(&self, hands: &[(Time, NaiveDateTime)], from: Time) -> Vec<Time> {
        let at_intervals = self.text.split(' ').take(2).any(|field| field.contains('*'));
        let mut furthest = hands[0].1;
        let mut ticks = Vec::new();
        for &(now, shows) in &hands[1..] {
            let mut due = at_intervals && self.matches(shows);
            while furthest < shows {
                furthest += Duration::minutes(1);
                due |= !at_intervals && self.matches(furthest);
            }
            if due && now > from {
                ticks.push(now);
            }
        }
        ticks
    }

    fn matches(&self, shown: NaiveDateTime) -> bool {
        let [minutes, hours, days, months, weekdays] = &self.fields;
        let is_star = |nth: usize| self.text.split(' ').nth(nth) == Some("*");
        let day = days.contains(&shown.day());
        let weekday = weekdays.contains(&shown.weekday().num_days_from_sunday());
        let date = if is_star(2) || is_star(4) { day && weekday } else { day || weekday };
        date && minutes.contains(&shown.minute()) && hours.contains(&shown.hour()) && months.contains(&shown.month())
    }
}

fn values(part: &str, (first, last): (u32, u32)) -> Vec<u32> {
    let (range, step) = part.split_once('/').unwrap_or((part, "1"));
    let (from, upto) = match range.split_once('-') {
        Some((from, upto)) => (from.parse().unwrap(), upto.parse().unwrap()),
        None if range == "*" => (first, last),
        None => (range.parse().unwrap(), range.parse().unwrap()),
    };
    (from..=upto).step_by(step.parse().unwrap()).collect()
}

/// What a zone's clock shows at each minute up to `upto`, from more than a day before `from`.
pub(crate) fn hands(zone: Tz, from: Time, upto: Time) -> Vec<(Time, NaiveDateTime)> {
    let first = DateTime::from_timestamp(from.timestamp().div_euclid(60) * 60, 0).unwrap() - Duration::hours(26);
    let minutes = std::iter::successors(Some(first), |minute| Some(*minute + Duration::minutes(1)));
    minutes
        .take_while(|minute| *minute <= upto)
        .map(|minute| (minute, minute.with_timezone(&zone).naive_local()))
        .collect()
}

/// When the zone's clock was put forward or back between two instants.
pub(crate) fn jumps(zone: Tz, from: Time, upto: Time) -> Vec<Time> {
    let offset = |at: Time| zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc();
    let mut jumps = Vec::new();
    let mut day = from;
    while day < upto {
        let next = day + Duration::hours(24);
        if offset(day) != offset(next) {
            let minutes = (0..24 * 60).map(|minute| day + Duration::minutes(minute));
            jumps.extend(minutes.filter(|at| offset(*at) != offset(*at - Duration::minutes(1))));
        }
        day = next;
    }
    jumps
}

fn field(first: u32, last: u32) -> impl Strategy<Value = String> {
    let number = first..=last;
    prop_oneof![
        2 => Just("*".to_owned()),
        2 => (2..20_u32).prop_map(|step| format!("*/{step}")),
        3 => number.clone().prop_map(|n| n.to_string()),
        2 => prop::collection::vec(number.clone(), 1..4)
            .prop_map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")),
        2 => (number.clone(), number, 1..6_u32).prop_map(|(a, b, step)| format!("{}-{}/{step}", a.min(b), a.max(b))),
    ]
}

/// Any expression of plain fields, often one without a star in minute and hour.
pub(crate) fn expression() -> impl Strategy<Value = Expression> {
    let time = prop_oneof![
        (field(0, 59), field(0, 23)).prop_map(|(minute, hour)| format!("{minute} {hour}")),
        (0..60_u32, 0..5_u32).prop_map(|(minute, hour)| format!("{minute} {hour}")),
    ];
    let date = prop_oneof![
        2 => Just("* * *".to_owned()),
        1 => (field(1, 31), field(1, 12), field(0, 6)).prop_map(|(day, month, weekday)| format!("{day} {month} {weekday}")),
    ];
    (time, date).prop_map(|(time, date)| Expression::read(&format!("{time} {date}")))
}

/// Any instant, most of them within days of a jump of one of the notable zones.
pub(crate) fn around_jumps() -> impl Strategy<Value = Time> {
    let day = |text: &str| text.parse::<Time>().unwrap();
    let jumps: Vec<Time> = NOTABLE
        .iter()
        .flat_map(|zone| jumps(zone.parse().unwrap(), day("2011-01-01T00:00:00Z"), day("2019-01-01T00:00:00Z")))
        .collect();
    let seconds = prop_oneof![3 => -200_000_i64..200_000, 1 => -20_000_000_i64..20_000_000];
    (prop::sample::select(jumps), seconds).prop_map(|(jump, by)| jump + Duration::seconds(by))
}
