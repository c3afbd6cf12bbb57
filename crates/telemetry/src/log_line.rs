//! How one log line looks: a JSON object for machines, or a line for eyes. Both carry the fields of every span around
//! the event and the trace it happened in.

use crate::context;
use crate::fields::Fields;
use serde_json::Value;
use std::fmt;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// The names that every JSON line uses itself; a field of the same name is written as `field.<name>`.
const RESERVED: [&str; 7] = ["timestamp", "level", "target", "message", "trace_id", "span_id", "span"];

/// What a line says, whatever it looks like.
struct Line {
    timestamp: String,
    level: Level,
    target: String,
    message: String,
    /// The trace and span, in hexadecimal.
    trace: Option<(String, String)>,
    /// The name of the innermost span.
    span: Option<&'static str>,
    fields: Fields,
}

impl Line {
    fn of<S, N>(ctx: &FmtContext<'_, S, N>, event: &Event<'_>) -> Result<Self, fmt::Error>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
        N: for<'a> FormatFields<'a> + 'static,
    {
        let mut timestamp = String::new();
        SystemTime.format_time(&mut Writer::new(&mut timestamp))?;
        let (mut fields, mut span) = (Fields::default(), None);
        for scope in ctx.event_scope().into_iter().flat_map(|scope| scope.from_root()) {
            span = Some(scope.name());
            if let Some(written) = scope.extensions().get::<FormattedFields<N>>() {
                fields.add_written(written);
            }
        }
        event.record(&mut fields);
        let message = fields.take_text("message").unwrap_or_default();
        // What comes through the `log` crate tells its origin in fields.
        let target = fields.take_text("log.target").unwrap_or_else(|| event.metadata().target().to_owned());
        fields.0.retain(|name, _| !name.starts_with("log."));
        let trace = context::current(|span| (span.trace_id().to_string(), span.span_id().to_string()));
        Ok(Self { timestamp, level: *event.metadata().level(), target, message, trace, span, fields })
    }
}

/// One JSON object per line.
pub(crate) struct JsonLine;

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, ctx: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let line = Line::of(ctx, event)?;
        write!(writer, "{{\"timestamp\":{},\"level\":\"{}\"", Value::from(line.timestamp), line.level)?;
        write!(writer, ",\"target\":{},\"message\":{}", Value::from(line.target), Value::from(line.message))?;
        if let Some((trace_id, span_id)) = line.trace {
            write!(writer, ",\"trace_id\":\"{trace_id}\",\"span_id\":\"{span_id}\"")?;
        }
        if let Some(span) = line.span {
            write!(writer, ",\"span\":{}", Value::from(span))?;
        }
        for (name, value) in line.fields.0 {
            let name = if RESERVED.contains(&name.as_str()) { format!("field.{name}") } else { name };
            write!(writer, ",{}:{value}", Value::from(name))?;
        }
        writeln!(writer, "}}")
    }
}

/// One line for eyes, coloured when the writer says that somebody looks.
pub(crate) struct HumanLine;

impl<S, N> FormatEvent<S, N> for HumanLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, ctx: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let line = Line::of(ctx, event)?;
        let (dim, colour, plain) = match (writer.has_ansi_escapes(), line.level) {
            (false, _) => ("", "", ""),
            (true, Level::ERROR) => ("\x1b[2m", "\x1b[31m", "\x1b[0m"),
            (true, Level::WARN) => ("\x1b[2m", "\x1b[33m", "\x1b[0m"),
            (true, Level::INFO) => ("\x1b[2m", "\x1b[32m", "\x1b[0m"),
            (true, _) => ("\x1b[2m", "\x1b[34m", "\x1b[0m"),
        };
        write!(writer, "{dim}{}{plain} {colour}{:>5}{plain} ", line.timestamp, line.level)?;
        write!(writer, "{dim}{}:{plain} {}", visible(&line.target), visible(&line.message))?;
        for (name, value) in line.fields.0 {
            write!(writer, " {dim}{}={plain}{}", visible(&name), bare(&value))?;
        }
        if let Some((trace_id, _)) = line.trace {
            write!(writer, " {dim}trace_id={plain}{trace_id}")?;
        }
        writeln!(writer)
    }
}

/// A value without quotes where it reads as one word.
fn bare(value: &Value) -> String {
    match value {
        Value::String(word) if !word.is_empty() && !word.contains([' ', '"', '=']) => visible(word),
        other => visible(&other.to_string()),
    }
}

/// Control characters spelled out: nobody's input may start a line of its own or move a terminal's cursor.
fn visible(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
        out
    })
}
