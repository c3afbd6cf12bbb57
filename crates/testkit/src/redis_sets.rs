//! Several Redis servers that belong together: a cluster of three, and a master with a replica and sentinels.
//!
//! What may not enter: a client. They are told by `redis-cli` who belongs to whom.

use crate::absent::{Absent, program};
use crate::patience::eventually;
use crate::ports::free_ports;
use crate::process::Process;
use crate::redis::server_program;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

const START: Duration = Duration::from_secs(60);
const ABSENT: Absent = Absent { key: "redis", name: "Redis" };
/// What the sentinels call the master.
const MASTER: &str = "mymaster";

/// One of the servers.
#[derive(Debug)]
pub struct RedisNode {
    port: u16,
    process: Process,
}

impl RedisNode {
    /// Where it listens on this machine.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends it on the spot.
    pub async fn kill(&self) {
        self.process.kill().await;
    }
}

struct Programs {
    server: PathBuf,
    cli: PathBuf,
}

impl Programs {
    fn find() -> Option<Self> {
        let server = server_program()?;
        let cli = program(&["redis-cli", "valkey-cli"])?;
        Some(Self { server, cli })
    }

    async fn serve(&self, folder: &Path, port: u16, words: &[&str], ready: &str) -> RedisNode {
        let own = folder.join(port.to_string());
        fs::create_dir(&own).expect("a folder can be made");
        let (port_word, own_word) = (port.to_string(), own.display().to_string());
        let mut args = words.to_vec();
        args.extend(["--port", &port_word, "--dir", &own_word, "--bind", "127.0.0.1", "--save", ""]);
        let process = Process::spawn(&self.server, &args, &[], &own);
        process.wait_for_line(ready, START).await;
        RedisNode { port, process }
    }

    fn ask(&self, port: u16, words: &[&str]) -> String {
        let port = port.to_string();
        let output = Command::new(&self.cli).args(["-p", &port]).args(words).output().expect("redis-cli runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

/// A cluster of three masters, none of them with a replica.
#[derive(Debug)]
pub struct RedisCluster {
    /// Its nodes.
    pub nodes: Vec<RedisNode>,
    _folder: TempDir,
}

impl RedisCluster {
    /// A cluster for one test alone. Skips the test when Redis is not installed.
    ///
    /// # Panics
    /// When it does not start, or is absent though `POLITY_REQUIRE` lists `redis`.
    pub async fn start() -> Option<Self> {
        let Some(programs) = Programs::find() else { return ABSENT.skip() };
        let folder = TempDir::with_prefix("polity-cluster-").expect("a folder can be made");
        let (ports, mut nodes) = (free_ports(6), Vec::new());
        for pair in ports.chunks_exact(2) {
            let bus = pair[1].to_string();
            let words = ["--cluster-enabled", "yes", "--cluster-port", &bus, "--cluster-node-timeout", "2000"];
            nodes.push(programs.serve(folder.path(), pair[0], &words, "Ready to accept connections").await);
        }
        let slots = [("0", "5460"), ("5461", "10922"), ("10923", "16383")];
        for (node, (first, last)) in nodes.iter().zip(slots) {
            programs.ask(node.port, &["cluster", "addslotsrange", first, last]);
        }
        for pair in ports.chunks_exact(2).skip(1) {
            let (port, bus) = (pair[0].to_string(), pair[1].to_string());
            programs.ask(nodes[0].port, &["cluster", "meet", "127.0.0.1", &port, &bus]);
        }
        eventually("every node knows the whole cluster", async || {
            let knows = |node: &RedisNode| {
                let info = programs.ask(node.port, &["cluster", "info"]);
                info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3")
            };
            nodes.iter().all(knows)
        })
        .await;
        Some(Self { nodes, _folder: folder })
    }
}

/// A master with one replica, watched by three sentinels.
#[derive(Debug)]
pub struct SentinelSet {
    /// The master, and the replica that takes over from it.
    pub servers: Vec<RedisNode>,
    /// Those who watch.
    pub sentinels: Vec<RedisNode>,
    _folder: TempDir,
}

impl SentinelSet {
    /// A set for one test alone. Skips the test when Redis is not installed.
    ///
    /// # Panics
    /// When it does not start, or is absent though `POLITY_REQUIRE` lists `redis`.
    pub async fn start() -> Option<Self> {
        let Some(programs) = Programs::find() else { return ABSENT.skip() };
        let folder = TempDir::with_prefix("polity-sentinel-").expect("a folder can be made");
        let ports = free_ports(5);
        let (master, ready) = (ports[0].to_string(), "Ready to accept connections");
        let following = ["--replicaof", "127.0.0.1", &master];
        let servers = vec![
            programs.serve(folder.path(), ports[0], &["--repl-diskless-sync-delay", "0"], ready).await,
            programs.serve(folder.path(), ports[1], &following, ready).await,
        ];
        eventually("the replica follows", async || {
            programs.ask(ports[0], &["info", "replication"]).contains("state=online")
        })
        .await;
        let mut sentinels = Vec::new();
        for port in &ports[2..] {
            // Sentinels write what they learn into their configuration.
            let file = folder.path().join(format!("sentinel-{port}.conf"));
            let text = format!(
                "sentinel monitor {MASTER} 127.0.0.1 {master} 2\nsentinel down-after-milliseconds {MASTER} 500\n\
                 sentinel failover-timeout {MASTER} 2000\n"
            );
            fs::write(&file, text).expect("a file can be written");
            let file = file.display().to_string();
            sentinels.push(programs.serve(folder.path(), *port, &[&file, "--sentinel"], "+monitor").await);
        }
        eventually("the sentinels know each other and the replica", async || {
            let knows = |node: &RedisNode| {
                let said = programs.ask(node.port, &["sentinel", "master", MASTER]);
                let words: Vec<&str> = said.lines().collect();
                let told = |name: &str| words.windows(2).find(|pair| pair[0] == name).map(|pair| pair[1]);
                told("num-other-sentinels") == Some("2") && told("num-slaves") == Some("1")
            };
            sentinels.iter().all(knows)
        })
        .await;
        Some(Self { servers, sentinels, _folder: folder })
    }

    /// What the sentinels call the master.
    pub fn master(&self) -> &'static str {
        MASTER
    }
}
