//! Live events on their two carriers: server-sent events and WebSocket.

use crate::Follow;
use axum::extract::WebSocketUpgrade;
use axum::extract::ws::{Message, WebSocket};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use kernel::Sequenced;
use std::convert::Infallible;
use std::time::Duration;

/// What one event looks like to a page, if the page is to see it: its name and its data.
pub type Show = fn(&Sequenced, &str) -> Option<(String, serde_json::Value)>;

/// Events after `follow`'s place for which `show` has something to say about `subject`, as server-sent events. Their ids
/// are log positions, so that a browser that reconnects goes on exactly where it was.
pub fn sse(follow: Follow, subject: String, show: Show) -> Response {
    let hello = Event::default().event("hello").id(follow.position().to_string()).data(greeting(&follow).to_string());
    let hello = futures::stream::once(async { Ok::<_, Infallible>(hello) });
    let news = follow.into_stream().filter_map(move |sequenced| {
        let shown = show(&sequenced, &subject).map(|(name, data)| {
            Ok(Event::default().event(name).id(sequenced.position.to_string()).data(data.to_string()))
        });
        std::future::ready(shown)
    });
    let alive = KeepAlive::new().interval(Duration::from_secs(15)).text("still here");
    let mut response = Sse::new(hello.chain(news)).keep_alive(alive).into_response();
    // Proxies that buffer would turn live into late.
    response.headers_mut().insert("x-accel-buffering", axum::http::HeaderValue::from_static("no"));
    response
}

/// What a follower is told first: whether it asked to go on from so long ago that it should look anew.
fn greeting(follow: &Follow) -> serde_json::Value {
    serde_json::json!({ "missed": follow.missed() })
}

/// The same events over a WebSocket, one JSON text message each: `{"id": position, "event": name, "data": …}`.
pub fn socket(upgrade: WebSocketUpgrade, follow: Follow, subject: String, show: Show) -> Response {
    upgrade
        .max_message_size(16 * 1024)
        .on_upgrade(move |socket| async move {
            if let Err(error) = converse(socket, follow, &subject, show).await {
                tracing::debug!(%error, "a live socket ends");
            }
        })
        .into_response()
}

async fn converse(mut socket: WebSocket, mut follow: Follow, subject: &str, show: Show) -> Result<(), axum::Error> {
    let hello = serde_json::json!({ "id": follow.position().0, "event": "hello", "data": greeting(&follow) });
    socket.send(Message::Text(hello.to_string().into())).await?;
    let mut pulse = tokio::time::interval(Duration::from_secs(15));
    loop {
        tokio::select! {
            news = follow.next() => {
                let Ok(Some(sequenced)) = news else { return socket.send(Message::Close(None)).await };
                if let Some((name, data)) = show(&sequenced, subject) {
                    let text = serde_json::json!({ "id": sequenced.position.0, "event": name, "data": data });
                    socket.send(Message::Text(text.to_string().into())).await?;
                }
            }
            // Nothing is expected from the other side but its pongs and its good-bye.
            said = socket.recv() => match said {
                Some(Ok(Message::Close(_))) | None => return Ok(()),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error),
            },
            _ = pulse.tick() => socket.send(Message::Ping(bytes::Bytes::new())).await?,
        }
    }
}
