//! The server's half: portals at `/<service>/<Method>`, unary, over an axum router. What a portal answers is not
//! decided here, and neither is who calls.

use crate::MAX_MESSAGE_BYTES;
use crate::access::{Access, Admitted};
use crate::codec::RawCodec;
use crate::discovery::{OfferError, discovery};
use crate::status::to_status;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use kernel::{Fault, FaultCode, PortalService, reasons};
use std::sync::Arc;
use tonic::Status;

/// Offers `services` over gRPC to whom `access` is for, with reflection (v1) and health beside them. It has no
/// fallback, so that it can be merged into another router.
///
/// A call that its peer gives up is dropped where it stands.
///
/// # Errors
/// A mistake in the program: a service offered twice, or one whose descriptor cannot be read.
pub fn router(services: Vec<PortalService>, access: Access) -> Result<Router, OfferError> {
    let services = access.offered(services);
    let access = Arc::new(access);
    let mut router = discovery(&services)?;
    for service in services {
        let path = format!("/{}/{{method}}", service.name);
        let offer = Arc::new(Offer { service, access: Arc::clone(&access) });
        router = router.route(&path, post(answer).with_state(offer));
    }
    Ok(router)
}

struct Offer {
    service: PortalService,
    access: Arc<Access>,
}

async fn answer(State(offer): State<Arc<Offer>>, Path(method): Path<String>, request: Request) -> Response {
    if !is_grpc(request.headers()) {
        return StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response();
    }
    let (head, body) = request.into_parts();
    // Before the body: whoever is not let in does not get to send one.
    let admitted = match offer.access.admit(&head).await {
        Ok(admitted) => Arc::new(admitted),
        Err(fault) => return to_status(&fault).into_http::<Body>(),
    };
    let method: Arc<str> = method.into();
    let portal = tower::service_fn(move |message: tonic::Request<Bytes>| {
        let (offer, method, admitted) = (Arc::clone(&offer), Arc::clone(&method), Arc::clone(&admitted));
        async move { offer.serve(&method, &admitted, &message.into_inner()).await.map(tonic::Response::new) }
    });
    tonic::server::Grpc::new(RawCodec)
        .max_decoding_message_size(MAX_MESSAGE_BYTES)
        .max_encoding_message_size(MAX_MESSAGE_BYTES)
        .unary(portal, Request::from_parts(head, body))
        .await
        .map(Body::new)
}

impl Offer {
    async fn serve(&self, method: &str, admitted: &Admitted, message: &[u8]) -> Result<Bytes, Status> {
        let answer = self.service.server.serve(method, admitted.caller.clone(), message);
        let outcome = match admitted.patience {
            None => answer.await,
            Some(patience) => match tokio::time::timeout(patience, answer).await {
                Ok(outcome) => outcome,
                Err(_) => Err(reasons::DEADLINE.fault()),
            },
        };
        outcome.map(Bytes::from).map_err(|fault| {
            self.log(method, &admitted.caller.request_id, &fault);
            to_status(&self.access.told(fault))
        })
    }

    /// The chain of causes ends here, so here it is written down.
    fn log(&self, method: &str, request_id: &str, fault: &Fault) {
        if fault.code == FaultCode::Internal {
            let (service, chain) = (self.service.name, fault.chain());
            tracing::error!(service, method, request_id, reason = %fault.reason, chain, "a portal failed");
        }
    }
}

fn is_grpc(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"))
}
