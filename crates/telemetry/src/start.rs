//! Starting and stopping: one subscriber for logs and spans, one tracer provider, one meter provider, one registry.

use crate::fields::SpanFields;
use crate::log_line::{HumanLine, JsonLine};
use crate::meters::{self, SCOPE};
use crate::process;
use opentelemetry::global;
use opentelemetry::metrics::MeterProvider;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::tonic_types::transport::ClientTlsConfig;
use opentelemetry_otlp::{ExporterBuildError, MetricExporter, SpanExporter, WithExportConfig, WithTonicConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use prometheus::{Registry, TextEncoder};
use std::io::IsTerminal;
use tokio::runtime::Handle;
use tracing::Dispatch;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, Layer};

/// What becomes part of a trace. The exporter's own transport must stay out, or each export would make spans that are
/// exported in turn. Kept apart from the log's level, so that quiet logs do not cost the trace its spans.
const TRACED: &str = "info,h2=off,hyper=off,opentelemetry=off,reqwest=off,tonic=off,tower=off";

/// What to start.
#[derive(Debug, Clone)]
pub struct Options {
    /// What this process calls itself.
    pub service_name: String,
    /// The version of the program.
    pub service_version: String,
    /// What is logged, as filter directives such as `info,sqlx=warn`.
    pub log_level: String,
    /// How lines look.
    pub log_format: LogFormat,
    /// The OTLP/gRPC collector, `http://…` or `https://…`; `None` exports nothing.
    pub otlp_endpoint: Option<String>,
    /// The share of traces kept when the caller has not decided, 0 to 1.
    pub sample_ratio: f64,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One line for eyes, coloured on a terminal.
    Pretty,
    /// One JSON object per line.
    Json,
}

/// Why telemetry could not start.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// The log level is no list of filter directives.
    #[error("the log level cannot be read")]
    Level(#[source] ParseError),
    /// An exporter needs a runtime and there is none.
    #[error("an OTLP endpoint is set, and exporting needs a tokio runtime to be entered first")]
    NoRuntime,
    /// The exporter refuses its endpoint.
    #[error("the OTLP exporter cannot be built")]
    Exporter(#[source] ExporterBuildError),
    /// The registry refuses the reader.
    #[error("the metrics registry cannot be built")]
    Registry(#[source] OTelSdkError),
    /// Somebody started another one before.
    #[error("logging was started before")]
    Twice(#[source] TryInitError),
}

/// What was left when telemetry stopped could not be exported.
#[derive(Debug, thiserror::Error)]
#[error("the last traces or metrics were lost")]
pub struct ShutdownError(#[source] OTelSdkError);

/// Keeps telemetry running. Share it in an `Arc` with whoever serves `/metrics`.
#[derive(Debug)]
pub struct Guard {
    pub(crate) tracers: SdkTracerProvider,
    pub(crate) meters: SdkMeterProvider,
    registry: Registry,
}

impl Guard {
    /// Every metric in the Prometheus text format, version 0.0.4.
    pub fn metrics_text(&self) -> String {
        let encoded = TextEncoder::new().encode_to_string(&self.registry.gather());
        encoded.unwrap_or_else(|error| format!("# {error}\n"))
    }

    /// Exports what is left and stops; a second call does nothing. It blocks for up to ten seconds, while the runtime
    /// that was entered at [`init`] must still be running on another thread: call it through
    /// `tokio::task::spawn_blocking`, or from `main` before the runtime is dropped.
    ///
    /// # Errors
    /// When the collector does not take what is left.
    pub fn shutdown(&self) -> Result<(), ShutdownError> {
        let results = [self.tracers.shutdown(), self.meters.shutdown()];
        let failure = results.into_iter().filter_map(Result::err).find(|e| !matches!(e, OTelSdkError::AlreadyShutdown));
        failure.map_or(Ok(()), |error| Err(ShutdownError(error)))
    }
}

/// Starts logs (to standard error), traces and metrics for the whole process: the subscriber, the propagator, both
/// providers and [`crate::meters`]. Call it once, inside the runtime whose figures are to be seen.
///
/// # Errors
/// A level or endpoint that cannot be read, an endpoint without a runtime, or a second start.
pub fn init(options: &Options) -> Result<Guard, InitError> {
    let is_terminal = std::io::stderr().is_terminal();
    let (dispatch, guard) = assemble(options, std::io::stderr, is_terminal)?;
    dispatch.try_init().map_err(InitError::Twice)?;
    global::set_text_map_propagator(TraceContextPropagator::new());
    global::set_tracer_provider(guard.tracers.clone());
    global::set_meter_provider(guard.meters.clone());
    meters::start();
    Ok(guard)
}

/// Builds everything and makes nothing of it global.
pub(crate) fn assemble<W>(options: &Options, writer: W, is_terminal: bool) -> Result<(Dispatch, Guard), InitError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let logged = EnvFilter::builder().parse(&options.log_level).map_err(InitError::Level)?;
    let traced = EnvFilter::builder().parse(TRACED).map_err(InitError::Level)?;
    let runtime = Handle::try_current().ok();
    if options.otlp_endpoint.is_some() && runtime.is_none() {
        return Err(InitError::NoRuntime);
    }
    let resource = Resource::builder()
        .with_service_name(options.service_name.clone())
        .with_attribute(opentelemetry::KeyValue::new("service.version", options.service_version.clone()))
        .build();
    let tracers = tracers(options, resource.clone())?;
    let registry = Registry::new();
    let meters = meter_provider(options, resource, &registry)?;
    process::observe(&meters.meter(SCOPE), runtime);

    let lines = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(is_terminal).fmt_fields(SpanFields);
    let lines = match options.log_format {
        LogFormat::Json => lines.event_format(JsonLine).with_filter(logged).boxed(),
        LogFormat::Pretty => lines.event_format(HumanLine).with_filter(logged).boxed(),
    };
    let traces = tracing_opentelemetry::layer()
        .with_tracer(tracers.tracer(SCOPE))
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_filter(traced);
    let dispatch = Dispatch::new(tracing_subscriber::registry().with(lines).with(traces));
    Ok((dispatch, Guard { tracers, meters, registry }))
}

/// Spans get their ids even when nobody collects them: answers and logs name the trace all the same. Nothing is
/// recorded then, unless the caller already decided to.
fn tracers(options: &Options, resource: Resource) -> Result<SdkTracerProvider, InitError> {
    let builder = SdkTracerProvider::builder().with_resource(resource);
    let Some(endpoint) = &options.otlp_endpoint else {
        return Ok(builder.with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOff))).build());
    };
    let exporter = SpanExporter::builder().with_tonic().with_endpoint(endpoint);
    let exporter = if is_tls(endpoint) { exporter.with_tls_config(trusted()) } else { exporter };
    let exporter = exporter.build().map_err(InitError::Exporter)?;
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(options.sample_ratio)));
    Ok(builder.with_sampler(sampler).with_batch_exporter(exporter).build())
}

fn meter_provider(options: &Options, resource: Resource, registry: &Registry) -> Result<SdkMeterProvider, InitError> {
    let reader = opentelemetry_prometheus::exporter().with_registry(registry.clone()).scope_info_enabled(false);
    let reader = reader.build().map_err(InitError::Registry)?;
    let builder = SdkMeterProvider::builder().with_resource(resource).with_reader(reader);
    let Some(endpoint) = &options.otlp_endpoint else { return Ok(builder.build()) };
    let exporter = MetricExporter::builder().with_tonic().with_endpoint(endpoint);
    let exporter = if is_tls(endpoint) { exporter.with_tls_config(trusted()) } else { exporter };
    Ok(builder.with_periodic_exporter(exporter.build().map_err(InitError::Exporter)?).build())
}

fn is_tls(endpoint: &str) -> bool {
    endpoint.starts_with("https://")
}

/// The exporter's own default trusts nobody.
fn trusted() -> ClientTlsConfig {
    ClientTlsConfig::new().with_enabled_roots()
}
