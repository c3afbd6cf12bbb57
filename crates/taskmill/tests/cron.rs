//! Which instants are a cron expression's ticks: fields, time zones, and clocks that jump.
#![allow(clippy::unwrap_used, reason = "a test reports by failing")]

mod oracle;

use chrono::{Duration, Offset, SecondsFormat};
use kernel::Time;
use oracle::{Expression, NOTABLE};
use proptest::prelude::*;
use rstest::rstest;
use std::collections::HashSet;
use taskmill::{Cron, CronError};

fn time(text: &str) -> Time {
    text.parse().unwrap()
}

/// The ticks from one instant to another, each as the local clock shows it, with its offset.
fn local(expression: &str, zone: &str, from: &str, upto: &str) -> Vec<String> {
    let cron = Cron::parse(expression, zone).unwrap();
    let show = |tick: Time| tick.with_timezone(&cron.zone()).to_rfc3339_opts(SecondsFormat::Secs, true);
    cron.ticks_between(time(from), time(upto)).map(show).collect()
}

#[rstest]
#[case::nightly("30 2 * * *", "2030-01-01T00:00:00Z", "2030-01-01T02:30:00Z")]
#[case::exactly_now_is_not_after_now("30 2 * * *", "2030-01-01T02:30:00Z", "2030-01-02T02:30:00Z")]
#[case::a_moment_before("30 2 * * *", "2030-01-01T02:29:59.999999Z", "2030-01-01T02:30:00Z")]
#[case::seconds("*/20 * * * * *", "2030-01-01T00:00:20.5Z", "2030-01-01T00:00:40Z")]
#[case::workdays("0 9 * * MON-FRI", "2030-01-04T10:00:00Z", "2030-01-07T09:00:00Z")]
#[case::last_day("0 0 L * *", "2032-02-01T00:00:00Z", "2032-02-29T00:00:00Z")]
#[case::second_tuesday("0 0 * * TUE#2", "2030-01-01T00:00:00Z", "2030-01-08T00:00:00Z")]
#[case::either_day("0 0 13 * FRI", "2030-01-04T00:00:00Z", "2030-01-11T00:00:00Z")]
#[case::both_days("0 0 13 * +FRI", "2030-01-04T00:00:00Z", "2030-09-13T00:00:00Z")]
#[case::leap_day_over_a_year_without("0 0 29 2 *", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z")]
#[case::by_name("@weekly", "2030-01-01T00:00:00Z", "2030-01-06T00:00:00Z")]
fn expression_says_when(#[case] expression: &str, #[case] after: &str, #[case] next: &str) {
    let cron = Cron::parse(expression, "UTC").unwrap();
    assert_eq!(cron.next_after(time(after)), Some(time(next)));
}

#[rstest]
#[case("", "cannot be an empty string")]
#[case("* * * *", "5 or 6 fields")]
#[case("0 0 0 1 1 * 2030", "years are disallowed")]
#[case("61 * * * *", "61")]
#[case("*/0 * * * *", "zero")]
#[case("0 0 * * FUN", "illegal character 'F'")]
#[case("@reboot", "fields")]
#[case("ﬁve * * * *", "beyond ASCII")]
fn wrong_expression_is_told_with_what_is_wrong_with_it(#[case] expression: &str, #[case] word: &str) {
    let error = Cron::parse(expression, "UTC").unwrap_err();
    assert!(matches!(error, CronError::Expression { .. }), "{error}");
    assert!(error.to_string().contains(word), "{error}");
}

#[rstest]
#[case::no_such_date("0 0 30 2 *")]
#[case::no_minute(", 0 * * *")]
#[case::no_such_day_of_its_month("0 0 31 4,6,9,11 *")]
fn expression_that_never_comes_is_refused(#[case] expression: &str) {
    assert!(matches!(Cron::parse(expression, "UTC"), Err(CronError::Never { .. })));
}

#[test]
fn unknown_zone_is_told() {
    let error = Cron::parse("@daily", "Europe/Bonn").unwrap_err();
    assert_eq!(error, CronError::Zone { zone: "Europe/Bonn".to_owned() });
}

#[test]
fn job_of_the_skipped_hour_ticks_once_at_the_jump() {
    let ticks = local("30 2 * * *", "Europe/Berlin", "2030-03-29T12:00:00Z", "2030-04-02T00:00:00Z");
    assert_eq!(
        ticks,
        ["2030-03-30T02:30:00+01:00", "2030-03-31T03:00:00+02:00", "2030-04-01T02:30:00+02:00"],
        "on the 31st the clock goes from 02:00 to 03:00"
    );
}

#[test]
fn all_skipped_times_of_a_job_are_one_tick() {
    let ticks = local("0,20,40 2,3 31 3 *", "Europe/Berlin", "2030-03-30T12:00:00Z", "2030-04-01T00:00:00Z");
    assert_eq!(
        ticks,
        ["2030-03-31T03:00:00+02:00", "2030-03-31T03:20:00+02:00", "2030-03-31T03:40:00+02:00"],
        "three times of the second hour and 03:00 itself come at once"
    );
}

#[test]
fn job_of_the_doubled_hour_ticks_the_first_time_only() {
    let ticks = local("30 2 * * *", "Europe/Berlin", "2030-10-26T12:00:00Z", "2030-10-28T12:00:00Z");
    assert_eq!(ticks, ["2030-10-27T02:30:00+02:00", "2030-10-28T02:30:00+01:00"]);
    let cron = Cron::parse("30 2 * * *", "Europe/Berlin").unwrap();
    let between_the_two = time("2030-10-27T01:10:00Z");
    assert_eq!(cron.next_after(between_the_two), Some(time("2030-10-28T01:30:00Z")));
}

#[rstest]
#[case::skipped("2030-03-31T00:10:00Z", "2030-03-31T01:50:00Z")]
#[case::doubled("2030-10-26T23:40:00Z", "2030-10-27T02:20:00Z")]
fn interval_goes_on_in_real_time_through_a_jump(#[case] from: &str, #[case] upto: &str) {
    let cron = Cron::parse("*/15 * * * *", "Europe/Berlin").unwrap();
    let ticks: Vec<Time> = cron.ticks_between(time(from), time(upto)).collect();
    let minutes = (time(upto) - time(from)).num_minutes();
    assert!(ticks.len() as i64 >= minutes / 15, "{ticks:?}");
    assert!(ticks.windows(2).all(|pair| pair[1] - pair[0] == Duration::minutes(15)), "{ticks:?}");
}

#[test]
fn half_an_hour_is_skipped_and_doubled_at_lord_howe() {
    let zone = "Australia/Lord_Howe";
    let spring = local("15 2 6 10 *", zone, "2030-10-01T00:00:00Z", "2030-10-10T00:00:00Z");
    assert_eq!(spring, ["2030-10-06T02:30:00+11:00"]);
    let autumn = local("45 1 7 4 *", zone, "2030-04-01T00:00:00Z", "2030-04-10T00:00:00Z");
    assert_eq!(autumn, ["2030-04-07T01:45:00+11:00"]);
}

#[test]
fn skipped_day_at_apia_is_made_up_for_at_its_end() {
    let noon = local("0 12 * * *", "Pacific/Apia", "2011-12-29T12:00:00Z", "2011-12-31T12:00:00Z");
    assert_eq!(noon, ["2011-12-29T12:00:00-10:00", "2011-12-31T00:00:00+14:00", "2011-12-31T12:00:00+14:00"]);
    let hourly = local("0 * * * *", "Pacific/Apia", "2011-12-30T08:30:00Z", "2011-12-30T11:30:00Z");
    assert_eq!(hourly, ["2011-12-29T23:00:00-10:00", "2011-12-31T00:00:00+14:00", "2011-12-31T01:00:00+14:00"]);
}

#[test]
fn quarters_of_an_hour_are_kathmandus_own() {
    let ticks = local("0 9 * * *", "Asia/Kathmandu", "2030-01-01T00:00:00Z", "2030-01-02T00:00:00Z");
    assert_eq!(ticks, ["2030-01-01T09:00:00+05:45"]);
    assert_eq!(time(&ticks[0]), time("2030-01-01T03:15:00Z"));
}

#[test]
fn every_zone_keeps_every_tick_through_its_jumps() {
    let expressions = ["0 0 * * *", "30 2 * * *", "*/20 * * * *", "15 */3 * * *", "0 1,13 * * *"].map(Expression::read);
    let mut seen = HashSet::new();
    for zone in chrono_tz::TZ_VARIANTS {
        for jump in oracle::jumps(zone, time("2010-01-01T00:00:00Z"), time("2012-01-10T00:00:00Z")) {
            let before_and_after = [jump - Duration::hours(1), jump].map(|at| at.with_timezone(&zone).offset().fix());
            if !seen.insert((jump, before_and_after)) {
                continue;
            }
            let (from, upto) = (jump - Duration::hours(26), jump + Duration::hours(27));
            let hands = oracle::hands(zone, from, upto);
            for expression in &expressions {
                let cron = Cron::parse(&expression.text, zone.name()).unwrap();
                // From well before the jump, at the jump, and from within the hour that may be shown again.
                for start in [from, jump - Duration::seconds(1), jump, jump + Duration::minutes(20)] {
                    let ticks: Vec<Time> = cron.ticks_between(start, upto).collect();
                    assert_eq!(ticks, expression.ticks(&hands, start), "{cron} at {jump} from {start}");
                    assert!(ticks.is_sorted_by(|a, b| a < b), "{cron} at {jump}: {ticks:?}");
                }
            }
        }
    }
    assert!(seen.len() > 100, "only {} jumps were seen", seen.len());
}

#[test]
fn last_ticks_of_a_long_time_are_the_last_of_all() {
    let cron = Cron::parse("7 */5 * * *", "America/New_York").unwrap();
    let (from, upto) = (time("2030-01-01T00:00:00Z"), time("2030-12-31T00:00:00Z"));
    let all: Vec<Time> = cron.ticks_between(from, upto).collect();
    for want in [0, 1, 2, 7, 500, all.len(), all.len() + 1] {
        assert_eq!(cron.last_between(from, upto, want), all[all.len().saturating_sub(want)..], "{want}");
    }
    assert!(cron.last_between(upto, from, 3).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 300 } else { 20_000 }))]

    #[test]
    fn ticks_are_those_that_counting_minutes_finds(
        expression in oracle::expression(),
        zone in prop::sample::select(NOTABLE.to_vec()),
        start in oracle::around_jumps(),
        hours in 1_i64..100,
    ) {
        let (from, upto) = (start, start + Duration::hours(hours));
        let zone: chrono_tz::Tz = zone.parse().unwrap();
        let Ok(cron) = Cron::parse(&expression.text, zone.name()) else {
            return Ok(());
        };
        let ticks: Vec<Time> = cron.ticks_between(from, upto).collect();
        prop_assert_eq!(ticks, expression.ticks(&oracle::hands(zone, from, upto), from), "{}", cron);
    }

    #[test]
    fn no_text_is_too_strange_to_be_refused(text in "[ -~]{0,24}|[0-9*/,LW#? -]{5,24}") {
        // Whatever it is, it is read or refused: nothing panics, and what is read comes one day.
        if let Ok(cron) = Cron::parse(&text, "Europe/Berlin") {
            prop_assert!(cron.next_after(time("2030-01-01T00:00:00Z")).is_some());
        }
    }
}
