//! The suite every engine passes, and a server that goes away.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test reports by failing")]

use async_trait::async_trait;
use engine_postgres::PostgresPubSub;
use kernel::{FaultCode, Heard, PubSub};
use testkit::suites::{PubSubSubject, pub_sub};
use testkit::{EphemeralPostgres, PATIENCE, eventually, postgres};
use tokio::time::timeout;

struct Voices([PostgresPubSub; 2]);

#[async_trait]
impl PubSubSubject for Voices {
    fn pub_sub(&self) -> &dyn PubSub {
        &self.0[0]
    }

    fn second(&self) -> &dyn PubSub {
        &self.0[1]
    }
}

#[tokio::test]
async fn pub_sub_keeps_its_promises() {
    let Some(server) = postgres().await else { return };
    pub_sub(async || {
        let url = server.database("pub_sub").await;
        Voices([(); 2].map(|()| PostgresPubSub::on(&url).unwrap()))
    })
    .await;
}

#[tokio::test]
async fn listener_of_a_stopped_server_is_told_of_the_gap_once_it_is_back() {
    let Some(mut server) = EphemeralPostgres::start().await else { return };
    let voices = PostgresPubSub::on(&server.database("pub_sub").await).unwrap();
    let mut news = voices.subscribe("news").unwrap();
    assert_eq!(news.next().await, Heard::Gap);

    server.stop().await;
    let fault = timeout(PATIENCE, voices.publish("news", "into the void")).await.unwrap().unwrap_err();
    assert_eq!(fault.code, FaultCode::Unavailable, "{fault}");
    server.restart().await;

    assert_eq!(timeout(PATIENCE, news.next()).await.unwrap(), Heard::Gap);
    eventually("it can be said again", async || voices.publish("news", "after").await.is_ok()).await;
    assert_eq!(timeout(PATIENCE, news.next()).await.unwrap(), Heard::Message("after".to_owned()));
}
