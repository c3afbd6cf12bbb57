//! What a portal call costs in this process and over the wire, beside the plain call; and what a decision costs.

use crate::row;
use async_trait::async_trait;
use auth_contract::{AuthPortal, FindUserRequest, IdentifyRequest, Identity, NoteUseReply, NoteUseRequest, UserCard};
use kernel::{
    Actor, Attribute, Caller, Contract, DecisionPoint, Fault, Late, Question, Resource, Role, SystemClock, TenantId,
    UserId,
};
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Answers at once, so that only the way there is measured.
struct Instantly;

impl Instantly {
    async fn plain(&self, request: IdentifyRequest) -> Result<Identity, Fault> {
        Ok(Identity { user_id: request.credential, ..Identity::default() })
    }
}

#[async_trait]
impl AuthPortal for Instantly {
    async fn identify(&self, _: &Caller, request: IdentifyRequest) -> Result<Identity, Fault> {
        self.plain(request).await
    }

    async fn note_use(&self, _: &Caller, _: NoteUseRequest) -> Result<NoteUseReply, Fault> {
        Ok(NoteUseReply {})
    }

    async fn find_user(&self, _: &Caller, _: FindUserRequest) -> Result<UserCard, Fault> {
        Ok(UserCard::default())
    }
}

fn request() -> IdentifyRequest {
    IdentifyRequest {
        credential_kind: "session".to_owned(),
        credential: "0123456789abcdef".to_owned(),
        tenant_id: TenantId::FIRST.to_string(),
    }
}

pub(crate) async fn measure() -> anyhow::Result<()> {
    let caller = Caller::new(Actor::service(TenantId::FIRST, "bench"), "bench");
    let portal = Instantly;
    let plain = timed(200_000, async || portal.plain(black_box(request())).await.map(drop)).await?;
    let local: Late<dyn AuthPortal> = Late::ready(Arc::new(Instantly));
    let near = timed(200_000, async || local.get().identify(&caller, black_box(request())).await.map(drop)).await?;
    row("portal call in process (plain call beside)", &micros(near), &micros(plain), Some(ratio(near, plain)));
    let remote = remote().await?;
    let far = timed(5_000, async || remote.identify(&caller, black_box(request())).await.map(drop)).await?;
    row("portal call over gRPC (in process beside)", &micros(far), &micros(near), Some(ratio(far, near)));
    decisions()
}

async fn remote() -> anyhow::Result<Arc<dyn AuthPortal>> {
    let service = <dyn AuthPortal>::service(Arc::new(Instantly));
    let access = wire::Access::installation(None, Arc::new(SystemClock));
    let router = wire::router(vec![service], access)?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let listener = axum::serve::ListenerExt::tap_io(listener, |io| drop(io.set_nodelay(true)));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let target = wire::Target {
        name: "auth".to_owned(),
        addresses: vec![format!("http://{address}")],
        ..wire::Target::default()
    };
    let transport = wire::GrpcTransport::new(&target, wire::Resilience::default(), Arc::new(SystemClock))?;
    Ok(<dyn AuthPortal>::remote(transport))
}

/// One decision by the shipped policies.
fn decisions() -> anyhow::Result<()> {
    const TIMES: usize = 20_000;
    let engine = polity::decisions()?;
    let author = UserId(Uuid::from_u128(7));
    let caller = Caller::new(Actor::user(TenantId::FIRST, author, Role::Member, "Bench"), "bench");
    let resource = Resource::new("Post", Uuid::from_u128(9), TenantId::FIRST).with("author", Attribute::User(author));
    let operation = polity::MODULES
        .iter()
        .flat_map(|module| module.operations)
        .find(|operation| operation.id == "forum.edit_post")
        .ok_or_else(|| anyhow::anyhow!("forum.edit_post is gone"))?;
    let mut took = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let started = Instant::now();
        black_box(engine.decide(Question { caller: &caller, operation, resource: &resource }));
        took.push(started.elapsed());
    }
    took.sort_unstable();
    row("one decision p50, p99 (limit 100 µs)", &micros(took[TIMES / 2]), &micros(took[TIMES * 99 / 100]), None);
    Ok(())
}

/// The mean time of one call.
async fn timed(times: u32, mut call: impl AsyncFnMut() -> Result<(), Fault>) -> anyhow::Result<Duration> {
    for _ in 0..times / 10 {
        call().await?;
    }
    let started = Instant::now();
    for _ in 0..times {
        call().await?;
    }
    Ok(started.elapsed() / times)
}

fn micros(time: Duration) -> String {
    format!("{:.2} µs", time.as_secs_f64() * 1e6)
}

fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64()
}
