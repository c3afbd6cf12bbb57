//! The suite every engine passes, on one server, and what this engine offers beyond the port.
//!
//! What may not enter: servers in trouble, and clusters.

use crate::subject::{HOLDER, QUEUE, Subject, origin, tasks};
use kernel::{Clock, Ending, Held, Lane, NewTask, Second, Settlement, TaskQueue};
use serde_json::{Value, json};
use std::time::Duration;
use testkit::suites::task_queue;
use testkit::{PATIENCE, eventually, redis};
use tokio::time::timeout;
use uuid::Uuid;

#[tokio::test]
async fn queue_keeps_its_promises() {
    let Some(server) = redis().await else { return };
    task_queue(async || Subject::on(server).await).await;
}

#[tokio::test]
async fn worker_in_another_process_wakes() {
    let Some(server) = redis().await else { return };
    let subject = Subject::on(server).await;
    subject.queue.changed(Duration::from_millis(1)).await;
    // Of two who wait in one process only one reads, and both must hear.
    let waiting = async { tokio::join!(subject.second.changed(PATIENCE * 6), subject.second.changed(PATIENCE * 6)) };
    let origin = origin();
    let (woken, enqueued) = tokio::join!(timeout(PATIENCE, waiting), subject.queue.enqueue(&origin, tasks(1)));
    assert!(woken.is_ok() && enqueued.is_ok(), "who waits in another process wakes for a task");
}

#[tokio::test]
async fn who_stops_waiting_leaves_nothing_at_the_server() {
    let Some(server) = redis().await else { return };
    let Subject { queue, second, .. } = Subject::on(server).await;
    queue.join(HOLDER, "tests", &[QUEUE]).await.unwrap();
    let mut connection = redis::Client::open(server.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let mut waiting = async || -> (usize, usize) {
        let clients: String = redis::cmd("CLIENT").arg("LIST").query_async(&mut connection).await.unwrap();
        let blocked: Vec<&str> = clients.lines().filter(|client| client.contains(" flags=b ")).collect();
        (blocked.len(), blocked.iter().filter(|client| !client.contains(" qbuf=0 ")).count())
    };
    let give_up = async || {
        let patience = Duration::from_millis(5);
        assert!(timeout(patience, queue.changed(PATIENCE * 6)).await.is_err(), "there is nothing new");
    };
    eventually("who waits does so at the server", async || {
        give_up().await;
        waiting().await.0 > 0
    })
    .await;
    for _ in 0..20 {
        give_up().await;
    }
    assert_eq!(waiting().await.1, 0, "no read stands behind the one that waits");
    let origin = origin();
    let (woken, enqueued) =
        tokio::join!(timeout(PATIENCE, queue.changed(PATIENCE * 6)), second.enqueue(&origin, tasks(1)));
    assert!(woken.is_ok() && enqueued.is_ok(), "and it still wakes who waits");
}

#[tokio::test]
async fn ends_worth_knowing_are_kept_for_a_while() {
    let Some(server) = redis().await else { return };
    let Subject { queue, clock, .. } = Subject::on(server).await;
    queue.join(HOLDER, "tests", &[QUEUE]).await.unwrap();
    queue.enqueue(&origin(), tasks(4)).await.unwrap();
    let claimed = queue.claim(HOLDER, QUEUE, 4).await.unwrap().tasks;
    let ends = [
        Ending::Done { result: json!({ "sent": 3 }) },
        Ending::Done { result: Value::Null },
        Ending::Dead { error: "no such address".to_owned() },
        Ending::Cancelled,
    ];
    let ends: Vec<_> = claimed.iter().cloned().zip(ends).map(|(task, ending)| Settlement { task, ending }).collect();
    assert_eq!(queue.settle(HOLDER, &ends).await.unwrap(), [true; 4]);
    let mut kept = Vec::new();
    for task in &claimed {
        kept.push(queue.ended(task.id).await.unwrap());
    }
    let known: Vec<_> = kept.iter().map(|ended| ended.as_ref().map(|ended| ended.outcome.as_str())).collect();
    assert_eq!(known, [Some("done"), None, Some("dead"), Some("cancelled")]);
    let (done, dead) = (kept[0].clone().unwrap(), kept[2].clone().unwrap());
    assert_eq!((done.result, done.error, done.at), (Some(json!({ "sent": 3 })), None, clock.now()));
    assert_eq!((dead.result, dead.error.as_deref()), (None, Some("no such address")));
    assert_eq!(queue.ended(Uuid::from_u128(1)).await.unwrap(), None);
}

#[tokio::test]
async fn waiting_task_is_cancelled_at_once() {
    let Some(server) = redis().await else { return };
    let Subject { queue, .. } = Subject::on(server).await;
    queue.join(HOLDER, "tests", &[QUEUE]).await.unwrap();
    let ordered = tasks(2).into_iter().map(|task| task.in_lane(Lane::in_order("account:1")));
    let enqueued = queue.enqueue(&origin(), ordered.collect()).await.unwrap();
    assert!(queue.cancel(enqueued[0].id()).await.unwrap());
    assert!(!queue.cancel(enqueued[0].id()).await.unwrap(), "a task that is over cannot be cancelled");
    let claimed = queue.claim(HOLDER, QUEUE, 4).await.unwrap().tasks;
    assert_eq!(claimed.iter().map(|task| task.id).collect::<Vec<_>>(), [enqueued[1].id()], "its lane goes on");
}

#[tokio::test]
async fn ended_tasks_leave_nothing_behind() {
    let Some(server) = redis().await else { return };
    let module = server.keyspace("tasks");
    let Subject { queue, .. } = Subject::new(server.url(), &module).await;
    queue.join(HOLDER, "tests", &[QUEUE]).await.unwrap();
    let lanes = [Lane::in_order("a"), Lane::at_most("b", 2)];
    let all = tasks(40).into_iter().enumerate().map(|(nth, task)| {
        let key = format!("key {nth}");
        task.in_lane(lanes[nth % 2].clone()).unique(key, Held::UntilEnded, Second::Dropped)
    });
    queue.enqueue(&origin(), all.collect()).await.unwrap();
    let replacing = |task: NewTask| task.unique("key", Held::UntilStarted, Second::Replaces);
    queue.enqueue(&origin(), tasks(3).into_iter().map(replacing).collect()).await.unwrap();
    let expiring = tasks(3).into_iter().map(|task| task.expiring_after(Duration::ZERO));
    queue.enqueue(&origin(), expiring.collect()).await.unwrap();
    let mut finished = 0;
    while finished < 41 {
        let claimed = queue.claim(HOLDER, QUEUE, 10).await.unwrap().tasks;
        let done = |task| Settlement { task, ending: Ending::Done { result: Value::Null } };
        finished += claimed.len();
        queue.settle(HOLDER, &claimed.into_iter().map(done).collect::<Vec<_>>()).await.unwrap();
    }
    queue.leave(HOLDER).await.unwrap();
    let mut connection = redis::Client::open(server.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let pattern = format!("{{polity:{module}}}:*");
    let mut left: Vec<String> = redis::cmd("KEYS").arg(&pattern).query_async(&mut connection).await.unwrap();
    left.iter_mut().for_each(|key| *key = key.rsplit_once("}:").unwrap().1.to_owned());
    left.sort();
    assert_eq!(left, ["beats", "q:7:default:state", "queues", "wake"], "what a queue needs stays, and nothing else");
}
