//! Logging in with an API client: access tokens, refresh tokens, and what happens when one is stolen.

use crate::house::{House, PASSWORD, pair};
use axum::http::{StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::{Value, json};

async fn ada() -> House {
    let house = House::new().await;
    assert_eq!(house.register("ada").await.status, StatusCode::CREATED);
    house
}

async fn me(house: &House, access: &str) -> StatusCode {
    house.get("/api/v1/auth/me").bearer(access).send().await.status
}

#[tokio::test]
async fn tokens_open_the_door() {
    let house = ada().await;
    let body = json!({ "email": "ADA@example.org", "password": PASSWORD });
    let issued = house.post("/api/v1/auth/tokens").json(body).await;
    assert_eq!((issued.status, issued.header(header::CACHE_CONTROL)), (StatusCode::OK, "no-store"));
    assert_eq!((&issued.json()["token_type"], &issued.json()["expires_in_s"]), (&json!("Bearer"), &json!(900)));
    let me = house.get("/api/v1/auth/me").bearer(&pair(&issued).0).send().await.json();
    assert_eq!(
        (&me["handle"], &me["email"], &me["role"]),
        (&json!("ada"), &json!("ada@example.org"), &json!("member"))
    );
}

#[tokio::test]
async fn published_key_proves_what_a_token_says() {
    let house = ada().await;
    let (access, _) = house.tokens("ada").await;
    let published = house.get("/.well-known/jwks.json").send().await;
    let key = published.json()["keys"][0].clone();
    let parts: Vec<_> = access.split('.').collect();
    let read = |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    let (header, claims) = (read(parts[0]), read(parts[1]));
    assert_eq!((&header["alg"], &header["kid"]), (&json!("EdDSA"), &key["kid"]));
    assert_eq!((&key["kty"], &key["crv"], &key["use"]), (&json!("OKP"), &json!("Ed25519"), &json!("sig")));
    assert!(key.get("d").is_none(), "the private half stays here");
    let public = URL_SAFE_NO_PAD.decode(key["x"].as_str().unwrap()).unwrap();
    let (message, signature) = (format!("{}.{}", parts[0], parts[1]), URL_SAFE_NO_PAD.decode(parts[2]).unwrap());
    UnparsedPublicKey::new(&ED25519, public).verify(message.as_bytes(), &signature).unwrap();
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!("http://polity.example"), &json!("polity")));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 900);
    assert_eq!((&claims["handle"], &claims["name"]), (&json!("ada"), &json!("ADA")));
    for claim in ["sub", "sid", "jti", "tenant"] {
        assert_eq!(claims[claim].as_str().unwrap().len(), 36, "{claim}");
    }
}

#[tokio::test]
async fn wrong_password_and_unknown_address_get_the_same_answer() {
    let house = ada().await;
    let mut answers = Vec::new();
    for (email, password) in
        [("ada@example.org", "wrong horse battery"), ("eve@example.org", PASSWORD), ("no address", PASSWORD)]
    {
        let refused = house.post("/api/v1/auth/tokens").json(json!({ "email": email, "password": password })).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
        let mut problem = refused.json();
        problem["request_id"] = json!(null);
        answers.push(problem);
    }
    assert_eq!(answers[0]["reason"], "auth.credentials_rejected");
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[tokio::test]
async fn access_token_ends_by_itself_and_refreshing_goes_on() {
    let house = ada().await;
    let (access, refresh) = house.tokens("ada").await;
    house.advance(929);
    assert_eq!(me(&house, &access).await, StatusCode::OK, "clocks differ a little");
    house.advance(1);
    let expired = house.get("/api/v1/auth/me").bearer(&access).send().await;
    assert_eq!((expired.status, expired.reason().as_str()), (StatusCode::UNAUTHORIZED, "access.credential_rejected"));
    let (access, _) = pair(&house.refresh(&refresh).await);
    assert_eq!(me(&house, &access).await, StatusCode::OK);
}

#[tokio::test]
async fn stolen_refresh_token_ends_the_log_in_for_both() {
    let house = ada().await;
    let (other_access, other_refresh) = house.tokens("ada").await;
    let (_, stolen) = house.tokens("ada").await;
    let (access, refresh) = pair(&house.refresh(&stolen).await);
    assert_eq!(me(&house, &access).await, StatusCode::OK);
    let thief = house.refresh(&stolen).await;
    assert_eq!((thief.status, thief.reason().as_str()), (StatusCode::UNAUTHORIZED, "auth.refresh_reused"));
    let owner = house.refresh(&refresh).await;
    assert_eq!((owner.status, owner.reason().as_str()), (StatusCode::UNAUTHORIZED, "auth.refresh_rejected"));
    assert_eq!(me(&house, &access).await, StatusCode::UNAUTHORIZED, "the access token dies at once");
    assert_eq!(me(&house, &other_access).await, StatusCode::OK, "another log-in is not concerned");
    assert_eq!(house.refresh(&other_refresh).await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_refreshes_at_once_one_is_a_theft() {
    let house = ada().await;
    let (_, refresh) = house.tokens("ada").await;
    let (one, other) = tokio::join!(house.refresh(&refresh), house.refresh(&refresh));
    let (won, lost) = if one.status == StatusCode::OK { (one, other) } else { (other, one) };
    assert_eq!((won.status, lost.reason().as_str()), (StatusCode::OK, "auth.refresh_reused"));
    assert_eq!(house.refresh(&pair(&won).1).await.reason(), "auth.refresh_rejected");
}

#[tokio::test]
async fn refresh_token_has_an_end() {
    let house = ada().await;
    let (_, refresh) = house.tokens("ada").await;
    house.advance(30 * 24 * 3_600);
    assert_eq!(house.refresh(&refresh).await.reason(), "auth.refresh_rejected");
    assert_eq!(house.refresh("made up").await.reason(), "auth.refresh_rejected");
}

#[tokio::test]
async fn tokens_are_not_kept_for_a_retry() {
    let house = ada().await;
    let body = json!({ "email": "ada@example.org", "password": PASSWORD });
    let ask = || house.post("/api/v1/auth/tokens").header("idempotency-key", "k1").json(body.clone());
    assert_ne!(pair(&ask().await).1, pair(&ask().await).1);
}

#[tokio::test]
async fn ended_log_in_takes_its_tokens_with_it() {
    let house = ada().await;
    let (access, refresh) = house.tokens("ada").await;
    let list = house.get("/api/v1/auth/sessions").bearer(&access).send().await.json();
    assert_eq!((&list["items"][0]["kind"], &list["items"][0]["current"]), (&json!("api"), &json!(true)));
    let path = format!("/api/v1/auth/sessions/{}", list["items"][0]["id"].as_str().unwrap());
    assert_eq!(house.ask("DELETE", &path).bearer(&access).send().await.status, StatusCode::NO_CONTENT);
    assert_eq!(me(&house, &access).await, StatusCode::UNAUTHORIZED);
    assert_eq!(house.refresh(&refresh).await.reason(), "auth.refresh_rejected");
}

#[tokio::test]
async fn what_is_no_token_is_rejected() {
    let house = ada().await;
    for token in ["", "x", "a.b.c", &"A".repeat(5_000)] {
        let refused = house.get("/api/v1/auth/me").bearer(token).send().await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
        assert_eq!(refused.reason(), "access.credential_rejected");
    }
    let guest = house.get("/api/v1/auth/me").send().await;
    assert_eq!((guest.status, guest.reason().as_str()), (StatusCode::UNAUTHORIZED, "access.log_in"));
}
