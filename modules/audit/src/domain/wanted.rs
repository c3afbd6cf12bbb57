//! Which entries somebody wants to see, read from words. What may not enter: how they are found.

use chrono::{Days, NaiveDate, NaiveTime};
use kernel::{Fault, FieldFault, Time};

/// Which entries are wanted. What is absent does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Committed by this module.
    pub(crate) module: Option<String>,
    /// Made by this operation.
    pub(crate) operation: Option<String>,
    /// Made by this principal, or by whoever went by this name.
    pub(crate) actor: Option<String>,
    /// Made to this.
    pub(crate) resource: Option<Target>,
    /// Ended like this: `done` or `refused`.
    pub(crate) result: Option<String>,
    /// Not before this instant.
    pub(crate) from: Option<Time>,
    /// Before this instant.
    pub(crate) until: Option<Time>,
}

/// What something was done to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// One thing, as `Kind/id`.
    One(String),
    /// Anything of a kind.
    Kind(String),
}

/// The filter as it was typed. Empty words are no words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Typed<'a> {
    pub(crate) module: Option<&'a str>,
    pub(crate) operation: Option<&'a str>,
    pub(crate) actor: Option<&'a str>,
    pub(crate) resource: Option<&'a str>,
    pub(crate) result: Option<&'a str>,
    pub(crate) from: Option<&'a str>,
    pub(crate) to: Option<&'a str>,
}

impl Wanted {
    /// Reads a filter. A time is an RFC 3339 instant, or a day in UTC: `from` its beginning, `to` through its end.
    ///
    /// # Errors
    /// `Invalid`, naming `from` and `to` where they are no times, and `result` where it is no result.
    pub(crate) fn parse(typed: Typed<'_>) -> Result<Self, Fault> {
        let mut faults = Vec::new();
        let mut time = |field: &str, text: Option<&str>, days: u64| {
            let read = said(text).map(|text| instant(text, days));
            if read == Some(None) {
                let detail = "must be a day such as 2026-11-20, or an instant such as 2026-11-20T08:00:00Z";
                faults.push(FieldFault { field: field.to_owned(), detail: detail.to_owned() });
            }
            read.flatten()
        };
        let (from, until) = (time("from", typed.from, 0), time("to", typed.to, 1));
        let result = said(typed.result);
        if result.is_some_and(|result| !["done", "refused"].contains(&result)) {
            faults.push(FieldFault { field: "result".to_owned(), detail: "must be done or refused".to_owned() });
        }
        if !faults.is_empty() {
            return Err(Fault::invalid_fields(faults));
        }
        let owned = |text: Option<&str>| said(text).map(str::to_owned);
        let resource = owned(typed.resource);
        Ok(Self {
            module: owned(typed.module),
            operation: owned(typed.operation),
            actor: owned(typed.actor),
            resource: resource.map(|text| if text.contains('/') { Target::One(text) } else { Target::Kind(text) }),
            result: result.map(str::to_owned),
            from,
            until,
        })
    }
}

fn said(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// The instant; of a day, the beginning of the day that comes `days` later.
fn instant(text: &str, days: u64) -> Option<Time> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Some(day.checked_add_days(Days::new(days))?.and_time(NaiveTime::MIN).and_utc());
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Typed<'static> =
        Typed { module: None, operation: None, actor: None, resource: None, result: None, from: None, to: None };

    fn at(text: &str) -> Option<Time> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn days_are_whole_and_instants_exact() {
        let days = Wanted::parse(Typed { from: Some("2026-11-20"), to: Some("2026-11-20"), ..NOTHING }).unwrap();
        assert_eq!((days.from, days.until), (at("2026-11-20T00:00:00Z"), at("2026-11-21T00:00:00Z")));
        let exact = Wanted::parse(Typed { from: Some("2026-11-20T08:00:00+02:00"), ..NOTHING }).unwrap();
        assert_eq!(exact.from, at("2026-11-20T06:00:00Z"));
    }

    #[test]
    fn every_time_that_is_none_is_named() {
        let fault =
            Wanted::parse(Typed { from: Some("yesterday"), to: Some("+999999-99"), result: Some("won"), ..NOTHING })
                .unwrap_err();
        assert_eq!(fault.fields.iter().map(|f| f.field.as_str()).collect::<Vec<_>>(), ["from", "to", "result"]);
    }

    #[test]
    fn empty_words_ask_for_nothing() {
        let wanted = Wanted::parse(Typed { module: Some(" "), from: Some(""), ..NOTHING }).unwrap();
        assert_eq!(wanted, Wanted::default());
    }

    #[test]
    fn word_without_a_slash_is_a_kind() {
        let resource = |text| Wanted::parse(Typed { resource: Some(text), ..NOTHING }).unwrap().resource;
        assert_eq!(resource("Thread"), Some(Target::Kind("Thread".into())));
        assert_eq!(resource("Thread/7"), Some(Target::One("Thread/7".into())));
    }
}
