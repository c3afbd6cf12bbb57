//! The engine on a cluster, whose client sends again what it heard no answer to.
//!
//! What may not enter: what one server shows as well.

use crate::subject::{HOLDER, QUEUE, Subject, origin, tasks};
use kernel::{Ending, Settlement, TaskQueue};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use testkit::suites::task_queue;
use testkit::{EphemeralRedis, eventually};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// One node is a whole cluster; what matters is that a script that leaves its slot is refused.
async fn start_cluster() -> Option<EphemeralRedis> {
    let server = EphemeralRedis::start(&["--cluster-enabled", "yes"]).await?;
    let mut connection = server_connection(&server).await;
    let mut give_slots = redis::cmd("CLUSTER");
    give_slots.arg("ADDSLOTSRANGE").arg(0).arg(16_383);
    give_slots.query_async::<()>(&mut connection).await.unwrap();
    eventually("the cluster is up", async || {
        let info: String = redis::cmd("CLUSTER").arg("INFO").query_async(&mut connection).await.unwrap();
        info.contains("cluster_state:ok")
    })
    .await;
    Some(server)
}

async fn server_connection(server: &EphemeralRedis) -> redis::aio::MultiplexedConnection {
    redis::Client::open(server.url()).unwrap().get_multiplexed_async_connection().await.unwrap()
}

/// What names a cluster: more than one node.
fn nodes(url: &str) -> String {
    format!("{url},{url}")
}

#[tokio::test]
async fn queue_keeps_its_promises_on_a_cluster() {
    let Some(server) = start_cluster().await else { return };
    task_queue(async || Subject::new(&nodes(server.url()), &server.keyspace("tasks")).await).await;
}

/// Stands before a server, and loses an answer when it is told to, with the connection it came over.
struct Lossy {
    port: u16,
    loses: Arc<AtomicBool>,
    _connections: JoinSet<()>,
}

impl Lossy {
    async fn before(server: &EphemeralRedis) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let address = server.url().trim_start_matches("redis://").to_owned();
        let loses = Arc::new(AtomicBool::new(false));
        let mut connections = JoinSet::new();
        let losing = Arc::clone(&loses);
        connections.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&address).await.unwrap();
                open.spawn(carry(client, server, Arc::clone(&losing)));
            }
        });
        Self { port, loses, _connections: connections }
    }
}

async fn carry(client: TcpStream, server: TcpStream, loses: Arc<AtomicBool>) {
    let (mut asks, mut hears) = client.into_split();
    let (mut answers, mut serves) = server.into_split();
    let answering = async {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = answers.read(&mut buffer).await {
            if loses.swap(false, Ordering::SeqCst) || hears.write_all(&buffer[..length]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        _ = copy(&mut asks, &mut serves) => {}
        () = answering => {}
    }
}

#[tokio::test]
async fn claim_that_was_sent_twice_loses_nothing() {
    let Some(server) = start_cluster().await else { return };
    let lossy = Lossy::before(&server).await;
    let mut announce = redis::cmd("CONFIG");
    announce.arg("SET").arg("cluster-announce-port").arg(lossy.port);
    announce.query_async::<()>(&mut server_connection(&server).await).await.unwrap();
    let url = nodes(&format!("redis://127.0.0.1:{}", lossy.port));
    let Subject { queue, second, .. } = Subject::new(&url, &server.keyspace("tasks")).await;
    queue.join(HOLDER, "tests", &[QUEUE]).await.unwrap();
    queue.enqueue(&origin(), tasks(8)).await.unwrap();
    let mut held = queue.claim(HOLDER, QUEUE, 3).await.unwrap().tasks;

    lossy.loses.store(true, Ordering::SeqCst);
    let mut more = true;
    while more {
        let claim = queue.claim(HOLDER, QUEUE, 10).await.unwrap();
        held.extend(claim.tasks);
        more = claim.more;
    }
    assert!(!lossy.loses.load(Ordering::SeqCst), "an answer was lost");
    let different: HashSet<_> = held.iter().map(|task| task.id).collect();
    assert_eq!((held.len(), different.len()), (8, 8), "every task is in somebody's hands, once");
    assert!(held.iter().all(|task| task.attempt == 1), "and what nobody heard of was no attempt");
    let ends: Vec<_> = held.into_iter().map(|task| Settlement { task, ending: Ending::Cancelled }).collect();
    assert_eq!(queue.settle(HOLDER, &ends).await.unwrap(), [true; 8], "who claimed holds");
    assert_eq!(second.leave(HOLDER).await.unwrap(), 0, "nothing is held that nobody knows of");
}
