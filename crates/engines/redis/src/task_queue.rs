//! The task queue on Redis.
//!
//! What may not enter: what a task does, and promises that hold only while Redis keeps its data.

use crate::link::{Link, fault};
use crate::scripts::Scripts;
use crate::shapes::{self, Ended, micros};
use crate::wake::{BLOCK, Wake};
use async_trait::async_trait;
use kernel::{
    Beat, Claim, Claimed, Clock, Enqueued, Fault, Ids, NewTask, Progress, QueueSettings, Settlement, TaskOrigin,
    TaskQueue, Time,
};
use redis::{FromRedisValue, Script, ScriptInvocation};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use uuid::Uuid;

/// Ephemeral tasks of one module, kept in Redis or Valkey. See the crate's README for what that means.
pub struct RedisTaskQueue {
    link: Link,
    base: String,
    wake: Wake,
    scripts: Scripts,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    claims: Mutex<Claims>,
}

/// The claims of this process. An answer that never came may stand for tasks that are held and that nobody knows of:
/// the next claim names the first such one, and what it and those after it took goes back.
#[derive(Default)]
struct Claims {
    last: u64,
    unheard: HashMap<(Uuid, String), u64>,
}

impl Claims {
    /// Nothing is held any more by a holder that is not known.
    fn forget(&mut self, holder: Uuid) {
        self.unheard.retain(|(of, _), _| *of != holder);
    }
}

impl RedisTaskQueue {
    /// The tasks of `module` on the server at `url`, as `redis://user:password@host:port/database`; several URLs with
    /// commas in between name nodes of one cluster. One server need not answer yet, a cluster must. A holder claims
    /// through one such handle.
    ///
    /// # Errors
    /// `Internal` when it is no such URL; `Unavailable` when a cluster does not answer.
    pub async fn connect(url: &str, module: &str, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Result<Self, Fault> {
        let base = format!("{{polity:{module}}}:");
        let wake = Wake::new(Link::open_to_wait(url, BLOCK).await?, format!("{base}wake"));
        let (link, scripts) = (Link::open(url).await?, Scripts::new());
        Ok(Self { link, base, wake, scripts, clock, ids, claims: Mutex::default() })
    }

    /// Sets how much of a queue may run.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn tune(&self, settings: &QueueSettings) -> Result<(), Fault> {
        let mut call = self.call(&self.scripts.tune, self.clock.now());
        self.ask::<i64>(call.arg(&shapes::setting_words(settings))).await.map(drop)
    }

    /// Stops a task: one that waits at once, one that runs as soon as it listens. False when there is no such task.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn cancel(&self, task: Uuid) -> Result<bool, Fault> {
        let mut call = self.call(&self.scripts.cancel, self.clock.now());
        Ok(self.ask::<i64>(call.arg(task.to_string())).await? == 1)
    }

    /// How a task ended, as long as that is kept: results for an hour, dead letters for a week, and nothing of a task
    /// that was done without a result.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn ended(&self, task: Uuid) -> Result<Option<Ended>, Fault> {
        let mut read = redis::cmd("HGETALL");
        read.arg(format!("{}e:{task}", self.base));
        Ended::read(read.query_async(&mut self.link.clone()).await.map_err(fault)?)
    }

    fn call<'a>(&self, script: &'a Script, now: Time) -> ScriptInvocation<'a> {
        let mut call = script.key(&self.base);
        call.arg(micros(now));
        call
    }

    async fn ask<T: FromRedisValue>(&self, call: &ScriptInvocation<'_>) -> Result<T, Fault> {
        call.invoke_async(&mut self.link.clone()).await.map_err(fault)
    }
}

#[async_trait]
impl TaskQueue for RedisTaskQueue {
    async fn enqueue(&self, origin: &TaskOrigin, tasks: Vec<NewTask>) -> Result<Vec<Enqueued>, Fault> {
        tasks.iter().try_for_each(shapes::check)?;
        if tasks.is_empty() {
            return Ok(Vec::new());
        }
        let now = self.clock.now();
        let mut call = self.call(&self.scripts.enqueue, now);
        let mut ids = Vec::with_capacity(tasks.len());
        for task in tasks {
            let id = self.ids.next();
            call.arg(&shapes::enqueueing(id, task, origin, now)?);
            ids.push(id);
        }
        shapes::enqueued(&ids, &self.ask::<Vec<String>>(&call).await?)
    }

    async fn join(&self, holder: Uuid, _: &str, queues: &[&str]) -> Result<(), Fault> {
        // Names are for desks, and there is none.
        let mut call = self.call(&self.scripts.join, self.clock.now());
        self.ask::<i64>(call.arg(holder.to_string()).arg(queues)).await.map(drop)
    }

    async fn beat(&self, holder: Uuid) -> Result<Beat, Fault> {
        let mut call = self.call(&self.scripts.beat, self.clock.now());
        let answer = self.ask(call.arg(holder.to_string())).await?;
        let (alive, cancelled, holders): (i64, Vec<String>, Vec<(String, i64)>) = answer;
        if alive == 0 {
            self.claims.lock().await.forget(holder);
        }
        let id = |text: &str| text.parse::<Uuid>().map_err(Fault::internal);
        let cancelled = cancelled.iter().map(|task| id(task)).collect::<Result<_, _>>()?;
        let mut others = Vec::with_capacity(holders.len());
        for (other, beats) in holders {
            others.push((id(&other)?, beats));
        }
        others.retain(|(other, _)| *other != holder);
        Ok(Beat { alive: alive == 1, cancelled, others })
    }

    async fn leave(&self, holder: Uuid) -> Result<u64, Fault> {
        let mut call = self.call(&self.scripts.forget, self.clock.now());
        let count = self.ask(call.arg(holder.to_string())).await?;
        self.claims.lock().await.forget(holder);
        Ok(count)
    }

    async fn rescue(&self, holder: Uuid, beats: i64) -> Result<u64, Fault> {
        let mut call = self.call(&self.scripts.forget, self.clock.now());
        self.ask(call.arg(holder.to_string()).arg(beats)).await
    }

    async fn queues(&self) -> Result<Vec<QueueSettings>, Fault> {
        let call = self.call(&self.scripts.queues, self.clock.now());
        shapes::settings(&self.ask::<Vec<String>>(&call).await?)
    }

    async fn claim(&self, holder: Uuid, queue: &str, want: usize) -> Result<Claim, Fault> {
        let mut claims = self.claims.lock().await;
        claims.last += 1;
        let number = claims.last;
        // Said before it is asked: whoever stops waiting for the answer cannot say it any more.
        let unheard = *claims.unheard.entry((holder, queue.to_owned())).or_insert(number);
        let now = self.clock.now();
        let mut call = self.call(&self.scripts.claim, now);
        call.arg(holder.to_string()).arg(queue).arg(want).arg(number).arg(unheard);
        let answer: Vec<String> = self.ask(&call).await?;
        claims.unheard.remove(&(holder, queue.to_owned()));
        shapes::claim(&answer, now)
    }

    async fn keep_only(&self, holder: Uuid, known: &[(Uuid, i32)]) -> Result<u64, Fault> {
        // A claim that is still on its way is given back by the next one, which names it.
        let mut call = self.call(&self.scripts.keep, self.clock.now());
        call.arg(holder.to_string());
        for (task, token) in known {
            call.arg(task.to_string()).arg(token);
        }
        self.ask(&call).await
    }

    async fn settle(&self, holder: Uuid, ends: &[Settlement]) -> Result<Vec<bool>, Fault> {
        if ends.is_empty() {
            return Ok(Vec::new());
        }
        let mut call = self.call(&self.scripts.settle, self.clock.now());
        call.arg(holder.to_string());
        for Settlement { task, ending } in ends {
            let (ending, word) = shapes::ending(ending);
            call.arg(task.id.to_string()).arg(task.token).arg(ending).arg(word);
        }
        let held: Vec<i64> = self.ask(&call).await?;
        Ok(held.into_iter().map(|held| held == 1).collect())
    }

    async fn progress(&self, holder: Uuid, task: &Claimed, progress: &Progress) -> Result<bool, Fault> {
        // Percent and note are for desks too; the next attempt needs the checkpoint.
        let checkpoint = progress.checkpoint.as_ref().map_or_else(String::new, ToString::to_string);
        let mut call = self.call(&self.scripts.progress, self.clock.now());
        call.arg(holder.to_string()).arg(task.id.to_string()).arg(task.token).arg(checkpoint);
        Ok(self.ask::<i64>(&call).await? == 1)
    }

    async fn changed(&self, patience: Duration) {
        self.wake.wait(patience).await;
    }
}
