//! The client's half: one call to another process, with deadline, retries, circuit breaker and bulkhead around it.
//! What is called and what comes back stays encoded.

use crate::MAX_MESSAGE_BYTES;
use crate::breaker::Breaker;
use crate::channels::{Channels, Target, TargetError};
use crate::feed;
use crate::metadata::{CALLER, REGION, TOKEN, TRACEPARENT, caller_to_json};
use crate::metrics::Metrics;
use crate::status::to_fault;
use backon::{ExponentialBuilder, Retryable};
use bytes::Bytes;
use chrono::TimeDelta;
use http::uri::PathAndQuery;
use kernel::{Caller, Clock, Fault, FaultCode, Method, Transport, reasons};
use secrecy::ExposeSecret;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use tonic::metadata::{Ascii, Binary, MetadataValue};

const FIRST_BACKOFF: Duration = Duration::from_millis(20);
const LONGEST_BACKOFF: Duration = Duration::from_millis(500);

/// How much trouble with a target is borne, and for how long.
#[derive(Debug, Clone)]
pub struct Resilience {
    /// How long one call may take, retries included, when its caller does not leave less.
    pub timeout: Duration,
    /// How often an idempotent call is made again after `Unavailable`.
    pub retries: usize,
    /// After how many failures in a row the target is left alone. 0: never.
    pub breaker_failures: u32,
    /// For how long it is left alone.
    pub breaker_open: Duration,
    /// How many calls may be under way at a time.
    pub bulkhead: usize,
}

impl Default for Resilience {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(5),
            retries: 2,
            breaker_failures: 5,
            breaker_open: Duration::from_secs(5),
            bulkhead: 256,
        }
    }
}

/// Calls the portals of one target.
pub struct GrpcTransport {
    name: String,
    channels: Channels,
    token: Option<MetadataValue<Ascii>>,
    region: Option<MetadataValue<Ascii>>,
    options: Resilience,
    breaker: Arc<Breaker>,
    bulkhead: Semaphore,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
}

/// One call, ready to be made as often as it takes.
struct Outgoing {
    path: PathAndQuery,
    message: Bytes,
    caller: MetadataValue<Binary>,
    trace: Option<MetadataValue<Ascii>>,
    until: Instant,
}

impl GrpcTransport {
    /// A transport to `target`. Nothing is connected yet: that happens, and happens again, when calls are made. Must be
    /// built inside a tokio runtime.
    ///
    /// # Errors
    /// When the addresses, the token or the TLS material could never work.
    pub fn new(target: &Target, options: Resilience, clock: Arc<dyn Clock>) -> Result<Arc<Self>, TargetError> {
        let rest = TimeDelta::from_std(options.breaker_open).unwrap_or(TimeDelta::MAX);
        let breaker = Arc::new(Breaker::new(options.breaker_failures, rest));
        Ok(Arc::new(Self {
            name: target.name.clone(),
            channels: Channels::new(target)?,
            token: token(target)?,
            region: target.region.as_ref().and_then(|region| region.parse().ok()),
            metrics: Metrics::new(&target.name, &breaker),
            breaker,
            bulkhead: Semaphore::new(options.bulkhead.min(Semaphore::MAX_PERMITS)),
            options,
            clock,
        }))
    }

    async fn guarded(&self, method: &Method, caller: &Caller, request: Vec<u8>) -> Result<Vec<u8>, Fault> {
        let outgoing = self.outgoing(method, caller, request)?;
        // A long poll waits by design. It must not take the seats of calls that work, and as a probe it would keep the
        // breaker half open until the next event.
        if feed::is_long_poll(method) {
            return self.once(&outgoing).await;
        }
        let Ok(_seat) = self.bulkhead.try_acquire() else {
            return Err(reasons::BULKHEAD.fault());
        };
        if !method.idempotent {
            return self.attempt(&outgoing).await;
        }
        let backoff = ExponentialBuilder::default()
            .with_min_delay(FIRST_BACKOFF)
            .with_max_delay(LONGEST_BACKOFF)
            .with_max_times(self.options.retries)
            .with_jitter();
        let patiently = (|| self.attempt(&outgoing)).retry(backoff).when(is_worth_retrying);
        timeout_at(outgoing.until, patiently).await.unwrap_or_else(|_| Err(reasons::DEADLINE.fault()))
    }

    fn outgoing(&self, method: &Method, caller: &Caller, request: Vec<u8>) -> Result<Outgoing, Fault> {
        if request.len() > MAX_MESSAGE_BYTES {
            return Err(reasons::TOO_LARGE.fault());
        }
        let limit = if feed::is_long_poll(method) { feed::LONGEST_PULL } else { self.options.timeout };
        let patience = match caller.deadline {
            None => limit,
            Some(deadline) => match (deadline - self.clock.now()).to_std() {
                Ok(left) if !left.is_zero() => left.min(limit),
                _ => return Err(reasons::DEADLINE.fault()),
            },
        };
        let path = PathAndQuery::try_from(format!("/{}/{}", method.service, method.name)).map_err(Fault::internal)?;
        let json = caller_to_json(caller).map_err(Fault::internal)?;
        Ok(Outgoing {
            path,
            message: request.into(),
            caller: MetadataValue::from_bytes(&json),
            trace: caller.trace.as_deref().and_then(|trace| trace.parse().ok()),
            until: Instant::now() + patience,
        })
    }

    /// One attempt, if the breaker lets it through.
    async fn attempt(&self, outgoing: &Outgoing) -> Result<Vec<u8>, Fault> {
        let Some(pass) = self.breaker.admit(self.clock.now()) else {
            return Err(reasons::CIRCUIT_OPEN.fault());
        };
        let outcome = self.once(outgoing).await;
        match &outcome {
            Err(fault) if fault.code == FaultCode::Unavailable => {
                if pass.failed(self.clock.now()) {
                    tracing::warn!(portal.target = self.name, cause = %fault, "circuit opened");
                }
            }
            _ => pass.succeeded(),
        }
        outcome
    }

    async fn once(&self, outgoing: &Outgoing) -> Result<Vec<u8>, Fault> {
        let request = || self.request(outgoing);
        match timeout_at(outgoing.until, self.channels.send(&outgoing.path, request)).await {
            Ok(Ok(reply)) => Ok(reply.into()),
            Ok(Err(status)) => Err(to_fault(&status)),
            Err(_) => Err(reasons::DEADLINE.fault()),
        }
    }

    fn request(&self, outgoing: &Outgoing) -> tonic::Request<Bytes> {
        let mut request = tonic::Request::new(outgoing.message.clone());
        request.set_timeout(outgoing.until.saturating_duration_since(Instant::now()));
        let metadata = request.metadata_mut();
        metadata.insert_bin(CALLER, outgoing.caller.clone());
        if let Some(trace) = &outgoing.trace {
            metadata.insert(TRACEPARENT, trace.clone());
        }
        if let Some(token) = &self.token {
            metadata.insert(TOKEN, token.clone());
        }
        if let Some(region) = &self.region {
            metadata.insert(REGION, region.clone());
        }
        request
    }
}

#[async_trait::async_trait]
impl Transport for GrpcTransport {
    async fn call(&self, method: &'static Method, caller: &Caller, request: Vec<u8>) -> Result<Vec<u8>, Fault> {
        let began = Instant::now();
        let outcome = self.guarded(method, caller, request).await;
        self.metrics.record(method, &outcome, began.elapsed());
        outcome
    }
}

/// Not now, but perhaps in a moment: nobody asked for a pause, the time is not up, and the target is not at rest.
fn is_worth_retrying(fault: &Fault) -> bool {
    fault.code == FaultCode::Unavailable
        && fault.retry_after_s.is_none()
        && !fault.is(&reasons::DEADLINE)
        && !fault.is(&reasons::CIRCUIT_OPEN)
}

fn token(target: &Target) -> Result<Option<MetadataValue<Ascii>>, TargetError> {
    let Some(token) = &target.token else {
        return Ok(None);
    };
    let mut value: MetadataValue<Ascii> =
        token.expose_secret().parse().map_err(|_| TargetError::Token { target: target.name.clone() })?;
    value.set_sensitive(true);
    Ok(Some(value))
}
