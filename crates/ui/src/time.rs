//! Instants for people: "3 h ago" on first sight, the exact time on a closer look.
//!
//! What may not enter: a clock. Whoever renders says what time it is. `assets/time.js` counts on with the same words.

use kernel::Time;
use maud::{Markup, html};

const MINUTE_S: i64 = 60;
const HOUR_S: i64 = 60 * MINUTE_S;
const DAY_S: i64 = 24 * HOUR_S;

/// A `time` element that reads like "3 h ago" and that the browser keeps current.
pub fn ago(at: Time, now: Time) -> Markup {
    html! { time datetime=(machine(at)) title=(words(at)) data-relative { (relative(at, now)) } }
}

/// A `time` element with the exact instant in UTC, for logs and ledgers.
pub fn exact(at: Time) -> Markup {
    html! { time.exact datetime=(machine(at)) { (at.format("%Y-%m-%d %H:%M:%S")) " UTC" } }
}

/// How long ago `at` is, or how far ahead, in few words. From 30 days on it is the date, with the year when it is not
/// this one.
pub fn relative(at: Time, now: Time) -> String {
    let seconds = (now - at).num_seconds();
    let distance = match seconds.abs() {
        s if s < MINUTE_S => return "just now".to_owned(),
        s if s < HOUR_S => format!("{} min", s / MINUTE_S),
        s if s < DAY_S => format!("{} h", s / HOUR_S),
        s if s < 2 * DAY_S => "1 day".to_owned(),
        s if s < 30 * DAY_S => format!("{} days", s / DAY_S),
        _ if at.format("%Y").to_string() == now.format("%Y").to_string() => return at.format("%-d %b").to_string(),
        _ => return at.format("%-d %b %Y").to_string(),
    };
    if seconds < 0 { format!("in {distance}") } else { format!("{distance} ago") }
}

fn machine(at: Time) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn words(at: Time) -> String {
    at.format("%-d %B %Y, %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        text.parse().unwrap()
    }

    #[test]
    fn relative_times_read_like_speech() {
        let now = at("2026-03-20T12:00:00Z");
        for (then, expected) in [
            ("2026-03-20T11:59:30Z", "just now"),
            ("2026-03-20T11:59:00Z", "1 min ago"),
            ("2026-03-20T11:00:01Z", "59 min ago"),
            ("2026-03-20T09:00:00Z", "3 h ago"),
            ("2026-03-19T10:00:00Z", "1 day ago"),
            ("2026-03-01T12:00:00Z", "19 days ago"),
            ("2026-01-02T12:00:00Z", "2 Jan"),
            ("2025-12-31T12:00:00Z", "31 Dec 2025"),
            ("2026-03-20T12:14:00Z", "in 14 min"),
            ("2026-03-20T12:00:30Z", "just now"),
            ("2026-06-20T12:00:00Z", "20 Jun"),
        ] {
            assert_eq!(relative(at(then), now), expected, "{then}");
        }
    }

    #[test]
    fn time_element_carries_the_exact_instant() {
        let markup = ago(at("2026-03-20T09:05:07Z"), at("2026-03-20T12:00:00Z")).into_string();
        assert_eq!(
            markup,
            r#"<time datetime="2026-03-20T09:05:07Z" title="20 March 2026, 09:05 UTC" data-relative>2 h ago</time>"#
        );
    }
}
