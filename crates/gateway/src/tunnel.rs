//! Two upgraded connections joined: bytes both ways until either side ends. What they say is not looked at.
#![expect(
    clippy::disallowed_methods,
    reason = "a tunnel outlives the request that opened it, and ends with either side"
)]

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncWriteExt, copy, split};

/// Joins both sides once both have been upgraded. The task ends with either side and takes the other along.
pub(crate) fn join(client: OnUpgrade, upstream: OnUpgrade) {
    tokio::spawn(async move {
        let (client, upstream) = match tokio::try_join!(client, upstream) {
            Ok((client, upstream)) => (TokioIo::new(client), TokioIo::new(upstream)),
            Err(error) => {
                tracing::debug!(%error, "an upgrade came to nothing");
                return;
            }
        };
        let (mut from_client, mut to_client) = split(client);
        let (mut from_upstream, mut to_upstream) = split(upstream);
        let ended = tokio::select! {
            ended = copy(&mut from_client, &mut to_upstream) => ended,
            ended = copy(&mut from_upstream, &mut to_client) => ended,
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a tunnel broke");
        }
        // One side is gone already, and nothing is left to tell it.
        let _ = tokio::join!(to_client.shutdown(), to_upstream.shutdown());
    });
}
