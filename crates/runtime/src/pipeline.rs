//! The one way into a use case, whichever adapter calls: span, admission, replay, load, permit, run, retry, metrics.

use kernel::{Caller, Clock, Fault, Gate, Operation, Principal, Replay, Replays, UseCase, reasons};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracing::Instrument;

/// How often a decision is made again when somebody else was quicker.
const DECISIONS: usize = 4;

/// Runs the use cases of one module.
#[derive(Clone)]
pub struct Pipeline {
    gate: Gate,
    clock: Arc<dyn Clock>,
    replays: Arc<dyn Replays>,
}

impl Pipeline {
    /// A pipeline that asks `gate` and keeps answers in `replays`.
    pub fn new(gate: Gate, clock: Arc<dyn Clock>, replays: Arc<dyn Replays>) -> Self {
        Self { gate, clock, replays }
    }

    /// The gate, for adapters that show or hide what a caller may do.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Runs `usecase` for `caller` within the caller's deadline.
    ///
    /// # Errors
    /// Whatever the use case refuses with; `access.log_in` or `access.forbidden`; `request.deadline_exceeded`;
    /// `request.idempotency_key_reused`; `store.stale_version` when others were quicker several times in a row.
    pub async fn execute<U: UseCase>(
        &self,
        module: &U::Module,
        caller: &Caller,
        usecase: U,
    ) -> Result<U::Output, Fault> {
        let operation = U::OPERATION;
        let started = Instant::now();
        let span = tracing::info_span!(
            "usecase",
            operation = operation.id,
            actor = %caller.actor.principal,
            request_id = caller.request_id,
        );
        if let Some(trace) = caller.trace.as_deref().filter(|trace| !is_current(trace)) {
            // The call came from another process or from an event: its trace goes on here.
            telemetry::set_parent(&span, trace);
        }
        let work = self.attempts(module, caller, &usecase).instrument(span);
        let outcome = match self.time_left(caller) {
            None => work.await,
            Some(left) => tokio::time::timeout(left, work).await.unwrap_or_else(|_| Err(reasons::DEADLINE.fault())),
        };
        let told = outcome.as_ref().map(drop).map_err(|fault| fault.code);
        telemetry::meters().usecase_ran(operation.id, told, started.elapsed());
        outcome
    }

    fn time_left(&self, caller: &Caller) -> Option<Duration> {
        caller.deadline.map(|deadline| (deadline - self.clock.now()).to_std().unwrap_or(Duration::ZERO))
    }

    async fn attempts<U: UseCase>(&self, module: &U::Module, caller: &Caller, usecase: &U) -> Result<U::Output, Fault> {
        self.gate.admit(caller, U::OPERATION)?;
        open_to(caller, U::OPERATION)?;
        let claim = claim(U::OPERATION, caller, usecase)?;
        let mut decisions = 0;
        loop {
            if let Some(answer) = self.remembered(claim.as_ref()).await? {
                return serde_json::from_value(answer).map_err(Fault::internal);
            }
            let told = |resource: &str, fault: &Fault| self.gate.tell(caller, U::OPERATION, resource.to_owned(), fault);
            let loaded = usecase.load(module, caller).await;
            let subject = loaded.inspect_err(|fault| told(U::OPERATION.resource, fault))?;
            let resource = usecase.resource(&subject, caller);
            let permit = self.gate.permit(caller, U::OPERATION, &resource)?.with_replay(claim.clone());
            decisions += 1;
            let resource = permit.resource().to_owned();
            match usecase.run(module, subject, permit).await {
                Err(fault) if fault.is(&reasons::STALE) && decisions < DECISIONS => {}
                outcome => return outcome.inspect_err(|fault| told(&resource, fault)),
            }
        }
    }

    async fn remembered(&self, claim: Option<&Replay>) -> Result<Option<serde_json::Value>, Fault> {
        let Some(claim) = claim else { return Ok(None) };
        match self.replays.recall(&claim.scope).await? {
            Some(record) if record.fingerprint == claim.fingerprint => Ok(Some(record.answer)),
            Some(_) => Err(reasons::KEY_REUSED.fault()),
            None => Ok(None),
        }
    }
}

/// That the state of the community lets people do it. What is done for nobody in particular goes on, or a community
/// that is read-only would never hear of what it had committed before.
fn open_to(caller: &Caller, operation: &Operation) -> Result<(), Fault> {
    match (&caller.actor.principal, &caller.actor.community) {
        (Principal::Guest | Principal::User(_), Some(community)) => community.lets(operation),
        _ => Ok(()),
    }
}

/// Whether the span this runs in belongs to the trace of this `traceparent` already.
fn is_current(traceparent: &str) -> bool {
    telemetry::current_trace_id().is_some_and(|id| traceparent.split('-').nth(1) == Some(id.as_str()))
}

/// What the caller's idempotency key stands for, if it sent one and the operation keeps answers.
fn claim<U: UseCase>(operation: &Operation, caller: &Caller, usecase: &U) -> Result<Option<Replay>, Fault> {
    let Some(key) = caller.idempotency_key.as_ref().filter(|_| operation.replayed) else {
        return Ok(None);
    };
    let input = serde_json::to_vec(usecase).map_err(Fault::internal)?;
    let digest = ring::digest::digest(&ring::digest::SHA256, &input);
    let fingerprint = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    // Guests are told apart by where they come from: a stranger's key is not one's own.
    let whose = match (&caller.actor.principal, &caller.origin.address) {
        (Principal::Guest, Some(address)) => format!("guest@{address}"),
        (principal, _) => principal.to_string(),
    };
    // A community's keys are its own: a guest's, and a service's, are told apart by nothing else.
    let scope = format!("{}|{}|{whose}|{}", operation.id, caller.actor.tenant.0.simple(), key.as_str());
    Ok(Some(Replay { scope, fingerprint, answer: serde_json::Value::Null }))
}
