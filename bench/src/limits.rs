//! What counting one request costs: in this process, and on a Redis of this machine where one is installed.

use crate::row;
use engine_memory::MemoryLimiter;
use engine_redis::{RedisLimiter, RedisServers};
use kernel::{Quota, RateLimiter};
use std::hint::black_box;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};

/// Different clients.
const KEYS: usize = 1_000;

pub(crate) async fn measure() -> anyhow::Result<()> {
    let near = p50_and_p99(&MemoryLimiter::default(), 200_000).await?;
    row("one request counted in process, p50 and p99", &micros(near.0), &micros(near.1), None);
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let Ok(_server) = redis(port) else {
        row("one request counted on Redis", "no Redis", "–", None);
        return Ok(());
    };
    let limiter = RedisLimiter::on(&RedisServers::single("127.0.0.1", port))?;
    let until = Instant::now() + Duration::from_secs(10);
    while limiter.check("warm", &quota()).await.is_err() && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let far = p50_and_p99(&limiter, 20_000).await?;
    row("one request counted on Redis, p50 and p99", &micros(far.0), &micros(far.1), None);
    let ratio = far.0.as_secs_f64() / near.0.as_secs_f64();
    row("  p50 on Redis (in process beside)", &micros(far.0), &micros(near.0), Some(ratio));
    Ok(())
}

fn redis(port: u16) -> std::io::Result<Child> {
    let mut server = Command::new("redis-server");
    server.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
    server.stdout(Stdio::null()).kill_on_drop(true).spawn()
}

fn quota() -> Quota {
    Quota::per_minute(600, 120)
}

/// One after the other, as a request waits for it.
async fn p50_and_p99(limiter: &dyn RateLimiter, times: usize) -> anyhow::Result<(Duration, Duration)> {
    let keys: Vec<String> = (0..KEYS).map(|number| format!("http:address:192.0.{number}")).collect();
    let mut took = Vec::with_capacity(times);
    for nth in 0..times {
        let started = Instant::now();
        black_box(limiter.check(&keys[nth % KEYS], &quota()).await?);
        took.push(started.elapsed());
    }
    took.sort_unstable();
    Ok((took[times / 2], took[times * 99 / 100]))
}

fn micros(time: Duration) -> String {
    format!("{:.2} µs", time.as_secs_f64() * 1e6)
}
