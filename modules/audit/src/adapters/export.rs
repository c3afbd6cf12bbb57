//! The exported record on its way out: as lines of JSON that can be verified, or as a table for other programs.
//!
//! What may not enter: which entries it holds. Only one batch of them is in memory at a time.

use crate::Audit;
use crate::domain::{Impersonal, Line, Person, SealedEntry};
use crate::usecases::Exported;
use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::SecondsFormat;
use futures::stream;
use kernel::{AuditResult, Caller, Fault};
use std::sync::Arc;

const COLUMNS: &str = "leaf,id,module,position,operation,actor,actor_name,address,resource,decision_id,policies,changes,\
                       events,request_id,at,on_behalf_of,session,user_agent,fields,result,reason,times\r\n";

/// How the record is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// One JSON document a line, with everything that verifying takes.
    Jsonl,
    /// Comma-separated values (RFC 4180), the entries alone.
    Csv,
}

impl Form {
    /// The form of that name.
    ///
    /// # Errors
    /// `Invalid`, naming `format`.
    pub(crate) fn parse(name: Option<&str>) -> Result<Self, Fault> {
        match name {
            None | Some("jsonl") => Ok(Self::Jsonl),
            Some("csv") => Ok(Self::Csv),
            Some(_) => Err(Fault::invalid("format", "must be jsonl or csv")),
        }
    }

    /// These lines as text.
    ///
    /// # Errors
    /// `Internal` when a line has no JSON form.
    pub(crate) fn write(self, lines: &[Line]) -> Result<String, Fault> {
        let mut text = String::new();
        for line in lines {
            match (self, line) {
                (Self::Jsonl, line) => {
                    text.push_str(&serde_json::to_string(line).map_err(Fault::internal)?);
                    text.push('\n');
                }
                (Self::Csv, Line::Header(_)) => text.push_str(COLUMNS),
                (Self::Csv, Line::Entry(entry)) => text.push_str(&row(entry)),
                (Self::Csv, Line::Checkpoint(_)) => {}
            }
        }
        Ok(text)
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Jsonl => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }

    fn file_name(self) -> &'static str {
        match self {
            Self::Jsonl => "attachment; filename=\"audit.jsonl\"",
            Self::Csv => "attachment; filename=\"audit.csv\"",
        }
    }
}

/// An answer that goes on from the first batch for as long as there are more. It ends half-way, for everybody to see,
/// when a later batch cannot be read.
pub(crate) fn response(audit: Arc<Audit>, caller: Caller, first: Exported, form: Form) -> Response {
    // The deadline is the request's; a record may be longer than that, and each batch is bounded by the store.
    let caller = Caller { deadline: None, ..caller };
    let batches = stream::try_unfold(Some(first), move |batch| {
        let (audit, caller) = (Arc::clone(&audit), caller.clone());
        async move {
            let Some(Exported { lines, next }) = batch else { return Ok::<_, Fault>(None) };
            let text = form.write(&lines)?;
            let next = match next {
                Some(next) => Some(audit.execute(&caller, next).await?),
                None => None,
            };
            Ok(Some((text, next)))
        }
    });
    let headers = [(header::CONTENT_TYPE, form.media_type()), (header::CONTENT_DISPOSITION, form.file_name())];
    (headers, Body::from_stream(batches)).into_response()
}

fn row(entry: &SealedEntry) -> String {
    let (name, address, agent) = match &entry.person {
        Person::Known { name, address, user_agent, .. } => {
            (name.as_str(), address.as_deref().unwrap_or_default(), user_agent.as_deref().unwrap_or_default())
        }
        Person::Forgotten { .. } | Person::Sealed { .. } => ("", "", ""),
    };
    let cells = [
        entry.leaf.to_string(),
        entry.id.to_string(),
        entry.module.clone(),
        entry.position.to_string(),
        entry.operation.clone(),
        entry.actor.clone(),
        name.to_owned(),
        address.to_owned(),
        entry.resource.clone(),
        entry.decision_id.to_string(),
        entry.policies.join(" "),
        entry.changes.join(" "),
        entry.events.join(" "),
        entry.request_id.clone(),
        entry.at.to_rfc3339_opts(SecondsFormat::Micros, true),
    ];
    let cells = cells.into_iter().chain(detail(entry.detail.as_ref(), agent));
    let cells: Vec<String> = cells.map(|text| cell(&text)).collect();
    cells.join(",") + "\r\n"
}

/// The cells of what later entries say.
fn detail(detail: Option<&Impersonal>, agent: &str) -> [String; 7] {
    let Some(Impersonal { on_behalf_of, session, differences, result }) = detail else {
        return [
            String::new(),
            String::new(),
            agent.to_owned(),
            String::new(),
            "done".to_owned(),
            String::new(),
            String::new(),
        ];
    };
    let fields = differences.iter().map(|difference| format!("{}: {}", difference.of, difference.fields.join(" ")));
    let (reason, times) = match result {
        AuditResult::Done => (String::new(), String::new()),
        AuditResult::Refused { reason, times } => (reason.clone(), times.to_string()),
    };
    [
        on_behalf_of.clone().unwrap_or_default(),
        session.map(|session| session.to_string()).unwrap_or_default(),
        agent.to_owned(),
        fields.collect::<Vec<_>>().join(", "),
        result.name().to_owned(),
        reason,
        times,
    ]
}

/// In quotes where it needs them. What a spreadsheet would take for a formula gets an apostrophe before it: names are
/// chosen by people.
fn cell(text: &str) -> String {
    // Some programs begin a cell at a semicolon, too, whatever stands before it.
    let begins = |part: &str| part.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let formula = begins(text) || text.split([';', '\t', '\r', '\n']).skip(1).any(begins);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn cells_are_quoted_and_never_formulas() {
        for (text, expected) in [
            ("Ada", "Ada"),
            ("", ""),
            ("a,b", "\"a,b\""),
            ("say \"hi\"\n", "\"say \"\"hi\"\"\n\""),
            ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
            ("-1", "'-1"),
            ("a=b", "a=b"),
            ("x;=HYPERLINK(1)", "'x;=HYPERLINK(1)"),
            ("a; b", "a; b"),
            ("\n=1", "\"'\n=1\""),
        ] {
            assert_eq!(cell(text), expected);
        }
    }
}
