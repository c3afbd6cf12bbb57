//! Servers that stop, freeze, and forget.
//!
//! What may not enter: what a healthy server shows.

use crate::subject::{HOLDER, QUEUE, Subject, origin, tasks};
use kernel::{Claimed, Ending, Fault, FaultCode, Progress, Settlement, TaskQueue};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::time::Duration;
use testkit::{EphemeralRedis, PATIENCE, eventually};
use tokio::time::timeout;
use uuid::Uuid;

#[tokio::test]
async fn stopped_server_is_a_fault_and_a_restarted_one_goes_on() {
    let Some(mut server) = EphemeralRedis::start(&[]).await else { return };
    let Subject { queue, .. } = Subject::on(&server).await;
    queue.join(HOLDER, "tests", &[QUEUE]).await.unwrap();
    queue.enqueue(&origin(), tasks(50)).await.unwrap();
    let held = queue.claim(HOLDER, QUEUE, 10).await.unwrap().tasks;

    server.stop().await;
    assert_every_method_is_unavailable(&queue, &held[0]).await;
    let patience = Duration::from_millis(50);
    timeout(PATIENCE, queue.changed(patience)).await.expect("nobody waits for a dead server longer than they said");

    server.restart().await;
    eventually("the queue answers again", async || queue.beat(HOLDER).await.is_ok_and(|beat| beat.alive)).await;
    assert!(settle_all(&queue, &held).await.iter().all(|held| *held), "what was held is still held");
    let rest = queue.claim(HOLDER, QUEUE, 100).await.unwrap().tasks;
    assert_eq!(rest.len(), 40, "what waited still waits, once");
    let waiting = timeout(PATIENCE, queue.changed(PATIENCE * 6));
    let origin = origin();
    let (woken, enqueued) = tokio::join!(waiting, queue.enqueue(&origin, tasks(1)));
    enqueued.unwrap();
    woken.expect("a task wakes those who wait, as before");
}

#[tokio::test]
async fn frozen_server_is_a_fault_and_goes_on_where_it_froze() {
    let Some(server) = EphemeralRedis::start(&[]).await else { return };
    let Subject { queue, .. } = Subject::on(&server).await;
    queue.join(HOLDER, "tests", &[QUEUE]).await.unwrap();
    queue.enqueue(&origin(), tasks(50)).await.unwrap();
    let held = queue.claim(HOLDER, QUEUE, 10).await.unwrap().tasks;

    server.pause();
    // Nothing but time happens now, and it need not be waited for.
    tokio::time::pause();
    assert_every_method_is_unavailable(&queue, &held[0]).await;
    let patience = Duration::from_millis(50);
    timeout(PATIENCE, queue.changed(patience)).await.expect("nobody waits for a frozen server longer than they said");
    tokio::time::resume();
    server.resume();

    eventually("the queue answers again", async || queue.beat(HOLDER).await.is_ok()).await;
    // What was asked of the frozen server it may do once it goes on: the holder may have left, and has one task more.
    queue.join(HOLDER, "tests", &[QUEUE]).await.unwrap();
    let written = settle_all(&queue, &held).await;
    let mut all: HashSet<_> = held.iter().zip(written).filter(|(_, held)| *held).map(|(task, _)| task.id).collect();
    let mut more = true;
    while more {
        let claim = queue.claim(HOLDER, QUEUE, 100).await.unwrap();
        assert!(settle_all(&queue, &claim.tasks).await.iter().all(|held| *held), "what is claimed is held");
        assert!(claim.tasks.iter().all(|task| all.insert(task.id)), "no task comes twice");
        more = claim.more;
    }
    assert!((50..=51).contains(&all.len()), "no task is lost, and the one of the failed call may be there");
}

#[tokio::test]
async fn full_server_is_a_fault_and_goes_on_once_it_has_room() {
    let Some(server) = EphemeralRedis::start(&["--maxmemory-policy", "noeviction"]).await else { return };
    let Subject { queue, .. } = Subject::on(&server).await;
    queue.join(HOLDER, "tests", &[QUEUE]).await.unwrap();
    queue.enqueue(&origin(), tasks(50)).await.unwrap();
    let held = queue.claim(HOLDER, QUEUE, 10).await.unwrap().tasks;
    let mut connection = redis::Client::open(server.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let mut give_room = async |bytes: u64| {
        let mut set = redis::cmd("CONFIG");
        set.arg("SET").arg("maxmemory").arg(bytes).query_async::<()>(&mut connection).await.unwrap();
    };

    give_room(1).await;
    let faults = [
        ("enqueue", queue.enqueue(&origin(), tasks(1)).await.map(drop)),
        ("join", queue.join(Uuid::from_u128(0xb), "tests", &[QUEUE]).await),
        ("beat", queue.beat(HOLDER).await.map(drop)),
        ("claim", queue.claim(HOLDER, QUEUE, 1).await.map(drop)),
    ];
    for (method, answer) in faults {
        let fault = answer.expect_err("there is no room");
        assert_eq!(fault.code, FaultCode::Unavailable, "`{method}` waits for room");
        assert!(format!("{fault:?}").contains("OOM"), "`{method}` says what is wrong: {fault:?}");
    }
    assert!(settle_all(&queue, &held).await.iter().all(|held| *held), "what ends makes room");

    give_room(0).await;
    assert!(queue.beat(HOLDER).await.unwrap().alive, "the holder is as it was");
    let rest = queue.claim(HOLDER, QUEUE, 100).await.unwrap().tasks;
    assert_eq!(rest.len(), 40, "what waited still waits, once");
    assert!(rest.iter().all(|task| task.attempt == 1), "and nobody has tried it");
}

async fn assert_every_method_is_unavailable(queue: &impl TaskQueue, held: &Claimed) {
    let progress = Progress { percent: None, note: String::new(), checkpoint: Some(json!(1)) };
    let ends = [Settlement { task: held.clone(), ending: Ending::Returned }];
    let faults = [
        ("enqueue", queue.enqueue(&origin(), tasks(1)).await.map(drop)),
        ("join", queue.join(Uuid::from_u128(0xb), "tests", &[QUEUE]).await),
        ("beat", queue.beat(HOLDER).await.map(drop)),
        ("leave", queue.leave(HOLDER).await.map(drop)),
        ("rescue", queue.rescue(HOLDER, 1).await.map(drop)),
        ("queues", queue.queues().await.map(drop)),
        ("claim", queue.claim(HOLDER, QUEUE, 1).await.map(drop)),
        ("settle", queue.settle(HOLDER, &ends).await.map(drop)),
        ("progress", queue.progress(HOLDER, held, &progress).await.map(drop)),
    ];
    for (method, answer) in faults {
        assert_eq!(code(answer), Some(FaultCode::Unavailable), "`{method}` says that Redis does not answer");
    }
}

fn code(answer: Result<(), Fault>) -> Option<FaultCode> {
    answer.err().map(|fault| fault.code)
}

async fn settle_all(queue: &impl TaskQueue, held: &[Claimed]) -> Vec<bool> {
    let done = |task: &Claimed| Settlement { task: task.clone(), ending: Ending::Done { result: Value::Null } };
    queue.settle(HOLDER, &held.iter().map(done).collect::<Vec<_>>()).await.unwrap()
}

#[tokio::test]
async fn server_that_comes_later_is_found() {
    let Some(mut server) = EphemeralRedis::start(&[]).await else { return };
    server.stop().await;
    let Subject { queue, .. } = Subject::on(&server).await;
    assert_eq!(code(queue.beat(HOLDER).await.map(drop)), Some(FaultCode::Unavailable));
    server.restart().await;
    eventually("the queue answers", async || queue.join(HOLDER, "tests", &[QUEUE]).await.is_ok()).await;
}

#[tokio::test]
async fn server_killed_again_and_again_loses_and_doubles_nothing() {
    let Some(mut server) = EphemeralRedis::start(&[]).await else { return };
    let Subject { queue, .. } = Subject::on(&server).await;
    queue.join(HOLDER, "tests", &[QUEUE]).await.unwrap();
    queue.enqueue(&origin(), tasks(400)).await.unwrap();
    let mut finished = Vec::new();
    for _ in 0..8 {
        let working = async {
            // Until the server dies under it; what is claimed and not settled then is settled once it is back.
            let mut held: Vec<Claimed> = Vec::new();
            while let Ok(claim) = queue.claim(HOLDER, QUEUE, 5).await {
                held = claim.tasks;
                let done = |task: &Claimed| Settlement { task: task.clone(), ending: Ending::Returned };
                if queue.settle(HOLDER, &held.iter().map(done).collect::<Vec<_>>()).await.is_err() {
                    break;
                }
                held.clear();
            }
            held
        };
        let (held, ()) = tokio::join!(working, server.stop());
        server.restart().await;
        eventually("the queue answers again", async || queue.beat(HOLDER).await.is_ok()).await;
        let written = settle_all(&queue, &held).await;
        // An end that was written before its answer was lost is not written again: the task was given back.
        finished.extend(held.iter().zip(written).filter(|(_, written)| *written).map(|(task, _)| task.id));
    }
    let rest = queue.claim(HOLDER, QUEUE, 500).await.unwrap().tasks;
    finished.extend(rest.iter().map(|task| task.id));
    let different: HashSet<_> = finished.iter().collect();
    assert_eq!((finished.len(), different.len()), (400, 400), "every task is there, once");
}

#[tokio::test]
async fn claim_whose_answer_nobody_heard_loses_nothing() {
    let Some(server) = EphemeralRedis::start(&[]).await else { return };
    let Subject { queue, second, .. } = Subject::on(&server).await;
    queue.join(HOLDER, "tests", &[QUEUE]).await.unwrap();
    queue.enqueue(&origin(), tasks(20)).await.unwrap();
    let kept = queue.claim(HOLDER, QUEUE, 5).await.unwrap().tasks;

    server.pause();
    let unheard = timeout(Duration::from_millis(100), queue.claim(HOLDER, QUEUE, 10)).await;
    assert!(unheard.is_err(), "a frozen server does not answer");
    server.resume();

    let claimed = queue.claim(HOLDER, QUEUE, 100).await.unwrap().tasks;
    assert_eq!(claimed.len(), 15, "the next claim brings what the one before it took");
    assert!(claimed.iter().all(|task| task.attempt == 1), "and it was no attempt");
    assert!(settle_all(&queue, &kept).await.iter().all(|held| *held), "what is known to be held stays held");
    assert!(settle_all(&queue, &claimed).await.iter().all(|held| *held), "what is claimed is held");
    assert_eq!(second.leave(HOLDER).await.unwrap(), 0, "nothing is held that nobody knows of");
}

#[tokio::test]
async fn task_of_an_unheard_claim_ends_when_it_was_asked_to_stop() {
    let Some(server) = EphemeralRedis::start(&[]).await else { return };
    let Subject { queue, second, .. } = Subject::on(&server).await;
    queue.join(HOLDER, "tests", &[QUEUE]).await.unwrap();
    queue.claim(HOLDER, QUEUE, 1).await.unwrap();
    let enqueued = queue.enqueue(&origin(), tasks(2)).await.unwrap();

    server.pause();
    let unheard = timeout(Duration::from_millis(100), queue.claim(HOLDER, QUEUE, 1)).await;
    assert!(unheard.is_err(), "a frozen server does not answer");
    server.resume();
    // Over the same connection: it is answered after the claim.
    queue.queues().await.unwrap();
    assert!(second.cancel(enqueued[0].id()).await.unwrap(), "it runs, as far as Redis knows");

    let claimed = queue.claim(HOLDER, QUEUE, 10).await.unwrap().tasks;
    assert_eq!(claimed.iter().map(|task| task.id).collect::<Vec<_>>(), [enqueued[1].id()], "it does not come again");
    let ended = second.ended(enqueued[0].id()).await.unwrap();
    assert_eq!(ended.map(|ended| ended.outcome).as_deref(), Some("cancelled"));
}

#[tokio::test]
async fn claims_go_on_after_thousands_that_nobody_heard_of() {
    let Some(server) = EphemeralRedis::start(&[]).await else { return };
    let Subject { queue, second, .. } = Subject::on(&server).await;
    queue.join(HOLDER, "tests", &[QUEUE]).await.unwrap();
    queue.enqueue(&origin(), tasks(3)).await.unwrap();
    for _ in 0..10_000 {
        tokio::select! {
            biased;
            _ = queue.claim(HOLDER, QUEUE, 1) => {}
            () = std::future::ready(()) => {}
        }
    }
    let claimed = queue.claim(HOLDER, QUEUE, 10).await.unwrap().tasks;
    assert_eq!(claimed.len(), 3, "the outage is over");
    assert!(settle_all(&queue, &claimed).await.iter().all(|held| *held), "what is claimed is held");
    assert_eq!(second.leave(HOLDER).await.unwrap(), 0, "nothing is held that nobody knows of");
}

#[tokio::test]
async fn claim_that_arrives_after_a_later_one_brings_nothing() {
    let Some(server) = EphemeralRedis::start(&[]).await else { return };
    // Another handle of the same holder counts its claims anew, as one counts that was stuck on a broken connection.
    let Subject { queue, second: late, .. } = Subject::on(&server).await;
    queue.join(HOLDER, "tests", &[QUEUE]).await.unwrap();
    queue.claim(HOLDER, QUEUE, 1).await.unwrap();
    queue.claim(HOLDER, QUEUE, 1).await.unwrap();
    queue.enqueue(&origin(), tasks(3)).await.unwrap();
    let claim = late.claim(HOLDER, QUEUE, 10).await.unwrap();
    assert_eq!((claim.tasks.len(), claim.more), (0, true), "nobody would hear of what it brought");
    assert_eq!(queue.claim(HOLDER, QUEUE, 10).await.unwrap().tasks.len(), 3);
}

#[tokio::test]
async fn server_that_forgot_the_scripts_gets_them_again() {
    let Some(server) = EphemeralRedis::start(&[]).await else { return };
    let Subject { queue, .. } = Subject::on(&server).await;
    let mut connection = redis::Client::open(server.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    for count in 1..4 {
        redis::cmd("SCRIPT").arg("FLUSH").query_async::<()>(&mut connection).await.unwrap();
        queue.join(HOLDER, "tests", &[QUEUE]).await.unwrap();
        queue.enqueue(&origin(), tasks(1)).await.unwrap();
        redis::cmd("SCRIPT").arg("FLUSH").query_async::<()>(&mut connection).await.unwrap();
        let claimed = queue.claim(HOLDER, QUEUE, 10).await.unwrap().tasks;
        assert_eq!(claimed.len(), 1, "round {count} goes as the first one");
        redis::cmd("SCRIPT").arg("FLUSH").query_async::<()>(&mut connection).await.unwrap();
        assert_eq!(settle_all(&queue, &claimed).await, [true]);
    }
}

#[tokio::test]
async fn server_that_lost_its_data_lets_the_holder_know() {
    let Some(server) = EphemeralRedis::start(&[]).await else { return };
    let Subject { queue, .. } = Subject::on(&server).await;
    queue.join(HOLDER, "tests", &[QUEUE]).await.unwrap();
    queue.enqueue(&origin(), tasks(3)).await.unwrap();
    let held = queue.claim(HOLDER, QUEUE, 10).await.unwrap().tasks;
    let mut connection = redis::Client::open(server.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    redis::cmd("FLUSHALL").query_async::<()>(&mut connection).await.unwrap();
    assert!(!queue.beat(HOLDER).await.unwrap().alive, "the holder hears that it is not known any more");
    assert_eq!(settle_all(&queue, &held).await, [false; 3], "ends of tasks that are lost are refused");
    queue.join(HOLDER, "tests", &[QUEUE]).await.unwrap();
    queue.enqueue(&origin(), tasks(2)).await.unwrap();
    assert_eq!(queue.claim(HOLDER, QUEUE, 10).await.unwrap().tasks.len(), 2, "new tasks go as before");
}
