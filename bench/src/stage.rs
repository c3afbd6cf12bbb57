//! A running Polity with something in it, and the bare server on the same database file.

use anyhow::{Context, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// Posts of the thread that is read.
const POSTS: usize = 50;

/// Both servers, and what to ask them for.
pub(crate) struct Stage {
    pub(crate) polity: String,
    pub(crate) bare: String,
    pub(crate) token: String,
    pub(crate) thread: String,
    servers: [Child; 2],
    _folder: TempDir,
}

impl Stage {
    pub(crate) async fn set() -> anyhow::Result<Self> {
        let folder = TempDir::new()?;
        let (polity, bare) = (address()?, address()?);
        let (server, link) = start_polity(&folder, &polity).await?;
        let token = founder(&polity, &link).await?;
        let thread = thread(&polity, &token).await?;
        let file = folder.path().join("forum.db");
        let mut peer = Command::new(std::env::current_exe()?);
        peer.args(["bare", &bare]).arg(file).kill_on_drop(true).stdout(Stdio::piped());
        let mut peer = peer.spawn()?;
        line_with(&mut peer, "bare").await?;
        Ok(Self { polity, bare, token, thread, servers: [server, peer], _folder: folder })
    }

    /// The most memory that Polity's process has held so far, in MiB (VmHWM in proc(5)).
    pub(crate) fn memory_mib(&self) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.servers[0].id().context("it runs")?))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("a figure")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? / 1_024)
    }
}

fn address() -> anyhow::Result<String> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

async fn start_polity(folder: &TempDir, address: &str) -> anyhow::Result<(Child, String)> {
    let port = address.rsplit(':').next().context("a port")?;
    let mut server = Command::new(std::env::current_exe()?);
    server
        .arg("run-all-in-one")
        .env_clear()
        .envs([("ENVIRONMENT", "test"), ("POLITY_HTTP_PORT", port), ("POLITY_HTTP_RATE_LIMIT_ENABLED", "false")])
        .envs([("POLITY_LOG_LEVEL", "warn"), ("POLITY_LOG_FORMAT", "json")])
        .envs([("POLITY_AUTH_PASSWORD_MEMORY_KIB", "19456"), ("POLITY_AUTH_PASSWORD_ITERATIONS", "2")])
        .env("POLITY_DATA_DIR", folder.path())
        .current_dir(folder.path())
        .kill_on_drop(true)
        .stdout(Stdio::piped());
    let mut server = server.spawn()?;
    let line = line_with(&mut server, "/welcome/").await?;
    let at = line.find("/welcome/").context("a link")?;
    let link = line[at..].split_whitespace().next().context("a link")?.to_owned();
    Ok((server, link))
}

async fn line_with(child: &mut Child, text: &str) -> anyhow::Result<String> {
    let mut lines = BufReader::new(child.stdout.take().context("stdout")?).lines();
    while let Some(line) = tokio::time::timeout(Duration::from_secs(60), lines.next_line()).await?? {
        if line.contains(text) {
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Ok(line);
        }
    }
    bail!("the server ended before it said {text}")
}

async fn post(url: &str, token: &str, media: &str, body: String) -> anyhow::Result<Value> {
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let mut request = Request::post(url).header("content-type", media);
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let response = client.request(request.body(Full::new(Bytes::from(body)))?).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    if status.is_client_error() || status.is_server_error() {
        bail!("{url}: {status} {}", String::from_utf8_lossy(&body));
    }
    Ok(serde_json::from_slice(&body).unwrap_or_default())
}

async fn founder(address: &str, link: &str) -> anyhow::Result<String> {
    let form = "email=f%40example.org&handle=founder&display_name=Founder&password=correct+horse+battery";
    post(&format!("http://{address}{link}"), "", "application/x-www-form-urlencoded", form.to_owned()).await?;
    let body = json!({ "email": "f@example.org", "password": "correct horse battery" }).to_string();
    let tokens = post(&format!("http://{address}/api/v1/auth/tokens"), "", "application/json", body).await?;
    Ok(tokens["access_token"].as_str().context("a token")?.to_owned())
}

async fn thread(address: &str, token: &str) -> anyhow::Result<String> {
    let api = format!("http://{address}/api/v1/forum");
    let send = async |path: &str, body: Value| {
        post(&format!("{api}{path}"), token, "application/json", body.to_string()).await
    };
    let mut category = Err(anyhow::anyhow!("not tried"));
    for _ in 0..50 {
        // The founder's role arrives by an event, a moment after the account.
        category = send("/categories", json!({ "slug": "bench", "name": "Bench" })).await;
        if category.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let category = category?["id"].clone();
    let body = json!({ "category_id": category, "title": "Measured", "body": "The first." });
    let thread = send("/threads", body).await?["id"].as_str().context("a thread")?.to_owned();
    for n in 0..POSTS {
        let body = json!({ "body": format!("Reply *{n}* with a [link](https://example.org) and `code`.") });
        send(&format!("/threads/{thread}/posts"), body).await?;
    }
    Ok(thread)
}
