//! Who gets in where, as whom, and what a listener tells about itself.

use crate::harness::{API, ECHO, ManualClock, PORTAL, Probe, Server, caller, foreign_call, refusal, services};
use http::HeaderMap;
use kernel::{
    Actor, Asked, Community, Credential, Fault, FaultCode, Identify, Principal, Role, SystemIds, TenantId, Time,
    Transport, UserId, reasons,
};
use secrecy::SecretString;
use std::sync::Arc;
use tokio_stream::StreamExt;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus};
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use uuid::Uuid;
use wire::{Access, GrpcTransport, OfferError, Resilience, Target, router};

const API_ECHO: &str = "/polity.probe.v1.ProbeApi/Echo";
const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Knows Ada's token.
struct OnlyAda;

#[async_trait::async_trait]
impl Identify for OnlyAda {
    async fn identify(&self, credential: &Credential, tenant: TenantId) -> Result<Actor, Fault> {
        match credential {
            Credential::Bearer(token) if token == "ada" => {
                Ok(Actor::user(tenant, UserId(Uuid::from_u128(7)), Role::Member, "Ada"))
            }
            _ => Err(reasons::CREDENTIAL.fault()),
        }
    }
}

fn public(probe: &Arc<Probe>) -> Server {
    let access = Access::clients(Arc::new(OnlyAda), ManualClock::at(4_600), Arc::new(SystemIds));
    Server::start(router(services(probe), access).unwrap())
}

fn guarded(probe: &Arc<Probe>) -> Server {
    let token = SecretString::from("open sesame");
    Server::start(router(services(probe), Access::installation(Some(&token), ManualClock::at(1_000))).unwrap())
}

fn grpc_status(headers: &HeaderMap) -> &str {
    headers["grpc-status"].to_str().unwrap()
}

#[tokio::test]
async fn the_token_opens_the_internal_listener_and_nothing_else_does() {
    let probe = Arc::new(Probe::default());
    let server = guarded(&probe);
    for (token, opens) in [(Some("open sesame"), true), (Some("open sesamf"), false), (Some(""), false), (None, false)]
    {
        let target = Target {
            name: "probe".to_owned(),
            addresses: vec![server.url()],
            token: token.map(SecretString::from),
            ..Target::default()
        };
        let transport = GrpcTransport::new(&target, Resilience::default(), ManualClock::at(1_000)).unwrap();
        let outcome = transport.call(&ECHO, &caller(), Vec::new()).await;
        assert_eq!(outcome.as_ref().err().map(|fault| fault.code), (!opens).then_some(FaultCode::Unauthenticated));
    }
    assert_eq!(probe.calls(), 1);
}

#[tokio::test]
async fn nothing_is_told_to_processes_of_another_region() {
    let probe = Arc::new(Probe::default());
    let access = Access::installation(None, ManualClock::at(1_000)).in_region("eu");
    let server = Server::start(router(services(&probe), access).unwrap());
    for (region, opens) in [(Some("eu"), true), (Some("us"), false), (None, true)] {
        let target = Target {
            name: "probe".to_owned(),
            addresses: vec![server.url()],
            region: region.map(str::to_owned),
            ..Target::default()
        };
        let transport = GrpcTransport::new(&target, Resilience::default(), ManualClock::at(1_000)).unwrap();
        let refused = transport.call(&ECHO, &caller(), Vec::new()).await.err();
        assert_eq!(refused.is_some_and(|fault| fault.is(&reasons::MISDIRECTED)), !opens, "{region:?}");
    }
    assert_eq!(probe.calls(), 2);
}

#[tokio::test]
async fn a_client_is_told_of_the_community_it_names() {
    let probe = Arc::new(Probe::default());
    let access = Access::clients(Arc::new(OnlyGarden), ManualClock::at(4_600), Arc::new(SystemIds));
    let server = Server::start(router(services(&probe), access).unwrap());
    foreign_call(&server, API_ECHO, &[("polity-community", "Garden")], b"").await;
    let seen = probe.callers.lock().unwrap().pop().unwrap();
    assert_eq!(seen.actor.tenant, TenantId(Uuid::from_u128(9)));
    let (answer, _) = foreign_call(&server, API_ECHO, &[("polity-community", "town")], b"").await;
    assert_eq!((grpc_status(&answer), &answer["polity-reason"]), ("5", &"community.unknown".parse().unwrap()));
}

/// Knows one community, and nobody in it.
struct OnlyGarden;

#[async_trait::async_trait]
impl Identify for OnlyGarden {
    async fn identify(&self, _: &Credential, _: TenantId) -> Result<Actor, Fault> {
        Err(reasons::CREDENTIAL.fault())
    }

    async fn community(&self, asked: &Asked) -> Result<Arc<Community>, Fault> {
        match asked {
            Asked::Name(name) if name == "garden" => {
                Ok(Arc::new(Community { id: Some(TenantId(Uuid::from_u128(9))), ..Community::default() }))
            }
            _ => Err(reasons::COMMUNITY_UNKNOWN.fault()),
        }
    }
}

#[tokio::test]
async fn a_colleague_without_a_caller_is_refused() {
    let probe = Arc::new(Probe::default());
    let server = guarded(&probe);
    let path = format!("/{PORTAL}/Echo");
    for caller in [None, Some("bm90IGpzb24"), Some("§§§")] {
        let mut headers = vec![("polity-token", "open sesame")];
        headers.extend(caller.map(|caller| ("polity-caller-bin", caller)));
        let (answer, _) = foreign_call(&server, &path, &headers, b"").await;
        assert_eq!((grpc_status(&answer), &answer["polity-reason"]), ("3", &"request.malformed".parse().unwrap()));
    }
    assert_eq!(probe.calls(), 0);
}

#[tokio::test]
async fn a_client_is_whoever_its_bearer_token_stands_for() {
    let probe = Arc::new(Probe::default());
    let server = public(&probe);
    let (answer, echo) = foreign_call(&server, API_ECHO, &[], b"hello").await;
    assert_eq!((grpc_status(&answer), echo.as_ref()), ("0", b"hello".as_slice()));
    assert!(probe.callers.lock().unwrap().pop().unwrap().actor.is_guest());

    foreign_call(&server, API_ECHO, &[("authorization", "Bearer ada")], b"").await;
    let seen = probe.callers.lock().unwrap().pop().unwrap();
    assert_eq!((seen.actor.display_name.as_str(), seen.actor.tenant), ("Ada", TenantId::FIRST));

    for wrong in ["Bearer bo", "Basic ada", "ada"] {
        let (answer, _) = foreign_call(&server, API_ECHO, &[("authorization", wrong)], b"").await;
        assert_eq!(grpc_status(&answer), "16", "{wrong}");
        assert_eq!(answer["polity-reason"], "access.credential_rejected");
    }
    assert_eq!(probe.calls(), 2);
}

#[tokio::test]
async fn a_client_cannot_bring_its_own_caller() {
    let probe = Arc::new(Probe::default());
    let server = public(&probe);
    let forged = tonic::metadata::MetadataValue::from_bytes(&serde_json::to_vec(&caller()).unwrap());
    let forged = std::str::from_utf8(forged.as_encoded_bytes()).unwrap().to_owned();
    foreign_call(&server, API_ECHO, &[("polity-caller-bin", &forged)], b"").await;
    assert_eq!(probe.callers.lock().unwrap()[0].actor.principal, Principal::Guest);
}

#[tokio::test]
async fn a_clients_metadata_is_honoured() {
    let probe = Arc::new(Probe::default());
    let server = public(&probe);
    let headers = [
        ("x-request-id", "r-7"),
        ("traceparent", TRACE),
        ("idempotency-key", "key 1"),
        ("grpc-timeout", "30S"),
        ("user-agent", "grpcurl"),
    ];
    foreign_call(&server, API_ECHO, &headers, b"").await;
    let seen = probe.callers.lock().unwrap().pop().unwrap();
    assert_eq!((seen.request_id.as_str(), seen.trace.as_deref()), ("r-7", Some(TRACE)));
    assert_eq!(seen.idempotency_key.unwrap().as_str(), "key 1");
    assert_eq!(seen.deadline, Time::from_timestamp(4_630, 0));
    assert!(seen.origin.user_agent.unwrap().contains("grpcurl"));

    foreign_call(&server, API_ECHO, &[("traceparent", "nonsense")], b"").await;
    let seen = probe.callers.lock().unwrap().pop().unwrap();
    assert_eq!((seen.request_id.len(), seen.trace), (36, None));
    assert_eq!(seen.deadline, Time::from_timestamp(4_630, 0), "nobody waits for ever");

    let (answer, _) = foreign_call(&server, API_ECHO, &[("idempotency-key", "")], b"").await;
    assert_eq!((grpc_status(&answer), &answer["polity-reason"]), ("3", &reasons::KEY_MALFORMED.name.parse().unwrap()));
}

#[tokio::test]
async fn any_client_can_read_why_it_was_refused() {
    let probe = Arc::new(Probe::default());
    let server = public(&probe);
    let (answer, _) = foreign_call(&server, "/polity.probe.v1.ProbeApi/Refuse", &[], &[4]).await;
    assert_eq!((grpc_status(&answer), &answer["polity-reason"]), ("9", &"probe.refused".parse().unwrap()));
    let words = answer["grpc-message"].to_str().unwrap();
    assert!(words.starts_with("Nein"), "{words}");
    assert!(!format!("{answer:?}").contains(&refusal(FaultCode::Conflict).chain()));
}

#[tokio::test]
async fn a_clients_timeout_ends_the_work() {
    let probe = Arc::new(Probe::default());
    let access = Access::clients(Arc::new(OnlyAda), ManualClock::at(4_600), Arc::new(SystemIds));
    let mut router = router(services(&probe), access).unwrap();
    let call = http::Request::post("/polity.probe.v1.ProbeApi/Hang")
        .header("content-type", "application/grpc")
        .header("grpc-timeout", "20m")
        .body(axum::body::Body::from(vec![0; 5]))
        .unwrap();
    let answer = tower::Service::call(&mut router, call).await.unwrap();
    assert_eq!(
        (grpc_status(answer.headers()), &answer.headers()["polity-reason"]),
        ("14", &reasons::DEADLINE.name.parse().unwrap())
    );
    probe.left.notified().await;
}

#[tokio::test]
async fn what_is_not_grpc_is_turned_away() {
    let server = public(&Arc::new(Probe::default()));
    let (answer, _) = foreign_call(&server, "/polity.probe.v1.ProbePortal/Echo", &[], b"").await;
    assert!(!answer.contains_key("grpc-status"), "an internal service has no address here");
    let access = Access::clients(Arc::new(OnlyAda), ManualClock::at(4_600), Arc::new(SystemIds));
    let mut router = router(services(&Arc::default()), access).unwrap();
    let form = http::Request::post(API_ECHO).header("content-type", "text/plain").body(axum::body::Body::empty());
    assert_eq!(tower::Service::call(&mut router, form.unwrap()).await.unwrap().status(), 415);
}

#[tokio::test]
async fn a_listener_describes_what_it_serves_and_nothing_else() {
    let probe = Arc::new(Probe::default());
    let (public, guarded) = (public(&probe), guarded(&probe));
    let ours = |names: Vec<String>| names.into_iter().filter(|name| name.contains("probe")).collect::<Vec<_>>();
    assert_eq!(ours(listed(&public).await), [API]);
    assert_eq!(ours(listed(&guarded).await), [API, PORTAL]);
    for (file, known) in [
        ("probe/api.proto", true),
        ("probe/shared.proto", true),
        ("probe/portal.proto", false),
        ("probe/secret.proto", false),
    ] {
        let answer = reflect(&public, MessageRequest::FileByFilename(file.to_owned())).await;
        assert_eq!(answer.is_ok(), known, "{file}");
    }
}

#[tokio::test]
async fn a_listener_says_that_its_services_are_well() {
    let server = public(&Arc::new(Probe::default()));
    let mut health = HealthClient::new(channel(&server));
    for service in ["", API] {
        let answer = health.check(HealthCheckRequest { service: service.to_owned() }).await.unwrap();
        assert_eq!(answer.into_inner().status(), ServingStatus::Serving);
    }
    let unknown = health.check(HealthCheckRequest { service: PORTAL.to_owned() }).await;
    assert_eq!(unknown.unwrap_err().code(), tonic::Code::NotFound);
}

#[tokio::test]
async fn a_service_offered_twice_is_refused_by_name() {
    let mut twice = services(&Arc::default());
    twice.extend(services(&Arc::default()));
    let refused = router(twice, Access::installation(None, ManualClock::at(1_000))).unwrap_err();
    assert!(matches!(refused, OfferError::Twice { service: PORTAL }), "{refused}");
}

fn channel(server: &Server) -> Channel {
    Endpoint::from_shared(server.url()).unwrap().connect_lazy()
}

async fn reflect(server: &Server, question: MessageRequest) -> Result<MessageResponse, tonic::Status> {
    let request = ServerReflectionRequest { host: String::new(), message_request: Some(question) };
    let mut client = ServerReflectionClient::new(channel(server));
    let mut answers = client.server_reflection_info(tokio_stream::once(request)).await?.into_inner();
    Ok(answers.next().await.unwrap()?.message_response.unwrap())
}

/// The names of the services reflection tells of, sorted.
async fn listed(server: &Server) -> Vec<String> {
    let Ok(MessageResponse::ListServicesResponse(list)) =
        reflect(server, MessageRequest::ListServices(String::new())).await
    else {
        return Vec::new();
    };
    let mut names: Vec<String> = list.service.into_iter().map(|service| service.name).collect();
    names.sort();
    names
}
