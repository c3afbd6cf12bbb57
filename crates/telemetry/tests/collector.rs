//! Export as a collector sees it: a real OTLP/gRPC server on a free port takes what the process sends.
#![allow(clippy::disallowed_methods, reason = "a test spawns and asks the machine as it likes")]

use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{ExportMetricsServiceRequest, ExportMetricsServiceResponse};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use telemetry::{LogFormat, Options, current_trace_id, init, meters};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};
use tracing::info_span;

/// What arrived: spans as `trace/name`, and the names of metrics.
#[derive(Clone, Default)]
struct Collector {
    spans: Arc<Mutex<Vec<String>>>,
    metrics: Arc<Mutex<Vec<String>>>,
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let spans = request.into_inner().resource_spans.into_iter().flat_map(|r| r.scope_spans).flat_map(|s| s.spans);
        let named = spans.map(|span| {
            let trace: String = span.trace_id.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{trace}/{}", span.name)
        });
        if let Ok(mut kept) = self.spans.lock() {
            kept.extend(named);
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Collector {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let scopes = request.into_inner().resource_metrics.into_iter().flat_map(|r| r.scope_metrics);
        if let Ok(mut kept) = self.metrics.lock() {
            kept.extend(scopes.flat_map(|s| s.metrics).map(|metric| metric.name));
        }
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_spans_and_metrics_reach_the_collector_at_shutdown() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let collector = Collector::default();
    tokio::spawn(
        tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(collector.clone()))
            .add_service(MetricsServiceServer::new(collector.clone()))
            .serve_with_incoming(TcpListenerStream::new(listener)),
    );
    let guard = init(&Options {
        service_name: "polity-test".to_owned(),
        service_version: "0.0.0".to_owned(),
        log_level: "off".to_owned(),
        log_format: LogFormat::Json,
        otlp_endpoint: Some(format!("http://{address}")),
        sample_ratio: 1.0,
    })
    .unwrap();

    let trace = info_span!("request").in_scope(current_trace_id).unwrap();
    meters().store_committed("forum", Duration::from_millis(1));
    tokio::task::spawn_blocking(move || guard.shutdown()).await.unwrap().unwrap();

    assert_eq!(*collector.spans.lock().unwrap(), [format!("{trace}/request")]);
    let metrics = collector.metrics.lock().unwrap();
    for name in ["polity.store.commit.duration", "process_resident_memory", "tokio.runtime.workers"] {
        assert!(metrics.iter().any(|found| found == name), "{name} is missing in {metrics:?}");
    }
}
