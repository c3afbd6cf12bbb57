//! Two processes on the same tasks, as the suite asks for them.
//!
//! What may not enter: cases.

use async_trait::async_trait;
use engine_redis::RedisTaskQueue;
use kernel::{NewTask, QueueSettings, SystemIds, TaskOrigin, TaskQueue, TenantId};
use serde_json::json;
use std::sync::Arc;
use testkit::suites::TaskQueueSubject;
use testkit::{ManualClock, RedisServer};
use uuid::Uuid;

pub(crate) const HOLDER: Uuid = Uuid::from_u128(0xa);
pub(crate) const QUEUE: &str = "default";

pub(crate) struct Subject {
    pub(crate) queue: RedisTaskQueue,
    pub(crate) second: RedisTaskQueue,
    pub(crate) clock: Arc<ManualClock>,
}

impl Subject {
    /// On keys that nobody else uses.
    pub(crate) async fn on(server: &RedisServer) -> Self {
        Self::new(server.url(), &server.keyspace("tasks")).await
    }

    pub(crate) async fn new(url: &str, module: &str) -> Self {
        let clock = Arc::new(ManualClock::default());
        let open = async || RedisTaskQueue::connect(url, module, clock.clone(), Arc::new(SystemIds)).await.unwrap();
        Self { queue: open().await, second: open().await, clock: clock.clone() }
    }
}

#[async_trait]
impl TaskQueueSubject for Subject {
    fn queue(&self) -> &dyn TaskQueue {
        &self.queue
    }

    fn second(&self) -> &dyn TaskQueue {
        &self.second
    }

    fn clock(&self) -> &ManualClock {
        &self.clock
    }

    async fn tune(&self, settings: QueueSettings) {
        self.queue.tune(&settings).await.unwrap();
    }

    async fn cancel(&self, task: Uuid) -> bool {
        self.second.cancel(task).await.unwrap()
    }
}

pub(crate) fn origin() -> TaskOrigin {
    TaskOrigin::service(TenantId::FIRST, "tests")
}

pub(crate) fn tasks(count: u64) -> Vec<NewTask> {
    (0..count).map(|number| NewTask::new("tests.task", 1, json!(number))).collect()
}
