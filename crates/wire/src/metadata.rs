//! What travels beside a message: the names of our metadata, and the caller and the timeout in their wire forms.

use kernel::Caller;
use std::time::Duration;

/// The secret that processes of one installation share.
pub(crate) const TOKEN: &str = "polity-token";
/// The region whose data a process of the installation may have; without one it may have any.
pub(crate) const REGION: &str = "polity-region";
/// The whole [`Caller`] as JSON, between processes of one installation.
pub(crate) const CALLER: &str = "polity-caller-bin";
/// A fault as JSON: everything a status has no room for.
pub(crate) const FAULT: &str = "polity-fault-bin";
/// A fault's reason in plain text, for clients that know nothing of us.
pub(crate) const REASON: &str = "polity-reason";
/// The W3C trace context (<https://www.w3.org/TR/trace-context/>).
pub(crate) const TRACEPARENT: &str = "traceparent";
/// How long the caller waits (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>).
pub(crate) const TIMEOUT: &str = "grpc-timeout";

/// Peers refuse header lists of more than 16 KiB, and a client chooses what it calls itself.
const USER_AGENT_BYTES: usize = 512;

/// At most [`USER_AGENT_BYTES`] of what a client calls itself.
pub(crate) fn shortened(user_agent: &str) -> String {
    user_agent[..user_agent.floor_char_boundary(USER_AGENT_BYTES)].to_owned()
}

/// The caller as JSON, without the deadline: two machines' clocks differ, so it travels as the time that is left.
pub(crate) fn caller_to_json(caller: &Caller) -> serde_json::Result<Vec<u8>> {
    let mut caller = caller.clone();
    caller.deadline = None;
    caller.origin.user_agent = caller.origin.user_agent.as_deref().map(shortened);
    serde_json::to_vec(&caller)
}

/// The value of `grpc-timeout`: at most eight digits and a unit.
pub(crate) fn parse_timeout(value: &str) -> Option<Duration> {
    let unit = value.chars().next_back()?;
    let digits = value.strip_suffix(unit)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    match unit {
        'H' => Some(Duration::from_secs(count * 3600)),
        'M' => Some(Duration::from_secs(count * 60)),
        'S' => Some(Duration::from_secs(count)),
        'm' => Some(Duration::from_millis(count)),
        'u' => Some(Duration::from_micros(count)),
        'n' => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

/// Whether a client's `traceparent` has the shape of version 00 or of a later one, which may be longer.
pub(crate) fn is_traceparent(value: &str) -> bool {
    let parts: Vec<&str> = value.split('-').collect();
    let lengths = [2, 32, 16, 2];
    parts.len() >= lengths.len()
        && value.len() <= 128
        && parts.iter().zip(lengths).all(|(part, length)| part.len() == length)
        && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{Actor, TenantId, Time};

    #[test]
    fn a_timeout_is_digits_and_a_unit() {
        for (value, expected) in [
            ("2H", Some(Duration::from_secs(7200))),
            ("3M", Some(Duration::from_secs(180))),
            ("10S", Some(Duration::from_secs(10))),
            ("250m", Some(Duration::from_millis(250))),
            ("99999999n", Some(Duration::from_nanos(99_999_999))),
            ("999999999n", None),
            ("S", None),
            ("-1S", None),
            ("5", None),
            ("1½", None),
            ("", None),
        ] {
            assert_eq!(parse_timeout(value), expected, "{value}");
        }
    }

    #[test]
    fn a_traceparent_is_hex_of_fixed_lengths() {
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert!(is_traceparent(trace));
        assert!(is_traceparent(&format!("{trace}-ff")));
        assert!(!is_traceparent(&trace.replace("4bf9", "zzzz")));
        assert!(!is_traceparent("00-4bf92f-00f067-01"));
    }

    #[test]
    fn the_callers_json_holds_no_instant() {
        let mut caller = Caller::new(Actor::guest(TenantId::FIRST), "r-1");
        caller.deadline = Some(Time::UNIX_EPOCH);
        let back: Caller = serde_json::from_slice(&caller_to_json(&caller).unwrap()).unwrap();
        assert_eq!(back.deadline, None);
    }

    #[test]
    fn a_long_user_agent_is_cut_between_characters() {
        assert_eq!(shortened("curl/8"), "curl/8");
        assert_eq!(shortened(&"é".repeat(400)).len(), 512);
        assert_eq!(shortened(&format!("x{}", "é".repeat(400))).len(), 511);
    }
}
