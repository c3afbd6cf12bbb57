//! A story in three beats: when something happens, until a signal comes, then something is so. It ends well only if
//! no event is left lying in a log that somebody listens to.
//!
//! What may not enter: stores, modules, engines. Logs come as the kernel's port, and places as whoever knows them.

use crate::patience::{PATIENCE, within};
use async_trait::async_trait;
use kernel::{Event, EventLog, Fault, Position, Sequenced};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tokio::time::Instant;

/// Where one subscriber stands: its name, the module it listens to, and the last position of that module's log that
/// is dealt with.
pub type Stand = (String, String, Position);

/// Knows where subscribers stand. Any closure that answers with a future of it does.
#[async_trait]
pub trait Cursors: Send + Sync {
    /// Every subscriber it knows of.
    ///
    /// # Errors
    /// `Unavailable` when whoever keeps the cursors does not answer.
    async fn cursors(&self) -> Result<Vec<Stand>, Fault>;
}

#[async_trait]
impl<F, W> Cursors for F
where
    F: Fn() -> W + Send + Sync,
    W: Future<Output = Result<Vec<Stand>, Fault>> + Send,
{
    async fn cursors(&self) -> Result<Vec<Stand>, Fault> {
        self().await
    }
}

/// A story about modules and their logs. Every failure tells it up to there.
///
/// ```ignore
/// let mut story = Scenario::default().log("auth", auth).subscribers(move || cursors_of(store.clone()));
/// story.when("Ada takes another name", async { ada.renames("Countess").await }).await;
/// story.until_heard().await;
/// story.then("her posts show it", async { page().await.contains("Countess") }).await;
/// story.finish().await;
/// ```
#[must_use = "a story ends with `finish().await`, which is where an undrained log shows"]
#[derive(Default)]
pub struct Scenario {
    logs: BTreeMap<String, Log>,
    subscribers: Vec<Box<dyn Cursors>>,
    story: Vec<String>,
    finished: bool,
}

/// One module's log, and how far the story has followed it.
struct Log {
    events: Arc<dyn EventLog>,
    seen: Position,
    needs_listener: bool,
}

impl Scenario {
    /// `module`'s log, which somebody must listen to: the story cannot end while its events are unheard.
    pub fn log(self, module: &str, events: Arc<dyn EventLog>) -> Self {
        self.with(module, events, true)
    }

    /// `module`'s log where nobody need listen, for [`Scenario::until`]. Whoever does listen must have heard it all.
    pub fn signals(self, module: &str, events: Arc<dyn EventLog>) -> Self {
        self.with(module, events, false)
    }

    /// Somebody who knows where subscribers stand. May be said several times, such as once for each module's store.
    pub fn subscribers(mut self, cursors: impl Cursors + 'static) -> Self {
        self.subscribers.push(Box::new(cursors));
        self
    }

    fn with(mut self, module: &str, events: Arc<dyn EventLog>, needs_listener: bool) -> Self {
        self.logs.insert(module.to_owned(), Log { events, seen: Position::START, needs_listener });
        self
    }

    /// Something happens. Signals awaited from now on are those that come after it began.
    ///
    /// # Panics
    /// When a log cannot be read.
    pub async fn when<T>(&mut self, what: &str, happens: impl Future<Output = T>) -> T {
        self.story.push(format!("when {what}"));
        for log in self.logs.values_mut() {
            log.seen = head(log).await;
        }
        happens.await
    }

    /// The next event of this kind, such as `forum.reply_posted.v1`, in the log of the module it is named after.
    ///
    /// # Panics
    /// When it has not come within [`PATIENCE`], with the kinds that came instead; when the scenario was not given that log.
    pub async fn until(&mut self, kind: &str) -> Event {
        self.story.push(format!("until {kind}"));
        let module = kind.split('.').next().unwrap_or(kind);
        let found = match self.logs.get_mut(module) {
            Some(log) => next_of(log, kind).await,
            None => self.fail(&format!("the log of `{module}` was not given to the scenario")),
        };
        found.unwrap_or_else(|others| self.fail(&format!("no {kind} came within {PATIENCE:?}, only {others:?}")))
    }

    /// Waits until every subscriber has heard everything.
    ///
    /// # Panics
    /// When somebody has not within [`PATIENCE`], naming them, the log, where they stand and where its head is.
    pub async fn until_heard(&mut self) {
        self.story.push("until everything is heard".to_owned());
        self.drained().await;
    }

    /// Something is so, now that the signal has come.
    ///
    /// # Panics
    /// When it is not.
    pub async fn then(&mut self, what: &str, holds: impl Future<Output = bool>) {
        self.story.push(format!("then {what}"));
        if !holds.await {
            self.fail("it is not so");
        }
    }

    /// Ends the story once every subscriber has heard everything.
    ///
    /// # Panics
    /// As [`Scenario::until_heard`].
    pub async fn finish(mut self) {
        self.finished = true;
        self.story.push("in the end".to_owned());
        self.drained().await;
    }

    async fn drained(&self) {
        let mut unheard = Vec::new();
        let heard = within(PATIENCE, async || {
            unheard = self.unheard().await;
            unheard.is_empty().then_some(())
        });
        if heard.await.is_none() {
            self.fail(&unheard.join("; "));
        }
    }

    /// What is left lying, in words. The cursors are read before the heads: an event in between shows as unheard, so
    /// that an empty answer is true of one moment, also when handling one log's event writes to another log.
    async fn unheard(&self) -> Vec<String> {
        let mut stands = Vec::new();
        for subscribers in &self.subscribers {
            stands.extend(subscribers.cursors().await.expect("the cursors can be read"));
        }
        let mut unheard = Vec::new();
        for (subscriber, source, at) in &stands {
            let Some(log) = self.logs.get(source) else {
                unheard.push(format!("`{subscriber}` listens to `{source}`, whose log was not given to the scenario"));
                continue;
            };
            let head = head(log).await;
            if *at < head {
                unheard.push(format!("`{subscriber}` stands at {at} in the log of `{source}`, whose head is {head}"));
            }
        }
        for (module, log) in self.logs.iter().filter(|(_, log)| log.needs_listener) {
            let head = head(log).await;
            if head > Position::START && !stands.iter().any(|(_, source, _)| source == module) {
                unheard.push(format!("nobody listens to the log of `{module}`, whose head is {head}"));
            }
        }
        unheard
    }

    fn fail(&self, verdict: &str) -> ! {
        panic!("{}: {verdict}", self.story.join(", "));
    }
}

impl Drop for Scenario {
    fn drop(&mut self) {
        // A test that fails already has its own reason to tell.
        if !self.finished && !thread::panicking() {
            self.fail("the story was dropped before `finish().await`");
        }
    }
}

async fn head(log: &Log) -> Position {
    log.events.read(Position(i64::MAX), 1, Duration::ZERO).await.expect("the log can be read").head
}

/// The next event of this kind behind what was seen; else the kinds that came instead.
async fn next_of(log: &mut Log, kind: &str) -> Result<Event, Vec<String>> {
    let end = Instant::now() + PATIENCE;
    let mut others = Vec::new();
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let batch = log.events.read(log.seen, 100, left).await.expect("the log can be read");
        if batch.events.is_empty() {
            return Err(others);
        }
        for Sequenced { position, event } in batch.events {
            log.seen = position;
            if event.kind == kind {
                return Ok(event);
            }
            others.push(event.kind);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{InMemoryLog, ManualClock, SequentialIds};
    use futures::FutureExt;
    use kernel::{Clock, Ids, TenantId};
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicI64, Ordering};

    /// A log called `garden` and one subscriber to it.
    struct Garden {
        log: Arc<InMemoryLog>,
        heard: Arc<AtomicI64>,
        ids: SequentialIds,
    }

    impl Garden {
        fn new() -> Self {
            Self { log: Arc::default(), heard: Arc::default(), ids: SequentialIds::default() }
        }

        fn tells(&self, kind: &str) {
            self.log.append(Event {
                id: self.ids.next(),
                source: "garden".to_owned(),
                kind: kind.to_owned(),
                key: String::new(),
                tenant: TenantId::FIRST,
                time: ManualClock::default().now(),
                actor: "guest".to_owned(),
                operation: "garden.grow".to_owned(),
                request_id: "request".to_owned(),
                trace: None,
                data: serde_json::Value::Null,
            });
        }

        fn hears(&self, position: i64) {
            self.heard.store(position, Ordering::SeqCst);
        }

        fn story(&self) -> Scenario {
            let heard = Arc::clone(&self.heard);
            self.story_without_subscribers().subscribers(move || {
                let stand = ("bees.flowers".to_owned(), "garden".to_owned(), Position(heard.load(Ordering::SeqCst)));
                std::future::ready(Ok(vec![stand]))
            })
        }

        fn story_without_subscribers(&self) -> Scenario {
            Scenario::default().log("garden", Arc::clone(&self.log) as Arc<dyn EventLog>)
        }
    }

    /// What the story fails with.
    async fn failure(story: impl Future<Output = ()>) -> String {
        let panic = AssertUnwindSafe(story).catch_unwind().await.expect_err("the story fails");
        *panic.downcast::<String>().expect("a failure has words")
    }

    #[tokio::test]
    async fn story_ends_well_once_everything_is_heard() {
        let garden = Garden::new();
        let mut story = garden.story();
        garden.tells("garden.flower_opened.v1");
        let more = story.when("a second flower opens", async { garden.tells("garden.flower_opened.v1") });
        more.await;
        story.until("garden.flower_opened.v1").await;
        let hearing = async { garden.hears(2) };
        tokio::join!(story.until_heard(), hearing);
        story.then("the bees have come", async { garden.heard.load(Ordering::SeqCst) == 2 }).await;
        story.finish().await;
    }

    #[tokio::test(start_paused = true)]
    async fn undrained_log_fails_and_names_who_stands_where() {
        let garden = Garden::new();
        (0..3).for_each(|_| garden.tells("garden.flower_opened.v1"));
        garden.hears(1);
        let words = failure(garden.story().finish()).await;
        assert_eq!(words, "in the end: `bees.flowers` stands at 1 in the log of `garden`, whose head is 3");
    }

    #[test]
    #[should_panic(expected = "the story was dropped before `finish().await`")]
    fn story_dropped_unfinished_fails() {
        let _unfinished = Garden::new().story();
    }

    #[test]
    fn test_that_fails_already_keeps_its_own_reason() {
        let panic = catch_unwind(|| {
            let _unfinished = Garden::new().story();
            panic!("the first reason");
        });
        assert_eq!(panic.unwrap_err().downcast_ref::<&str>(), Some(&"the first reason"));
    }

    #[tokio::test(start_paused = true)]
    async fn log_without_any_listener_is_undrained_unless_it_only_gives_signals() {
        let garden = Garden::new();
        garden.tells("garden.flower_opened.v1");
        let words = failure(garden.story_without_subscribers().finish()).await;
        assert_eq!(words, "in the end: nobody listens to the log of `garden`, whose head is 1");
        Scenario::default().signals("garden", Arc::clone(&garden.log) as Arc<dyn EventLog>).finish().await;
    }

    #[tokio::test(start_paused = true)]
    async fn subscriber_to_a_log_nobody_gave_is_named() {
        let stand = || std::future::ready(Ok(vec![("a.b".to_owned(), "c".to_owned(), Position::START)]));
        let words = failure(Scenario::default().subscribers(stand).finish()).await;
        assert_eq!(words, "in the end: `a.b` listens to `c`, whose log was not given to the scenario");
    }

    #[tokio::test(start_paused = true)]
    async fn signal_from_before_the_stimulus_does_not_count() {
        let garden = Garden::new();
        garden.tells("garden.flower_opened.v1");
        let mut story = garden.story();
        let words = failure(async {
            story.when("it rains", async { garden.tells("garden.rained.v1") }).await;
            story.until("garden.flower_opened.v1").await;
        });
        let words = words.await;
        assert!(words.starts_with("when it rains, until garden.flower_opened.v1: no "), "{words}");
        assert!(words.ends_with("only [\"garden.rained.v1\"]"), "{words}");
        garden.hears(2);
        story.finish().await;
    }

    #[tokio::test]
    async fn what_is_not_so_fails_with_the_whole_story() {
        let garden = Garden::new();
        let mut story = garden.story();
        let words = failure(async {
            story.when("nothing happens", async {}).await;
            story.then("there is honey", async { false }).await;
        });
        assert_eq!(words.await, "when nothing happens, then there is honey: it is not so");
        story.finish().await;
    }
}
