//! 250 people who log in at once, again and again: how many get in, beside hashing alone, and what it takes in memory.

use crate::driver::{Load, drive};
use crate::row;
use crate::stage::Stage;
use anyhow::anyhow;
use argon2::{Algorithm, Argon2, Params, Version};
use hyper::Method;
use std::time::{Duration, Instant};

const AT_ONCE: usize = 250;
const TIME: Duration = Duration::from_secs(10);
/// What `auth.password_memory_kib`, `auth.password_iterations` and `auth.password_hash_concurrency` are when nobody says.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const HASHERS: usize = 2;

pub(crate) async fn measure(stage: &Stage) -> anyhow::Result<()> {
    let idle = stage.memory_mib()?;
    let load = Load {
        address: stage.polity.clone(),
        method: Method::POST,
        path: "/api/v1/auth/tokens".to_owned(),
        token: String::new(),
        body: Some(r#"{"email":"f@example.org","password":"correct horse battery"}"#.to_owned()),
        may_be_busy: true,
    };
    let ours = drive(&load, AT_ONCE, TIME).await?;
    let bare = tokio::task::spawn_blocking(hashes_per_second).await??;
    let rate = |per_second: f64| format!("{per_second:.0}/s");
    let ratio = ours.per_second / bare;
    row("log-ins, 250 at once (hashing alone beside)", &rate(ours.per_second), &rate(bare), Some(ratio));
    let (p50, p99) = (ours.p50.as_secs_f64(), ours.p99.as_secs_f64());
    row(
        "  p50/p99 of those who got in; told to come back",
        &format!("{p50:.1}/{p99:.1} s"),
        &ours.busy.to_string(),
        None,
    );
    let most = stage.memory_mib()?;
    row("  memory at most (before beside)", &format!("{most} MiB"), &format!("{idle} MiB"), None);
    Ok(())
}

/// As many threads as hash at a time, and nothing else.
fn hashes_per_second() -> anyhow::Result<f64> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|error| anyhow!("{error}"))?;
    let started = Instant::now();
    let hash = || {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        let (mut out, mut count) = ([0; 32], 0_u32);
        while started.elapsed() < TIME {
            argon2.hash_password_into(b"correct horse battery", b"0123456789abcdef", &mut out).ok()?;
            count += 1;
        }
        Some(count)
    };
    let counts: Vec<Option<u32>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..HASHERS).map(|_| scope.spawn(hash)).collect();
        threads.into_iter().map(|thread| thread.join().ok().flatten()).collect()
    });
    let all: Option<u32> = counts.into_iter().sum();
    Ok(f64::from(all.ok_or_else(|| anyhow!("a hash failed"))?) / started.elapsed().as_secs_f64())
}
