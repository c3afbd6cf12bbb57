//! One attempt from claim to ending, whatever the handler does: fail, panic, hang, or not listen.

use crate::tasks::Kind;
use crate::{Ran, TaskContext, Tasks, Terms};
use futures::FutureExt;
use kernel::{Clock, Ending, Fault, FaultCode, Settlement};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use telemetry::TaskOutcome;
use tokio::time::Instant;
use tracing::Instrument;

/// How long a handler that was asked to stop may take to listen.
const LISTENS_WITHIN: Duration = Duration::from_secs(3);

/// What came of an attempt.
pub(crate) enum Landed {
    /// To be written down.
    Ended(Box<Settlement>),
    /// Written down already, by the handler's own commit.
    Committed,
}

/// Makes one attempt.
pub(crate) async fn fly<M: Send + Sync + 'static>(
    tasks: Arc<Tasks<M>>,
    context: TaskContext,
    clock: Arc<dyn Clock>,
) -> Landed {
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
    let ending = attempt(&tasks, &context, clock.as_ref()).instrument(span).await;
    let outcome = ending.as_ref().map_or(TaskOutcome::Done, outcome);
    let kind = tasks.kind(&context.task().kind).map_or("unknown", |kind| kind.name);
    telemetry::meters().task_ran(kind, outcome, waited, began.elapsed());
    match ending {
        Some(ending) => Landed::Ended(Box::new(Settlement { task: context.into_task(), ending })),
        None => Landed::Committed,
    }
}

fn outcome(ending: &Ending) -> TaskOutcome {
    match ending {
        Ending::Done { .. } => TaskOutcome::Done,
        Ending::Retry { .. } => TaskOutcome::Failed,
        Ending::Dead { .. } => TaskOutcome::Dead,
        Ending::Snoozed { .. } => TaskOutcome::Snoozed,
        Ending::Cancelled => TaskOutcome::Cancelled,
        Ending::Returned => TaskOutcome::Returned,
    }
}

/// How the attempt ended; none when the handler's own commit wrote that down.
async fn attempt<M: Send + Sync + 'static>(
    tasks: &Tasks<M>,
    context: &TaskContext,
    clock: &dyn Clock,
) -> Option<Ending> {
    let task = context.task();
    let Some(kind) = tasks.kind(&task.kind) else {
        // A newer program enqueued it, or an older one: one of them may come by.
        let fault = Fault::invalid("kind", format!("{} is not known to this process", task.kind));
        return Some(failed(context, &Terms::default(), default_retry, &fault, clock));
    };
    if task.attempt > kind.terms.max_attempts {
        // Whoever tried it last was not heard of again each time: it may be the task that kills them.
        let error = "every attempt was lost with the process that made it".to_owned();
        return Some(Ending::Dead { error });
    }
    let ran = listen(kind, tasks.module(), context).await;
    if context.has_ended() {
        if let Some(Err(fault)) = &ran {
            tracing::warn!(%fault, cause = fault.chain(), "the handler failed after its commit ended the task");
        }
        return None;
    }
    Some(match ran {
        None => Ending::Cancelled,
        Some(Ok(Ran::Done(result))) => Ending::Done { result },
        Some(Ok(Ran::Snooze(period))) => Ending::Snoozed { until: clock.now() + period },
        Some(Ok(Ran::GiveUp(fault))) => {
            tracing::error!(%fault, cause = fault.chain(), "the task is given up");
            Ending::Dead { error: fault.told() }
        }
        Some(Err(fault)) => failed(context, &kind.terms, kind.retry_after, &fault, clock),
    })
}

/// Runs the handler within its time, and cuts it off when it was asked to stop and does not. None then.
async fn listen<M: Send + Sync + 'static>(
    kind: &Kind<M>,
    module: &M,
    context: &TaskContext,
) -> Option<Result<Ran, Fault>> {
    let run = AssertUnwindSafe((kind.run)(module, context)).catch_unwind();
    let run = async move { run.await.unwrap_or_else(|panic| Err(Fault::internal(panic_text(panic.as_ref())))) };
    let limit = kind.terms.time_limit;
    let run = async move {
        match tokio::time::timeout(limit, run).await {
            Ok(ran) => ran,
            Err(_) => Err(Fault::internal(format!("it took longer than its limit of {} s", limit.as_secs_f32()))),
        }
    };
    let mut run = std::pin::pin!(run);
    tokio::select! {
        ran = &mut run => return Some(ran),
        () = context.stop().cancelled() => {}
    }
    match tokio::time::timeout(LISTENS_WITHIN, run).await {
        // Asked to stop, it may have finished all the same; a failure on the way out is no failure.
        Ok(Ok(ran)) => Some(Ok(ran)),
        _ => None,
    }
}

fn default_retry(attempt: i32, task: uuid::Uuid, _: &Fault) -> Option<Duration> {
    Some(crate::Retry::default().pause(task, attempt))
}

/// How a failed attempt ends: another one later, or none.
fn failed(
    context: &TaskContext,
    terms: &Terms,
    retry_after: fn(i32, uuid::Uuid, &Fault) -> Option<Duration>,
    fault: &Fault,
    clock: &dyn Clock,
) -> Ending {
    let task = context.task();
    let error = fault.told();
    let pause = if task.attempt < terms.max_attempts { retry_after(task.attempt, task.id, fault) } else { None };
    match pause {
        Some(pause) => {
            if fault.code == FaultCode::Unavailable {
                tracing::info!(%fault, pause_ms = pause.as_millis(), "the attempt failed; something is away");
            } else {
                tracing::warn!(%fault, cause = fault.chain(), pause_ms = pause.as_millis(), "the attempt failed");
            }
            Ending::Retry { at: clock.now() + pause, error }
        }
        None => {
            tracing::error!(%fault, cause = fault.chain(), attempts = task.attempt, "the task becomes a dead letter");
            Ending::Dead { error }
        }
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text =
        panic.downcast_ref::<&str>().map(|s| (*s).to_owned()).or_else(|| panic.downcast_ref::<String>().cloned());
    format!("the handler panicked: {}", text.unwrap_or_else(|| "no message".to_owned()))
}
