//! One attempt from claim to ending, whatever the handler does: fail, panic, hang, or not listen.

use crate::tasks::{Failed, Kind};
use crate::{Ran, Retry, TaskContext, Tasks};
use chrono::TimeDelta;
use futures::FutureExt;
use kernel::{Claimed, Clock, Ending, Fault, FaultCode, after};
use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tracing::Instrument;

/// How long a handler that was asked to stop may take to listen.
const LISTENS_WITHIN: Duration = Duration::from_secs(3);

/// The longest error that is kept, in bytes.
const MAX_ERROR: usize = 16 << 10;
/// The pauses of a task that this program cannot read.
const UNREAD: Retry = Retry { first: Duration::from_secs(1), longest: Duration::from_mins(10) };
/// After how long such a task becomes a dead letter. One that was enqueued long before it was due is not that old, so it
/// must have been claimed as often as it can be in about this time too.
const UNREAD_FOR: TimeDelta = TimeDelta::days(7);
const UNREAD_CLAIMS: i32 = 1_000;

/// An attempt that is over.
pub(crate) struct Flown {
    pub(crate) task: Claimed,
    /// How it ended; none when the handler's own commit wrote that down.
    pub(crate) ending: Option<Ending>,
    /// From due to claimed.
    pub(crate) waited: Duration,
    /// How long the attempt took.
    pub(crate) took: Duration,
}

/// Makes one attempt.
pub(crate) async fn fly<M: Send + Sync + 'static>(
    tasks: Arc<Tasks<M>>,
    context: TaskContext,
    clock: Arc<dyn Clock>,
) -> Flown {
    let task = context.task();
    let span = tracing::info_span!(
        "task",
        kind = task.kind,
        task = %task.id,
        attempt = task.attempt,
        request_id = task.origin.request_id,
        tenant = %task.tenant,
    );
    if let Some(trace) = &task.origin.trace {
        telemetry::set_parent(&span, trace);
    }
    let waited = (task.started_at - task.due_at).to_std().unwrap_or_default();
    let began = Instant::now();
    let attempt = async {
        let made = AssertUnwindSafe(attempt(&tasks, &context, clock.as_ref())).catch_unwind().await;
        made.unwrap_or_else(|panic| crashed(&tasks, &context, panic.as_ref(), clock.as_ref()))
    };
    let ending = attempt.instrument(span).await;
    Flown { task: context.into_task(), ending, waited, took: began.elapsed() }
}

/// How the attempt ended; none when the handler's own commit wrote that down.
async fn attempt<M: Send + Sync + 'static>(
    tasks: &Tasks<M>,
    context: &TaskContext,
    clock: &dyn Clock,
) -> Option<Ending> {
    let task = context.task();
    let Some(kind) = tasks.kind(&task.kind) else {
        let fault = Fault::invalid("kind", format!("{} is not known to this process", task.kind));
        return Some(unread(task, &fault, clock));
    };
    if task.attempt > kind.terms.max_attempts {
        // Whoever tried it last was not heard of again: it may be the task that kills them.
        let made = task.attempt - 1;
        let attempts = if made == 1 { "attempt" } else { "attempts" };
        let error = format!("after {made} {attempts} none is left, and the last one was lost with its process");
        return Some(Ending::Dead { error });
    }
    let ran = listen(kind, tasks.module(), context).await;
    if context.has_ended() {
        if let Some(Err(Failed::Attempt(fault) | Failed::Unread(fault))) = &ran {
            tracing::warn!(%fault, cause = fault.chain(), "the handler failed after its commit ended the task");
        }
        return None;
    }
    Some(match ran {
        None => Ending::Cancelled,
        Some(Ok(Ran::Done(result))) => done(result),
        Some(Ok(Ran::Snooze(period))) => Ending::Snoozed { until: after(clock.now(), period) },
        Some(Ok(Ran::GiveUp(fault))) => given_up(&fault),
        Some(Err(Failed::Attempt(fault))) => {
            failed(task, kind, &fault, clock, || (kind.retry_after)(task.attempt, task.id, &fault))
        }
        Some(Err(Failed::Unread(fault))) => unread(task, &fault, clock),
    })
}

/// How an attempt ends that panicked where no handler was: in what says when to try again.
fn crashed<M: Send + Sync + 'static>(
    tasks: &Tasks<M>,
    context: &TaskContext,
    panic: &(dyn Any + Send),
    clock: &dyn Clock,
) -> Option<Ending> {
    let task = context.task();
    let fault = Fault::internal(panic_text("what surrounds the handler", panic));
    let kind = tasks.kind(&task.kind)?;
    Some(failed(task, kind, &fault, clock, || Some(kind.terms.retry.pause(task.id, task.attempt))))
}

fn done(result: serde_json::Value) -> Ending {
    let bytes = if result.is_null() { 0 } else { result.to_string().len() };
    match store::result_fits(bytes) {
        Ok(()) => Ending::Done { result },
        // Another attempt would bring the same.
        Err(fault) => given_up(&fault),
    }
}

fn given_up(fault: &Fault) -> Ending {
    tracing::error!(%fault, cause = fault.chain(), "the task is given up");
    Ending::Dead { error: told(fault) }
}

/// A newer program enqueued it, or an older one: one of them may come by.
fn unread(task: &Claimed, fault: &Fault, clock: &dyn Clock) -> Ending {
    if task.token >= UNREAD_CLAIMS && clock.now() - task.enqueued_at >= UNREAD_FOR {
        tracing::error!(%fault, claims = task.token, "nobody could read the task; it becomes a dead letter");
        return Ending::Dead { error: told(fault) };
    }
    let pause = UNREAD.pause(task.id, task.token);
    tracing::info!(%fault, pause_ms = pause.as_millis(), "the task waits for a program that can read it");
    Ending::Snoozed { until: after(clock.now(), pause) }
}

/// Runs the handler within its time, and cuts it off when it was asked to stop and does not. None then.
async fn listen<M: Send + Sync + 'static>(
    kind: &Kind<M>,
    module: &M,
    context: &TaskContext,
) -> Option<Result<Ran, Failed>> {
    let run = AssertUnwindSafe((kind.run)(module, context)).catch_unwind();
    let fails = |why: String| Err(Failed::Attempt(Fault::internal(why)));
    let run = async move { run.await.unwrap_or_else(|panic| fails(panic_text("the handler", panic.as_ref()))) };
    let limit = kind.terms.time_limit;
    let run = async move {
        match tokio::time::timeout(limit, run).await {
            Ok(ran) => ran,
            Err(_) => fails(format!("it took longer than its limit of {} s", limit.as_secs_f32())),
        }
    };
    let mut run = std::pin::pin!(run);
    let ran = tokio::select! {
        ran = &mut run => Some(ran),
        () = context.stop().cancelled() => tokio::time::timeout(LISTENS_WITHIN, run).await.ok(),
    };
    // Asked to stop, it may have finished all the same; a failure on the way out is no failure.
    ran.filter(|ran| ran.is_ok() || !context.stop().is_cancelled())
}

/// How a failed attempt ends: another one later, or none.
fn failed<M>(
    task: &Claimed,
    kind: &Kind<M>,
    fault: &Fault,
    clock: &dyn Clock,
    retry_after: impl FnOnce() -> Option<Duration>,
) -> Ending {
    let error = told(fault);
    let pause = if task.attempt < kind.terms.max_attempts { retry_after() } else { None };
    match pause {
        Some(pause) => {
            if fault.code == FaultCode::Unavailable {
                tracing::info!(%fault, pause_ms = pause.as_millis(), "the attempt failed; something is away");
            } else {
                tracing::warn!(%fault, cause = fault.chain(), pause_ms = pause.as_millis(), "the attempt failed");
            }
            Ending::Retry { at: after(clock.now(), pause), error }
        }
        None => {
            tracing::error!(%fault, cause = fault.chain(), attempts = task.attempt, "the task becomes a dead letter");
            Ending::Dead { error }
        }
    }
}

/// The fault with its causes, cut to the length that is kept.
pub(crate) fn told(fault: &Fault) -> String {
    let mut text = fault.told();
    if text.len() > MAX_ERROR {
        text.truncate(text.floor_char_boundary(MAX_ERROR));
        text.push('…');
    }
    text
}

fn panic_text(what: &str, panic: &(dyn Any + Send)) -> String {
    let text =
        panic.downcast_ref::<&str>().map(|s| (*s).to_owned()).or_else(|| panic.downcast_ref::<String>().cloned());
    format!("{what} panicked: {}", text.unwrap_or_else(|| "no message".to_owned()))
}
