//! The portal at both distances: one suite, over the module itself and over an encoded wire. Nothing about what auth
//! decides is tested here, only that its answers arrive.

#![allow(clippy::unwrap_used, reason = "the lint's exemption for tests does not reach the fakes beside them")]

use auth_contract::{
    AuthApi, AuthPortal, FindUserRequest, IdentifyRequest, Identity, NoteUseReply, NoteUseRequest, UserCard, reasons,
};
use kernel::{Actor, Caller, Contract, Fault, FaultCode, Method, PortalService, Serve, TenantId, Transport};
use prost::Message;
use std::sync::{Arc, Mutex};

/// Knows one credential and one user, and remembers who asked.
#[derive(Default)]
struct FakeAuth {
    callers: Mutex<Vec<Caller>>,
}

#[async_trait::async_trait]
impl AuthPortal for FakeAuth {
    async fn identify(&self, caller: &Caller, request: IdentifyRequest) -> Result<Identity, Fault> {
        self.callers.lock().unwrap().push(caller.clone());
        if request.credential != "right" {
            return Err(kernel::reasons::CREDENTIAL.fault().detail("That one is wrong."));
        }
        Ok(Identity { user_id: "ada".into(), authenticated_at_ms: 17, ..Identity::default() })
    }

    async fn note_use(&self, _: &Caller, _: NoteUseRequest) -> Result<NoteUseReply, Fault> {
        Ok(NoteUseReply {})
    }

    async fn find_user(&self, _: &Caller, request: FindUserRequest) -> Result<UserCard, Fault> {
        match request.handle.as_deref() {
            Some("ada") => Ok(UserCard { user_id: "ada".into(), handle: "ada".into(), ..UserCard::default() }),
            _ => Err(reasons::NO_SUCH_USER.fault()),
        }
    }
}

/// A process boundary without a process: the caller crosses in its JSON form, and the methods called are noted.
struct Wire {
    server: Arc<dyn Serve>,
    called: Mutex<Vec<&'static Method>>,
}

#[async_trait::async_trait]
impl Transport for Wire {
    async fn call(&self, method: &'static Method, caller: &Caller, request: Vec<u8>) -> Result<Vec<u8>, Fault> {
        self.called.lock().unwrap().push(method);
        let caller = serde_json::from_value(serde_json::to_value(caller).unwrap()).unwrap();
        self.server.serve(method.name, caller, &request).await
    }
}

/// Answers every call with the same bytes.
struct Parrot(Vec<u8>);

#[async_trait::async_trait]
impl Transport for Parrot {
    async fn call(&self, _: &'static Method, _: &Caller, _: Vec<u8>) -> Result<Vec<u8>, Fault> {
        Ok(self.0.clone())
    }
}

fn caller() -> Caller {
    let mut caller = Caller::new(Actor::service(TenantId::FIRST, "forum"), "request-1");
    caller.trace = Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into());
    caller
}

fn service(auth: Arc<FakeAuth>) -> PortalService {
    <dyn AuthPortal>::service(auth)
}

fn wire(auth: Arc<FakeAuth>) -> Arc<Wire> {
    Arc::new(Wire { server: service(auth).server, called: Mutex::default() })
}

fn identify(credential: &str) -> IdentifyRequest {
    IdentifyRequest { credential_kind: "bearer".into(), credential: credential.into(), tenant_id: String::new() }
}

fn both_distances() -> [Arc<dyn AuthPortal>; 2] {
    [Arc::new(FakeAuth::default()), <dyn AuthPortal>::remote(wire(Arc::default()))]
}

#[tokio::test]
async fn the_same_answer_arrives_from_either_distance() {
    for portal in both_distances() {
        let identity = portal.identify(&caller(), identify("right")).await.unwrap();
        assert_eq!(identity, Identity { user_id: "ada".into(), authenticated_at_ms: 17, ..Identity::default() });
        let by_handle = FindUserRequest { handle: Some("ada".into()), ..FindUserRequest::default() };
        assert_eq!(portal.find_user(&caller(), by_handle).await.unwrap().handle, "ada");
    }
}

#[tokio::test]
async fn the_same_fault_arrives_from_either_distance() {
    for portal in both_distances() {
        let fault = portal.identify(&caller(), identify("wrong")).await.unwrap_err();
        assert!(fault.is(&kernel::reasons::CREDENTIAL));
        assert_eq!((fault.code, fault.detail.as_str()), (FaultCode::Unauthenticated, "That one is wrong."));
        let fault = portal.find_user(&caller(), FindUserRequest::default()).await.unwrap_err();
        assert!(fault.is(&reasons::NO_SUCH_USER));
    }
}

#[tokio::test]
async fn the_caller_crosses_with_the_call() {
    let auth = Arc::new(FakeAuth::default());
    let portal = <dyn AuthPortal>::remote(wire(Arc::clone(&auth)));
    portal.identify(&caller(), identify("right")).await.unwrap();
    let seen = auth.callers.lock().unwrap();
    assert_eq!(serde_json::to_value(&seen[0]).unwrap(), serde_json::to_value(caller()).unwrap());
}

#[tokio::test]
async fn the_transport_learns_which_method_of_which_service_is_called() {
    let wire = wire(Arc::default());
    let portal = <dyn AuthPortal>::remote(Arc::clone(&wire) as Arc<dyn Transport>);
    portal.find_user(&caller(), FindUserRequest::default()).await.unwrap_err();
    let expected = Method { service: "polity.auth.v1.AuthPortal", name: "FindUser", idempotent: true };
    assert_eq!(*wire.called.lock().unwrap(), [&expected]);
}

#[tokio::test]
async fn an_unknown_method_is_invalid_and_is_named() {
    let fault = service(Arc::default()).server.serve("Forget", caller(), &[]).await.unwrap_err();
    assert_eq!(fault.code, FaultCode::Invalid);
    assert!(fault.detail.contains("Forget"), "{fault}");
}

#[tokio::test]
async fn garbage_is_invalid_and_never_reaches_the_module() {
    let auth = Arc::new(FakeAuth::default());
    let fault = service(Arc::clone(&auth)).server.serve("Identify", caller(), &[0xff, 0xff]).await.unwrap_err();
    assert!(fault.is(&kernel::reasons::MALFORMED));
    assert_eq!(fault.code, FaultCode::Invalid);
    assert!(auth.callers.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_reply_that_cannot_be_read_is_internal() {
    let portal = <dyn AuthPortal>::remote(Arc::new(Parrot(vec![0xff, 0xff])));
    let fault = portal.identify(&caller(), identify("right")).await.unwrap_err();
    assert_eq!(fault.code, FaultCode::Internal);
    assert!(!fault.chain().is_empty());
}

#[test]
fn the_portal_is_private_and_says_what_it_is() {
    let service = service(Arc::default());
    assert_eq!((service.name, service.public), ("polity.auth.v1.AuthPortal", false));
    assert_eq!(<dyn AuthPortal as Contract>::MODULE, "auth");
    assert_eq!(<dyn AuthApi as Contract>::MODULE, "auth");
    let names: Vec<_> = service.methods.iter().map(|method| method.name).collect();
    assert_eq!(names, ["Identify", "NoteUse", "FindUser"]);
}

#[test]
fn the_descriptor_holds_every_file_with_its_comments() {
    let files = prost_types::FileDescriptorSet::decode(service(Arc::default()).descriptor).unwrap().file;
    let names: Vec<_> = files.iter().map(|file| file.name()).collect();
    for name in ["user", "portal", "api", "events"] {
        assert!(names.contains(&format!("polity/auth/v1/{name}.proto").as_str()), "{names:?}");
    }
    let has_comments = |file: &prost_types::FileDescriptorProto| {
        file.source_code_info.iter().flat_map(|info| &info.location).any(|place| place.leading_comments.is_some())
    };
    assert!(files.iter().all(has_comments));
}
