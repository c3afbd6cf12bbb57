//! Lengths and limits in few words, the same at the shell and on pages.

use chrono::TimeDelta;
use kernel::QueueLimits;

/// How much of a queue may run, in few words.
pub(crate) fn limits(limits: &QueueLimits) -> String {
    let mut words = Vec::new();
    words.extend(limits.per_process.map(|most| format!("{most} per process")));
    words.extend(limits.at_most.map(|most| format!("{most} at a time")));
    words.extend(limits.rate.map(|(rate, period)| format!("{rate} per {} s", period.as_secs())));
    words.join(", ")
}

/// How many of something, such as a dead letter.
pub(crate) fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// How long, in the largest unit that still says something.
pub(crate) fn span(length: TimeDelta) -> String {
    let ms = length.num_milliseconds().max(0);
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        60_000..3_600_000 => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
        3_600_000..86_400_000 => format!("{} h {} min", ms / 3_600_000, ms % 3_600_000 / 60_000),
        _ => format!("{} d {} h", ms / 86_400_000, ms % 86_400_000 / 3_600_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_like_speech() {
        for (ms, expected) in [
            (-5, "0 ms"),
            (999, "999 ms"),
            (1_250, "1.2 s"),
            (61_000, "1 min 1 s"),
            (3_660_000, "1 h 1 min"),
            (90_000_000, "1 d 1 h"),
        ] {
            assert_eq!(span(TimeDelta::milliseconds(ms)), expected);
        }
    }
}
