//! Open pages that lose their connection: they go on where they were, without a gap and without a double.

use crate::client::Client;
use crate::stack::{Stack, Topology};
use futures::StreamExt;
use futures::stream::BoxStream;
use rstest::rstest;
use serde_json::Value;
use testkit::{Engine, PATIENCE};

/// What an open page is told.
pub(crate) struct Told {
    /// Where it stands in the log: what a page that reconnects names.
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) data: Value,
}

/// An open page's event stream.
pub(crate) struct Page {
    chunks: BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    buffer: String,
    /// The last event's id.
    pub(crate) last: i64,
}

impl Page {
    /// Opens the thread's stream, from now on or from behind the event with this id, and waits until it is open.
    pub(crate) async fn open(client: &Client, thread: &str, after: Option<i64>) -> Self {
        let path = format!("/api/v1/forum/threads/{thread}/live");
        let response = match after {
            Some(id) => client.open_after(&path, id).await,
            None => client.open(&path).await,
        };
        assert_eq!(response.status().as_u16(), 200);
        let mut page = Self { chunks: response.bytes_stream().boxed(), buffer: String::new(), last: 0 };
        assert_eq!(page.next().await.unwrap().name, "hello");
        page
    }

    /// The next event; nothing when the other side has gone.
    pub(crate) async fn next(&mut self) -> Option<Told> {
        loop {
            while let Some(end) = self.buffer.find("\n\n") {
                let event: String = self.buffer.drain(..end + 2).collect();
                let field = |name| event.lines().find_map(|line| line.strip_prefix(name));
                // Without a name it is only a sign of life.
                let Some(name) = field("event: ") else { continue };
                self.last = field("id: ").unwrap().parse().unwrap();
                let data = serde_json::from_str(field("data: ").unwrap()).unwrap();
                return Some(Told { id: self.last, name: name.to_owned(), data });
            }
            let chunk = tokio::time::timeout(PATIENCE, self.chunks.next()).await.expect("nothing came");
            self.buffer.push_str(std::str::from_utf8(&chunk?.ok()?).unwrap());
        }
    }

    /// The post ids of the next `count` replies.
    pub(crate) async fn replies(&mut self, count: usize) -> Vec<String> {
        let mut posts = Vec::new();
        while posts.len() < count {
            let told = self.next().await.expect("the stream ends too early");
            assert_eq!(told.name, "reply_posted");
            posts.push(told.data["post_id"].as_str().unwrap().to_owned());
        }
        posts
    }
}

#[rstest]
#[case::all_in_one(Topology::AllInOne)]
#[case::split(Topology::Split)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page_that_reconnects_sees_every_reply_once(#[case] topology: Topology) {
    const REPLIES: usize = 60;
    let Some(stack) = Stack::start(topology, Engine::Sqlite).await else { return };
    let founder = stack.founder().await;
    let category = founder.category("live").await;
    let thread = founder.thread(&category, "Minute by minute").await;
    let guest = Client::new(&stack.url);

    let mut steady = Page::open(&guest, &thread, None).await;
    let mut restless = Page::open(&guest, &thread, None).await;
    let writer = {
        let (founder, thread) = (founder.clone(), thread.clone());
        tokio::spawn(async move {
            for n in 0..REPLIES {
                founder.reply(&thread, &format!("Minute {n}")).await;
            }
        })
    };
    let mut seen = Vec::new();
    for part in [1, 2, 10, 20, 27] {
        seen.extend(restless.replies(part).await);
        restless = Page::open(&guest, &thread, Some(restless.last)).await;
    }
    writer.await.unwrap();
    let written = founder.posts(&thread).await.split_off(1);
    assert_eq!(written.len(), REPLIES);
    assert_eq!(seen, written);
    assert_eq!(steady.replies(REPLIES).await, written);
    // Both see what comes next, and nothing twice before it.
    let last = founder.reply(&thread, "The end").await["id"].as_str().unwrap().to_owned();
    for page in [&mut steady, &mut restless] {
        assert_eq!(page.replies(1).await, [last.as_str()]);
    }
    assert_eq!(steady.last, restless.last);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_event_has_a_place_of_its_own() {
    let Some(stack) = Stack::start(Topology::AllInOne, Engine::Sqlite).await else { return };
    let founder = stack.founder().await;
    let category = founder.category("kinds").await;
    let thread = founder.thread(&category, "Everything happens here").await;
    let elsewhere = founder.thread(&category, "And nothing here").await;
    let mut page = Page::open(&Client::new(&stack.url), &thread, None).await;
    let post = founder.reply(&thread, "First").await["id"].as_str().unwrap().to_owned();
    founder.reply(&elsewhere, "Not for this page").await;
    founder.put(&format!("/api/v1/forum/posts/{post}"), None, &serde_json::json!({ "body": "Better" })).await.ok();
    let told = [page.next().await.unwrap(), page.next().await.unwrap()];
    assert_eq!(told.each_ref().map(|event| event.name.as_str()), ["reply_posted", "post_edited"]);
    assert!(told[0].id < told[1].id);
    assert!(told.iter().all(|event| event.data["post_id"] == post.as_str()));
}
