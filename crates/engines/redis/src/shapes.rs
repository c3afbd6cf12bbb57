//! What tasks, ends and settings look like in the scripts' arguments and answers.
//!
//! What may not enter: asking.

use kernel::{
    Claim, Claimed, Ending, Enqueued, Fault, Held, Lane, NewTask, Priority, QueueLimits, QueueSettings, Second, Start,
    TaskOrigin, Time, Unique, after,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashMap;
use std::time::Duration;
use uuid::Uuid;

/// The longest unique key and the longest lane, in bytes.
const MAX_KEY: usize = 160;
/// What a script counts exactly, in the year 2255; nobody waits longer.
const FOREVER_US: i64 = 9_000_000_000_000_000;
/// How long a key held for a period is kept beyond it, should clocks differ.
const GRACE: Duration = Duration::from_secs(3_600);

/// What nobody but the worker reads.
#[derive(Debug, Serialize, Deserialize)]
struct Body {
    kind: String,
    version: i32,
    payload: Value,
    queue: String,
    priority: Priority,
    origin: TaskOrigin,
    enqueued_at: Time,
    lane: Option<Lane>,
    release: Option<String>,
}

/// How a task ended that is remembered for a while: one that left a result, or a dead letter.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    /// `done`, `dead` or `cancelled`.
    pub outcome: String,
    /// When it ended.
    pub at: Time,
    /// What came out of it.
    pub result: Option<Value>,
    /// What went wrong.
    pub error: Option<String>,
}

impl Ended {
    pub(crate) fn read(mut fields: HashMap<String, String>) -> Result<Option<Self>, Fault> {
        let Some(outcome) = fields.remove("outcome") else { return Ok(None) };
        let at = instant(fields.get("at").map_or("", String::as_str))?;
        let word = fields.remove("word").filter(|word| !word.is_empty());
        let (result, error) = match (outcome.as_str(), word) {
            ("done", Some(word)) => (Some(serde_json::from_str(&word).map_err(Fault::internal)?), None),
            (_, word) => (None, word),
        };
        Ok(Some(Self { outcome, at, result, error }))
    }
}

/// Microseconds since 1970.
pub(crate) fn micros(time: Time) -> i64 {
    time.timestamp_micros().clamp(0, FOREVER_US)
}

fn instant(micros: &str) -> Result<Time, Fault> {
    number(micros).map(|micros| Time::from_timestamp_micros(micros).unwrap_or_default())
}

fn number<N: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>>(text: &str) -> Result<N, Fault> {
    text.parse().map_err(Fault::internal)
}

fn optional(text: &str) -> Result<Option<u32>, Fault> {
    if text.is_empty() { Ok(None) } else { number(text).map(Some) }
}

/// Says what is wrong with a task that cannot be enqueued.
pub(crate) fn check(task: &NewTask) -> Result<(), Fault> {
    task.writable()?;
    let fits = |text: &str| (1..=MAX_KEY).contains(&text.len());
    if task.unique.as_ref().is_some_and(|unique| !fits(&unique.key)) {
        return Err(Fault::invalid("unique", format!("has a key of 1 to {MAX_KEY} bytes")));
    }
    if task.lane.as_ref().is_some_and(|lane| !fits(&lane.key)) {
        return Err(Fault::invalid("lane", format!("has a key of 1 to {MAX_KEY} bytes")));
    }
    if task.lane.as_ref().is_some_and(|lane| lane.at_most == 0 || lane.in_order && lane.at_most != 1) {
        return Err(Fault::invalid("lane", "lets at least one run, and exactly one when it is in order"));
    }
    Ok(())
}

/// The arguments that enqueue a task.
pub(crate) fn enqueueing(id: Uuid, task: NewTask, origin: &TaskOrigin, now: Time) -> Result<[String; 15], Fault> {
    let due = match task.start {
        Start::Now => now,
        Start::After(delay) => after(now, delay),
        Start::At(time) => time,
    };
    let lane = task.lane.as_ref();
    let unique = task.unique.as_ref();
    let Key { name, held, until, ttl_ms, replaces } =
        unique.map(|unique| key(task.kind, unique, now)).unwrap_or_default();
    let expires = task.expires_after.map_or_else(String::new, |period| micros(after(now, period)).to_string());
    let (lane_key, at_most) = lane.map_or((String::new(), 0), |lane| (lane.key.clone(), lane.at_most));
    let in_order = flag(lane.is_some_and(|lane| lane.in_order));
    let release = task.unique.filter(|unique| unique.held == Held::UntilEnded).map(|unique| unique.key);
    let body = Body {
        kind: task.kind.to_owned(),
        version: task.version,
        payload: task.payload,
        queue: task.queue.to_owned(),
        priority: task.priority,
        origin: origin.clone(),
        enqueued_at: now,
        lane: task.lane,
        release,
    };
    Ok([
        id.to_string(),
        task.queue.to_owned(),
        task.priority.rank().to_string(),
        micros(due).to_string(),
        origin.tenant().to_string(),
        lane_key,
        at_most.to_string(),
        in_order,
        expires,
        name,
        held.to_owned(),
        serde_json::to_string(&body).map_err(Fault::internal)?,
        until,
        ttl_ms,
        replaces,
    ])
}

/// A unique key as the scripts know it.
#[derive(Default)]
struct Key {
    name: String,
    held: &'static str,
    until: String,
    ttl_ms: String,
    replaces: String,
}

fn key(kind: &str, unique: &Unique, now: Time) -> Key {
    let (held, until, ttl_ms) = match unique.held {
        Held::UntilStarted => ("1", 0, 0),
        Held::UntilEnded => ("2", 0, 0),
        Held::For(period) => {
            let until = after(now, period);
            let left = (until - now).to_std().unwrap_or_default();
            ("0", micros(until), (left + GRACE).as_millis())
        }
    };
    Key {
        name: format!("{kind}\0{}", unique.key),
        held,
        until: until.to_string(),
        ttl_ms: ttl_ms.to_string(),
        replaces: flag(unique.second == Second::Replaces),
    }
}

fn flag(set: bool) -> String {
    String::from(if set { "1" } else { "0" })
}

/// What became of tasks that were enqueued under these ids.
pub(crate) fn enqueued(ids: &[Uuid], answer: &[String]) -> Result<Vec<Enqueued>, Fault> {
    let mut outcomes = Vec::with_capacity(ids.len());
    for (new, words) in ids.iter().zip(answer.chunks_exact(2)) {
        outcomes.push(match words[0].as_str() {
            "kept" => Enqueued::Kept(number(&words[1])?),
            "replaced" => Enqueued::Replaced { new: *new, old: number(&words[1])? },
            _ => Enqueued::New(*new),
        });
    }
    // Who was replaced by a later one of the same batch learns of it here.
    let mut replaced = HashMap::new();
    for outcome in outcomes.iter_mut().rev() {
        if let Some(by) = replaced.get(&outcome.id()).copied() {
            if let Enqueued::Replaced { old, .. } = *outcome {
                replaced.insert(old, by);
            }
            *outcome = Enqueued::Kept(by);
        } else if let Enqueued::Replaced { new, old } = *outcome {
            replaced.insert(old, new);
        }
    }
    Ok(outcomes)
}

/// What a claim brought.
pub(crate) fn claim(answer: &[String], now: Time) -> Result<Claim, Fault> {
    let [next_due, more, per_process, words @ ..] = answer else { return Ok(Claim::default()) };
    let next_due = if next_due.is_empty() { None } else { Some(instant(next_due)?) };
    let tasks = words.chunks_exact(6).map(|words| claimed(words, now)).collect::<Result<_, _>>()?;
    Ok(Claim { tasks, next_due, more: more == "1", per_process: optional(per_process)? })
}

fn claimed(words: &[String], now: Time) -> Result<Claimed, Fault> {
    let body: Body = serde_json::from_str(&words[4]).map_err(Fault::internal)?;
    let checkpoint = match words[5].as_str() {
        "" => None,
        text => Some(serde_json::from_str(text).map_err(Fault::internal)?),
    };
    Ok(Claimed {
        id: number(&words[0])?,
        kind: body.kind,
        version: body.version,
        payload: body.payload,
        queue: body.queue,
        priority: body.priority,
        tenant: body.origin.tenant(),
        origin: body.origin,
        enqueued_at: body.enqueued_at,
        due_at: instant(&words[1])?,
        started_at: now,
        token: number(&words[3])?,
        attempt: number(&words[2])?,
        lane: body.lane,
        release: body.release,
        checkpoint,
    })
}

/// How an attempt ended, and what there is to say of it.
pub(crate) fn ending(ending: &Ending) -> (&'static str, String) {
    match ending {
        Ending::Done { result: Value::Null } => ("done", String::new()),
        Ending::Done { result } => ("done", result.to_string()),
        Ending::Retry { at, .. } => ("failed", micros(*at).to_string()),
        Ending::Snoozed { until } => ("snoozed", micros(*until).to_string()),
        Ending::Dead { error } => ("dead", error.clone()),
        Ending::Cancelled => ("cancelled", String::new()),
        Ending::Returned | Ending::Untouched => ("returned", String::new()),
    }
}

/// A queue's settings as arguments, its name first.
pub(crate) fn setting_words(settings: &QueueSettings) -> [String; 6] {
    let QueueLimits { per_process, at_most, rate } = &settings.limits;
    let text = |number: Option<u32>| number.map_or_else(String::new, |number| number.to_string());
    [
        settings.name.clone(),
        flag(settings.paused),
        text(*per_process),
        text(*at_most),
        text(rate.map(|(count, _)| count)),
        rate.map_or_else(String::new, |(_, period)| period.as_micros().to_string()),
    ]
}

/// The settings in an answer.
pub(crate) fn settings(answer: &[String]) -> Result<Vec<QueueSettings>, Fault> {
    let queues = answer.chunks_exact(6).map(|words| {
        let rate = match optional(&words[4])? {
            Some(count) => Some((count, Duration::from_micros(number(&words[5])?))),
            None => None,
        };
        let limits = QueueLimits { per_process: optional(&words[2])?, at_most: optional(&words[3])?, rate };
        Ok(QueueSettings { name: words[0].clone(), paused: words[1] == "1", limits })
    });
    queues.collect()
}
