//! What processes share, as configured: who counts requests, and what carries messages between them.

use anyhow::anyhow;
use engine_memory::{MemoryLimiter, MemoryPubSub};
use engine_postgres::PostgresPubSub;
use engine_redis::{RedisLimiter, RedisPubSub, RedisServers, Topology};
use kernel::{Fault, PubSub, RateLimiter};
use runtime::http::SharedLimiter;
use secrecy::SecretString;
use settings::{DatabaseUrl, Pooler, PubSubEngine, RedisMode, Secret, Settings};
use std::sync::Arc;
use std::time::Duration;

/// Where Redis is; none where there is none.
pub(crate) fn redis(settings: &Settings) -> Option<RedisServers> {
    let redis = &settings.redis;
    let addresses = redis.hosts();
    if addresses.is_empty() {
        return None;
    }
    let secret = |secret: &Option<Secret>| secret.as_ref().map(|secret| SecretString::from(secret.expose()));
    Some(RedisServers {
        topology: match redis.mode {
            RedisMode::Single => Topology::Single,
            RedisMode::Sentinel => Topology::Sentinel { master: redis.sentinel_master.clone() },
            RedisMode::Cluster => Topology::Cluster,
        },
        addresses,
        tls: redis.tls,
        user: redis.user.clone(),
        password: secret(&redis.password),
        sentinel_password: secret(&redis.sentinel_password),
        database: redis.database,
        prefix: redis.prefix.clone(),
        timeout: Duration::from_millis(redis.timeout_ms),
    })
}

/// Who counts requests.
pub(crate) fn limiter(settings: &Settings) -> anyhow::Result<Arc<dyn RateLimiter>> {
    let own: Arc<dyn RateLimiter> = Arc::new(MemoryLimiter::default());
    let Some(servers) = redis(settings) else { return Ok(own) };
    let shared = Arc::new(RedisLimiter::on(&servers).map_err(told)?);
    let patience = Duration::from_millis(settings.redis.limit_timeout_ms);
    Ok(Arc::new(SharedLimiter::new(shared, own, patience)))
}

/// What carries messages between processes.
pub(crate) fn pub_sub(settings: &Settings) -> anyhow::Result<Arc<dyn PubSub>> {
    match (settings.pubsub.engine, redis(settings)) {
        (PubSubEngine::Auto | PubSubEngine::Redis, Some(servers)) => {
            Ok(Arc::new(RedisPubSub::on(&servers).map_err(told)?))
        }
        (PubSubEngine::Auto | PubSubEngine::Postgresql, _) => match shared_postgres(settings) {
            Some(url) => Ok(Arc::new(PostgresPubSub::on(url.expose()).map_err(told)?)),
            None => Ok(Arc::new(MemoryPubSub::default())),
        },
        (PubSubEngine::Redis | PubSubEngine::Memory, _) => Ok(Arc::new(MemoryPubSub::default())),
    }
}

/// The database that every process of the installation knows, where it can be listened to.
fn shared_postgres(settings: &Settings) -> Option<&DatabaseUrl> {
    let listens = |url: &&DatabaseUrl| url.is_postgres() && settings.store.pooler == Pooler::Session;
    settings.store.url.as_ref().filter(listens)
}

fn told(fault: Fault) -> anyhow::Error {
    anyhow!("what processes share: {}", fault.told())
}
