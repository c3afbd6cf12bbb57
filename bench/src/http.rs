//! A hot read and an authorised, audited create over HTTP, each beside the bare server, in alternating rounds.

use crate::driver::{Load, Outcome, drive};
use crate::row;
use crate::stage::Stage;
use hyper::Method;
use std::time::Duration;

const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(3);
const CONNECTIONS: usize = 16;

pub(crate) async fn measure(stage: &Stage) -> anyhow::Result<()> {
    let thread = &stage.thread;
    let read = Load {
        address: stage.polity.clone(),
        method: Method::GET,
        path: format!("/api/v1/forum/threads/{thread}?limit=20"),
        token: String::new(),
        body: None,
        may_be_busy: false,
    };
    let bare_read = Load { address: stage.bare.clone(), path: format!("/threads/{thread}"), ..read.clone() };
    compare("hot read, guest (thread with 20 posts)", &read, &bare_read).await?;
    let member = Load { token: stage.token.clone(), ..read.clone() };
    compare("hot read, member (thread with 20 posts)", &member, &bare_read).await?;
    let create = Load {
        method: Method::POST,
        path: format!("/api/v1/forum/threads/{thread}/posts"),
        token: stage.token.clone(),
        body: Some(r#"{"body":"A reply of *ordinary* length, with a [link](https://example.org)."}"#.to_owned()),
        ..read
    };
    let bare_create = Load { address: stage.bare.clone(), path: format!("/threads/{thread}/posts"), ..create.clone() };
    compare("authorised, audited create", &create, &bare_create).await
}

async fn compare(what: &str, polity: &Load, peer: &Load) -> anyhow::Result<()> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(drive(polity, CONNECTIONS, ROUND).await?);
        theirs.push(drive(peer, CONNECTIONS, ROUND).await?);
    }
    let (ours, theirs) = (median(ours), median(theirs));
    let rate = |outcome: &Outcome| format!("{:.0}/s", outcome.per_second);
    row(what, &rate(&ours), &rate(&theirs), Some(ours.per_second / theirs.per_second));
    let tail = |outcome: &Outcome| format!("{:.1}/{:.1} ms", millis(outcome.p50), millis(outcome.p99));
    row("  p50/p99", &tail(&ours), &tail(&theirs), None);
    Ok(())
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn median(mut outcomes: Vec<Outcome>) -> Outcome {
    outcomes.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
    outcomes.swap_remove(outcomes.len() / 2)
}
