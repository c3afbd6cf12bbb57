//! What processes share, on every way Redis is run: one server, a master with sentinels, a cluster of three.
//!
//! What may not enter: tasks.

use async_trait::async_trait;
use engine_redis::{RedisLimiter, RedisPubSub, RedisServers, Topology};
use kernel::{Heard, Ids, PubSub, Quota, RateLimiter, SystemIds};
use std::time::Duration;
use testkit::suites::{PubSubSubject, RateLimiterSubject, pub_sub, rate_limiter};
use testkit::{EphemeralRedis, PATIENCE, RedisCluster, RedisNode, RedisServer, SentinelSet, eventually, redis};
use tokio::time::timeout;

/// One server as the engine is told of it.
fn of(server: &RedisServer) -> RedisServers {
    let address = server.url().trim_start_matches("redis://");
    let (host, port) = address.split_once(':').unwrap();
    RedisServers::single(host, port.parse().unwrap())
}

fn among(nodes: &[RedisNode], topology: Topology) -> RedisServers {
    let addresses = nodes.iter().map(|node| ("127.0.0.1".to_owned(), node.port())).collect();
    RedisServers { topology, addresses, ..RedisServers::single("127.0.0.1", 1) }
}

fn of_cluster(cluster: &RedisCluster) -> RedisServers {
    among(&cluster.nodes, Topology::Cluster)
}

fn of_sentinels(set: &SentinelSet) -> RedisServers {
    among(&set.sentinels, Topology::Sentinel { master: set.master().to_owned() })
}

/// The same servers under names that nobody else uses.
fn fresh(servers: &RedisServers) -> RedisServers {
    RedisServers { prefix: format!("test_{}", SystemIds.next().simple()), ..servers.clone() }
}

struct Limits([RedisLimiter; 2]);

#[async_trait]
impl RateLimiterSubject for Limits {
    fn limiter(&self) -> &dyn RateLimiter {
        &self.0[0]
    }

    fn second(&self) -> &dyn RateLimiter {
        &self.0[1]
    }
}

struct Voices([RedisPubSub; 2]);

#[async_trait]
impl PubSubSubject for Voices {
    fn pub_sub(&self) -> &dyn PubSub {
        &self.0[0]
    }

    fn second(&self) -> &dyn PubSub {
        &self.0[1]
    }
}

async fn every_suite(servers: &RedisServers) {
    rate_limiter(async || {
        let servers = fresh(servers);
        Limits([(); 2].map(|()| RedisLimiter::on(&servers).unwrap()))
    })
    .await;
    pub_sub(async || {
        let servers = fresh(servers);
        Voices([(); 2].map(|()| RedisPubSub::on(&servers).unwrap()))
    })
    .await;
}

#[tokio::test]
async fn promises_are_kept_on_one_server() {
    let Some(server) = redis().await else { return };
    every_suite(&of(server)).await;
}

#[tokio::test]
async fn promises_are_kept_on_a_cluster_of_three() {
    let Some(cluster) = RedisCluster::start().await else { return };
    every_suite(&of_cluster(&cluster)).await;
}

#[tokio::test]
async fn promises_are_kept_behind_sentinels() {
    let Some(set) = SentinelSet::start().await else { return };
    every_suite(&of_sentinels(&set)).await;
}

#[tokio::test]
async fn limits_and_listeners_follow_the_master_when_it_moves() {
    let Some(set) = SentinelSet::start().await else { return };
    let servers = fresh(&of_sentinels(&set));
    let (limiter, voices) = (RedisLimiter::on(&servers).unwrap(), RedisPubSub::on(&servers).unwrap());
    let quota = Quota::new(1, Duration::from_secs(3_600), 2);
    assert!(limiter.check("a", &quota).await.unwrap().allowed);
    let mut news = voices.subscribe("news").unwrap();
    assert_eq!(news.next().await, Heard::Gap);

    set.servers[0].kill().await;
    eventually("the replica answers as the master", async || limiter.check("b", &quota).await.is_ok()).await;
    let heard = timeout(PATIENCE * 3, news.next()).await.expect("the listener is connected again");
    assert_eq!(heard, Heard::Gap, "and is told that it missed something");
    voices.publish("news", "after").await.unwrap();
    assert_eq!(timeout(PATIENCE, news.next()).await.unwrap(), Heard::Message("after".to_owned()));
}

#[tokio::test]
async fn killed_server_is_a_fault_and_a_returned_one_goes_on() {
    let Some(mut server) = EphemeralRedis::start(&[]).await else { return };
    let servers = fresh(&of(&server));
    let (limiter, voices) = (RedisLimiter::on(&servers).unwrap(), RedisPubSub::on(&servers).unwrap());
    let quota = Quota::new(1, Duration::from_secs(3_600), 1);
    assert!(limiter.check("a", &quota).await.unwrap().allowed);
    let mut news = voices.subscribe("news").unwrap();
    assert_eq!(news.next().await, Heard::Gap);

    server.stop().await;
    let fault = timeout(PATIENCE, limiter.check("a", &quota)).await.expect("a check ends").unwrap_err();
    assert_eq!(fault.code, kernel::FaultCode::Unavailable, "{fault}");
    assert!(timeout(PATIENCE, voices.publish("news", "into the void")).await.unwrap().is_err());
    server.restart().await;

    assert_eq!(timeout(PATIENCE, news.next()).await.unwrap(), Heard::Gap);
    eventually("limits are answered again", async || limiter.check("b", &quota).await.is_ok()).await;
    assert!(!limiter.check("a", &quota).await.unwrap().allowed, "what Redis wrote down it still knows");
    voices.publish("news", "after").await.unwrap();
    assert_eq!(timeout(PATIENCE, news.next()).await.unwrap(), Heard::Message("after".to_owned()));
}

#[tokio::test]
async fn nobody_need_answer_when_it_begins() {
    let servers = RedisServers { timeout: Duration::from_millis(200), ..RedisServers::single("127.0.0.1", 1) };
    let everything = [
        servers.clone(),
        RedisServers { topology: Topology::Cluster, ..servers.clone() },
        RedisServers { topology: Topology::Sentinel { master: "mymaster".to_owned() }, ..servers },
    ];
    for servers in everything {
        let limiter = RedisLimiter::on(&servers).unwrap();
        let asked = timeout(PATIENCE, limiter.check("a", &Quota::per_minute(1, 1))).await;
        assert!(asked.expect("a check ends").is_err(), "{:?}", servers.topology);
    }
}
