//! What the field already paid for: late commits, crashes, two listeners, dying publishers, poison.

use crate::notes::{Note, Notebook, told};
use kernel::{Caller, Event, EventLog, Fault, Ids, Late, Position, reasons};
use rstest::rstest;
use sea_orm::{ConnectionTrait, TransactionTrait};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::{FeedOptions, Outbox, Store, Subscriber, Subscription, run_subscription, statement};
use testkit::{Engine, eventually};
use tokio_util::sync::CancellationToken;

/// Copies every note it hears of into its own table, committing the delivery with the copy.
struct Copier {
    book: Arc<Notebook>,
    heard: Mutex<Vec<String>>,
    /// Texts that cannot be copied.
    poison: Mutex<BTreeSet<String>>,
    /// Whether what it depends on is away.
    away: Mutex<bool>,
}

impl Copier {
    fn new(book: Arc<Notebook>) -> Arc<Self> {
        Arc::new(Self { book, heard: Mutex::default(), poison: Mutex::default(), away: Mutex::default() })
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

#[async_trait::async_trait]
impl Subscriber for Copier {
    async fn on_event(&self, caller: Caller, event: &Event) -> Result<(), Fault> {
        let text = event.data["text"].as_str().unwrap().to_owned();
        if *self.away.lock().unwrap() {
            return Err(reasons::PORTAL_DOWN.fault());
        }
        if self.poison.lock().unwrap().contains(&text) {
            return Err(Fault::invalid("text", "is poison\u{0}"));
        }
        let copy = format!("{} by {}", text, caller.actor.display_name);
        let note = Note { id: self.book.ids.next(), text: copy, version: 1 };
        self.book.store.commit(self.book.permit_for(&caller), note, vec![], ()).await?;
        self.heard.lock().unwrap().push(text);
        Ok(())
    }
}

/// A subscription running beside the test; it ends with it.
struct Listening {
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Listening {
    fn start(source: &Store, book: &Notebook, name: &'static str, handler: Arc<Copier>) -> Self {
        let stop = CancellationToken::new();
        let subscription =
            Subscription { subscriber: name, source: "notes", wants: |kind| kind == "notes.written.v1", handler };
        let log: Late<dyn EventLog> = Late::ready(Arc::new(Outbox::of(source)));
        let options = FeedOptions { wait: Duration::from_millis(100), max_attempts: 3, ..FeedOptions::default() };
        let task = tokio::spawn(run_subscription(book.store.clone(), log, subscription, options, stop.clone()));
        Self { stop, task }
    }

    async fn end(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

/// A publisher's and a subscriber's database.
async fn two(engine: Engine) -> Option<(Arc<Notebook>, Arc<Notebook>)> {
    Some((Arc::new(Notebook::on(engine).await?), Arc::new(Notebook::on(engine).await?)))
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn event_whose_transaction_commits_late_reaches_every_subscriber(#[case] engine: Engine) {
    let Some((publisher, subscriber)) = two(engine).await else { return };
    let (one, two) = (Copier::new(subscriber.clone()), Copier::new(subscriber.clone()));
    let listening = [
        Listening::start(&publisher.store, &subscriber, "notes.one", one.clone()),
        Listening::start(&publisher.store, &subscriber, "notes.two", two.clone()),
    ];
    // Event 100 is written and held open; 101 commits first, where the engine lets two transactions write at once.
    let late = hold_an_event(&publisher, "late").await;
    if engine != Engine::Sqlite {
        publisher.write("k", "early").await;
        eventually("both hear the early one", async || one.heard() == ["early"] && two.heard() == ["early"]).await;
        late.commit().await.unwrap();
    } else {
        late.commit().await.unwrap();
        publisher.write("k", "early").await;
    }
    for copier in [&one, &two] {
        eventually("both events arrive", async || copier.heard().len() == 2).await;
        assert!(copier.heard().contains(&"late".to_owned()));
    }
    for listener in listening {
        listener.end().await;
    }
}

/// An open transaction that has written an event, with whatever the engine's commits write beside it.
async fn hold_an_event(book: &Notebook, text: &str) -> sea_orm::DatabaseTransaction {
    let store = book.elsewhere().await;
    let tx = store.primary().begin().await.unwrap();
    let event = Event {
        id: book.ids.next(),
        source: "notes".into(),
        kind: "notes.written.v1".into(),
        key: "held".into(),
        tenant: kernel::TenantId::FIRST,
        time: kernel::Clock::now(book.clock.as_ref()),
        actor: "service:tests".into(),
        operation: "notes.write_note".into(),
        request_id: "request".into(),
        trace: None,
        data: serde_json::json!({ "text": text }),
    };
    let mut position = None::<i64>;
    if store.backend() == sea_orm::DbBackend::Sqlite {
        let take = "UPDATE outbox_head SET position = position + 1 RETURNING position";
        let row = tx.query_one_raw(statement(store.backend(), take, [])).await.unwrap().unwrap();
        position = Some(row.try_get("", "position").unwrap());
    }
    let insert = "INSERT INTO outbox (position, event_id, kind, event) VALUES ($1, $2, $3, $4)";
    let text = serde_json::to_string(&event).unwrap();
    let values = [position.into(), event.id.into(), event.kind.as_str().into(), text.into()];
    tx.execute_raw(statement(store.backend(), insert, values)).await.unwrap();
    tx
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn cursor_lost_after_the_effect_has_no_second_effect(#[case] engine: Engine) {
    let Some((publisher, subscriber)) = two(engine).await else { return };
    let copier = Copier::new(subscriber.clone());
    publisher.write("k", "once").await;
    let listening = Listening::start(&publisher.store, &subscriber, "notes.one", copier.clone());
    eventually("the copy is made", async || subscriber.count("notes").await == 1).await;
    listening.end().await;
    // As if the process had died between an effect committed elsewhere and its cursor.
    subscriber.store.primary().execute_unprepared("UPDATE cursors SET position = 0").await.unwrap();
    publisher.write("k", "next").await;
    let listening = Listening::start(&publisher.store, &subscriber, "notes.one", copier.clone());
    eventually("the next one arrives", async || copier.heard().contains(&"next".to_owned())).await;
    listening.end().await;
    assert_eq!(copier.heard(), ["once", "next"]);
    assert_eq!(subscriber.count("notes").await, 2);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn two_processes_with_one_subscription_have_one_effect(#[case] engine: Engine) {
    let Some((publisher, subscriber)) = two(engine).await else { return };
    for n in 0..20 {
        publisher.write("k", &format!("note {n:02}")).await;
    }
    let copiers = [Copier::new(subscriber.clone()), Copier::new(subscriber.clone())];
    let listening = copiers.clone().map(|c| Listening::start(&publisher.store, &subscriber, "notes.one", c));
    eventually("every note is copied", async || subscriber.count("notes").await == 20).await;
    for listener in listening {
        listener.end().await;
    }
    assert_eq!(copiers[0].heard().len() + copiers[1].heard().len(), 20);
    assert_eq!(subscriber.count("inbox").await, 20);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn same_event_is_handled_by_two_modules_of_one_process(#[case] engine: Engine) {
    let Some((publisher, subscriber)) = two(engine).await else { return };
    publisher.write("k", "for both").await;
    let (one, two) = (Copier::new(subscriber.clone()), Copier::new(subscriber.clone()));
    let listening = [
        Listening::start(&publisher.store, &subscriber, "notes.one", one.clone()),
        Listening::start(&publisher.store, &subscriber, "notes.two", two.clone()),
    ];
    eventually("both hear it", async || one.heard() == ["for both"] && two.heard() == ["for both"]).await;
    assert_eq!(subscriber.count("notes").await, 2);
    for listener in listening {
        listener.end().await;
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn another_instance_delivers_what_a_dead_publisher_committed(#[case] engine: Engine) {
    let Some((publisher, subscriber)) = two(engine).await else { return };
    publisher.write("k", "last words").await;
    publisher.store.close().await;
    let heir = publisher.elsewhere().await;
    let copier = Copier::new(subscriber.clone());
    let listening = Listening::start(&heir, &subscriber, "notes.one", copier.clone());
    eventually("the last words arrive", async || copier.heard() == ["last words"]).await;
    listening.end().await;
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn poison_holds_up_its_own_key_only_and_dies_in_the_end(#[case] engine: Engine) {
    let Some((publisher, subscriber)) = two(engine).await else { return };
    let copier = Copier::new(subscriber.clone());
    copier.poison.lock().unwrap().insert("poison".into());
    for (key, text) in [("a", "poison"), ("a", "after poison"), ("b", "healthy")] {
        publisher.write(key, text).await;
    }
    let listening = Listening::start(&publisher.store, &subscriber, "notes.one", copier.clone());
    eventually("the other key goes on", async || copier.heard() == ["healthy"]).await;
    assert_eq!(subscriber.count("parked").await, 2);
    eventually("the poison dies and its key goes on", async || {
        subscriber.clock.advance(Duration::from_mins(2));
        copier.heard() == ["healthy", "after poison"]
    })
    .await;
    let letters = subscriber.store.dead_letters().await.unwrap();
    assert_eq!((letters.len(), letters[0].attempts), (1, 3));
    assert!(letters[0].error.contains("is poison"), "{}", letters[0].error);
    copier.poison.lock().unwrap().clear();
    assert!(subscriber.store.redrive(&letters[0]).await.unwrap());
    assert!(!subscriber.store.redrive(&letters[0]).await.unwrap(), "a second redrive finds nothing");
    eventually("the antidote works", async || copier.heard().len() == 3).await;
    listening.end().await;
    assert_eq!(subscriber.count("dead_letters").await, 0);
    assert_eq!(subscriber.count("parked").await, 0);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn parked_event_that_was_handled_before_is_parked_no_more(#[case] engine: Engine) {
    let Some((publisher, subscriber)) = two(engine).await else { return };
    let copier = Copier::new(subscriber.clone());
    publisher.write("k", "once").await;
    let listening = Listening::start(&publisher.store, &subscriber, "notes.one", copier.clone());
    eventually("the copy is made", async || copier.heard() == ["once"]).await;
    listening.end().await;
    // The log was restored from a backup: the event comes again under another position, and fails there once.
    let insert = "INSERT INTO parked (subscriber, source, position, ordering_key, event, attempts, next_attempt_at, \
                  error) VALUES ('notes.one', 'notes', 99, 'k', $1, 1, $2, 'poison')";
    let event = Outbox::of(&publisher.store).read(Position::START, 1, Duration::ZERO).await.unwrap().events.remove(0);
    let values =
        [serde_json::to_string(&event.event).unwrap().into(), kernel::Clock::now(subscriber.clock.as_ref()).into()];
    subscriber.store.note(statement(subscriber.store.backend(), insert, values)).await.unwrap();
    publisher.write("k", "next").await;
    let listening = Listening::start(&publisher.store, &subscriber, "notes.one", copier.clone());
    eventually("the next one of its key arrives", async || {
        subscriber.clock.advance(Duration::from_mins(2));
        copier.heard() == ["once", "next"]
    })
    .await;
    listening.end().await;
    assert_eq!((subscriber.count("parked").await, subscriber.count("dead_letters").await), (0, 0));
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn error_in_whatever_words_is_kept_with_its_event(#[case] engine: Engine) {
    let Some((publisher, subscriber)) = two(engine).await else { return };
    let copier = Copier::new(subscriber.clone());
    publisher.write("k", "poison").await;
    copier.poison.lock().unwrap().insert("poison".into());
    publisher.write("other", "healthy").await;
    let listening = Listening::start(&publisher.store, &subscriber, "notes.one", copier.clone());
    eventually("the other key goes on", async || copier.heard() == ["healthy"]).await;
    eventually("the poison dies", async || {
        subscriber.clock.advance(Duration::from_mins(2));
        subscriber.count("dead_letters").await == 1
    })
    .await;
    listening.end().await;
    let letter = subscriber.store.dead_letters().await.unwrap().remove(0);
    assert!(letter.error.contains("is poison\u{fffd}"), "{}", letter.error);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn dependency_that_is_away_parks_nothing(#[case] engine: Engine) {
    let Some((publisher, subscriber)) = two(engine).await else { return };
    let copier = Copier::new(subscriber.clone());
    *copier.away.lock().unwrap() = true;
    publisher
        .store
        .commit(
            publisher.permit(),
            Note { id: publisher.ids.next(), text: "x".into(), version: 1 },
            vec![told("k", "x")],
            (),
        )
        .await
        .unwrap();
    publisher.write("l", "y").await;
    let listening = Listening::start(&publisher.store, &subscriber, "notes.one", copier.clone());
    eventually("the subscription has begun", async || subscriber.count("cursors").await == 1).await;
    *copier.away.lock().unwrap() = false;
    eventually("everything arrives, in order", async || copier.heard() == ["x", "y"]).await;
    listening.end().await;
    assert_eq!(subscriber.count("parked").await, 0);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn outbox_passes_the_suite_of_every_log(#[case] engine: Engine) {
    let Some(book) = Notebook::on(engine).await else { return };
    let log = Outbox::of(&book.store);
    assert_eq!(log.head().await.unwrap(), Position::START);
    let waiting = log.read(Position::START, 10, Duration::from_secs(10));
    let (batch, _) = tokio::join!(waiting, book.write("k", "wakes"));
    assert_eq!(batch.unwrap().events[0].event.data["text"], "wakes");
    let rest = log.read(Position(2), 10, Duration::ZERO).await.unwrap();
    assert_eq!((rest.events.len(), rest.head), (0, Position(2)));
}
