//! What a listener tells about itself: gRPC reflection and health. It describes what it serves, and nothing else.

use axum::Router;
use futures::FutureExt;
use kernel::PortalService;
use prost::Message;
use prost_types::{FileDescriptorProto, FileDescriptorSet};
use std::collections::{BTreeMap, BTreeSet};
use tonic_health::ServingStatus;

/// Why services cannot be offered: mistakes in the program, found at start.
#[derive(Debug, thiserror::Error)]
pub enum OfferError {
    /// Two portals of one name.
    #[error("the service `{service}` is offered twice")]
    Twice {
        /// The service.
        service: &'static str,
    },
    /// A descriptor that is not a `FileDescriptorSet`.
    #[error("the descriptor of `{service}` cannot be read")]
    Descriptor {
        /// The service.
        service: &'static str,
        /// Why not.
        source: prost::DecodeError,
    },
    /// Descriptors that do not fit together.
    #[error("the services cannot be described")]
    Reflection {
        /// Why not.
        source: tonic_reflection::server::Error,
    },
}

/// The routes of reflection (v1) and health, for exactly these services.
///
/// # Errors
/// A name offered twice, or a descriptor that cannot be read.
pub(crate) fn discovery(services: &[PortalService]) -> Result<Router, OfferError> {
    let reflection = tonic_reflection::server::Builder::configure()
        .register_file_descriptor_set(described(services)?)
        .build_v1()
        .map_err(|source| OfferError::Reflection { source })?;
    let (reporter, health) = tonic_health::server::health_reporter();
    let all_serving = async {
        for service in services {
            reporter.set_service_status(service.name, ServingStatus::Serving).await;
        }
    };
    // Nobody else holds the reporter yet, so that this never has to wait.
    let _ready = tokio::task::unconstrained(all_serving).now_or_never();
    Ok(Router::new()
        .route_service("/grpc.reflection.v1.ServerReflection/{method}", reflection)
        .route_service("/grpc.health.v1.Health/{method}", health))
}

/// The files that define these services, with what they import, and without the services not offered.
fn described(services: &[PortalService]) -> Result<FileDescriptorSet, OfferError> {
    let mut offered = BTreeSet::new();
    let mut files = BTreeMap::new();
    for service in services {
        if !offered.insert(service.name) {
            return Err(OfferError::Twice { service: service.name });
        }
        let set = FileDescriptorSet::decode(service.descriptor)
            .map_err(|source| OfferError::Descriptor { service: service.name, source })?;
        files.extend(set.file.into_iter().map(|file| (file.name().to_owned(), file)));
    }
    for file in files.values_mut() {
        let package = file.package().to_owned();
        file.service.retain(|service| offered.contains(format!("{package}.{}", service.name()).as_str()));
        // The comments are kept by place, and the places have moved.
        file.source_code_info = None;
    }
    let wanted = files.values().filter(|file| !file.service.is_empty()).map(|file| file.name().to_owned()).collect();
    Ok(FileDescriptorSet { file: with_imports(files, wanted) })
}

fn with_imports(mut files: BTreeMap<String, FileDescriptorProto>, mut wanted: Vec<String>) -> Vec<FileDescriptorProto> {
    let mut kept = Vec::new();
    while let Some(name) = wanted.pop() {
        if let Some(file) = files.remove(&name) {
            wanted.extend(file.dependency.iter().cloned());
            kept.push(file);
        }
    }
    kept
}
