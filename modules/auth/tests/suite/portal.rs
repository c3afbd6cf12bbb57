//! What other modules and gRPC clients ask.

use crate::house::{House, PASSWORD};
use auth_contract::{
    FindUserRequest, IdentifyRequest, LogInRequest, MeRequest, RefreshRequest, RegisterRequest, reasons,
};
use kernel::{Actor, Caller, FaultCode, Role, TenantId};
use uuid::Uuid;

fn caller() -> Caller {
    Caller::new(Actor::service(TenantId::FIRST, "forum"), "test")
}

fn identify(kind: &str, credential: &str, tenant: TenantId) -> IdentifyRequest {
    IdentifyRequest {
        credential_kind: kind.to_owned(),
        credential: credential.to_owned(),
        tenant_id: tenant.to_string(),
    }
}

#[tokio::test]
async fn both_credentials_name_the_same_person_and_when_they_proved_it() {
    let house = House::new().await;
    let id = house.register("ada").await.json()["id"].as_str().unwrap().to_owned();
    house.advance(10);
    let (session, (access, refresh)) = (house.log_in("ada").await, house.tokens("ada").await);
    let proved_at = 1_893_456_010_000;
    for (kind, credential) in [("session", &session), ("bearer", &access)] {
        let identity = house.portal.identify(&caller(), identify(kind, credential, TenantId::FIRST)).await.unwrap();
        assert_eq!((identity.user_id.as_str(), identity.handle.as_str()), (id.as_str(), "ada"));
        assert_eq!((identity.display_name.as_str(), identity.authenticated_at_ms), ("ADA", proved_at), "{kind}");
    }
    house.advance(60);
    let refreshed = house.refresh(&refresh).await.json()["access_token"].as_str().unwrap().to_owned();
    let identity = house.portal.identify(&caller(), identify("bearer", &refreshed, TenantId::FIRST)).await.unwrap();
    assert_eq!(identity.authenticated_at_ms, proved_at, "refreshing proves nothing new");
}

#[tokio::test]
async fn credential_is_good_in_its_own_community_alone() {
    let house = House::new().await;
    house.register("ada").await;
    let (session, (access, _)) = (house.log_in("ada").await, house.tokens("ada").await);
    let elsewhere = TenantId(Uuid::from_u128(2));
    for (kind, credential) in [("session", &session), ("bearer", &access), ("session", &access), ("bearer", &session)] {
        let tenant = if kind == "session" && credential == &session || kind == "bearer" && credential == &access {
            elsewhere
        } else {
            TenantId::FIRST
        };
        let fault = house.portal.identify(&caller(), identify(kind, credential, tenant)).await.unwrap_err();
        assert!(fault.is(&kernel::reasons::CREDENTIAL), "{kind}: {fault}");
    }
    let fault = house.portal.identify(&caller(), identify("card", "x", TenantId::FIRST)).await.unwrap_err();
    assert_eq!(fault.code, FaultCode::Invalid);
}

#[tokio::test]
async fn user_is_found_by_id_handle_or_address_in_any_case() {
    let house = House::new().await;
    let id = house.register("ada").await.json()["id"].as_str().unwrap().to_owned();
    let none = FindUserRequest::default();
    for request in [
        FindUserRequest { user_id: Some(id.clone()), ..none.clone() },
        FindUserRequest { handle: Some("ADA".into()), ..none.clone() },
        FindUserRequest { email: Some("Ada@example.org".into()), ..none.clone() },
    ] {
        let card = house.portal.find_user(&caller(), request).await.unwrap();
        assert_eq!((card.user_id.as_str(), card.email.as_str()), (id.as_str(), "ada@example.org"));
    }
    for request in [
        FindUserRequest { user_id: Some(Uuid::from_u128(7).to_string()), ..none.clone() },
        FindUserRequest { handle: Some("not a handle".into()), ..none.clone() },
        FindUserRequest { email: Some("eve@example.org".into()), ..none.clone() },
    ] {
        assert!(house.portal.find_user(&caller(), request).await.unwrap_err().is(&reasons::NO_SUCH_USER));
    }
    let two = FindUserRequest { handle: Some("ada".into()), email: Some("ada@example.org".into()), ..none.clone() };
    for request in [none, two] {
        assert_eq!(house.portal.find_user(&caller(), request).await.unwrap_err().code, FaultCode::Invalid);
    }
}

#[tokio::test]
async fn grpc_clients_register_log_in_refresh_and_ask_who_they_are() {
    let house = House::new().await;
    let guest = Caller::new(Actor::guest(TenantId::FIRST), "test");
    let request = RegisterRequest {
        email: "ada@example.org".into(),
        handle: "ada".into(),
        display_name: "Ada".into(),
        password: PASSWORD.into(),
        invitation: String::new(),
    };
    let card = house.api.register(&guest, request).await.unwrap();
    let log_in = LogInRequest { email: "ada@example.org".into(), password: PASSWORD.into() };
    let tokens = house.api.log_in(&guest, log_in).await.unwrap();
    assert_eq!((tokens.token_type.as_str(), tokens.expires_in_s), ("Bearer", 900));
    let refresh = RefreshRequest { refresh_token: tokens.refresh_token };
    house.api.refresh(&guest, refresh.clone()).await.unwrap();
    assert!(house.api.refresh(&guest, refresh).await.unwrap_err().is(&reasons::REFRESH_REUSED));
    let ada = Actor::user(TenantId::FIRST, card.user_id.parse().unwrap(), Role::Member, "Ada");
    assert_eq!(house.api.me(&Caller::new(ada, "test"), MeRequest {}).await.unwrap(), card);
    assert!(house.api.me(&guest, MeRequest {}).await.unwrap_err().is(&kernel::reasons::LOG_IN));
}
