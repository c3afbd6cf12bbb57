//! Positions, where transactions write at the same time: in order however much was left lying, and cheap however many
//! dead rows there are.

use crate::notes::{Note, Notebook, told};
use kernel::{Event, EventLog, Ids, Position};
use rstest::rstest;
use sea_orm::{ConnectionTrait, TransactionTrait};
use std::time::Duration;
use store::{Outbox, Store, placeholders, statement};
use testkit::Engine;

const NOW: Duration = Duration::ZERO;

/// Writes events straight into the outbox, as commits that nobody has read yet would have.
async fn pile_up(book: &Notebook, events: usize) {
    let store = &book.store;
    for from in (0..events).step_by(500) {
        let here = (events - from).min(500);
        let mut values = Vec::with_capacity(here * 3);
        for n in from..from + here {
            let event = Event {
                id: book.ids.next(),
                source: "notes".into(),
                kind: "notes.written.v1".into(),
                key: "k".into(),
                tenant: kernel::TenantId::FIRST,
                time: kernel::Clock::now(book.clock.as_ref()),
                actor: "service:tests".into(),
                operation: "notes.write_note".into(),
                request_id: "request".into(),
                trace: None,
                data: serde_json::json!({ "text": n.to_string() }),
            };
            let text = serde_json::to_string(&event).unwrap();
            values.extend([event.id.into(), event.kind.into(), text.into()]);
        }
        let insert = format!("INSERT INTO outbox (event_id, kind, event) VALUES {}", placeholders(here, 3));
        store.note(statement(store.backend(), insert, values)).await.unwrap();
    }
}

#[rstest]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn what_was_left_lying_for_long_is_numbered_in_its_order(#[case] engine: Engine) {
    const EVENTS: usize = 12_345;
    let Some(book) = Notebook::on(engine).await else { return };
    pile_up(&book, EVENTS).await;
    book.write("k", &EVENTS.to_string()).await;
    let log = Outbox::of(&book.store);
    assert_eq!(log.head().await.unwrap(), Position(i64::try_from(EVENTS).unwrap() + 2));
    let (mut at, mut next) = (Position::START, 0);
    while next <= EVENTS {
        let batch = log.read(at, 1_000, NOW).await.unwrap();
        for found in &batch.events {
            assert_eq!(found.position.0, at.0 + 1);
            at = found.position;
            if found.event.kind == "notes.written.v1" {
                assert_eq!(found.event.data["text"], next.to_string());
                next += 1;
            }
        }
    }
}

#[rstest]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn event_before_and_event_after_it_keep_their_order_when_the_first_commits_late(#[case] engine: Engine) {
    let Some(book) = Notebook::on(engine).await else { return };
    let log = Outbox::of(&book.store);
    let elsewhere = book.elsewhere().await;
    // The first event has its place and is not committed yet, while others come and are numbered.
    let late = elsewhere.primary().begin().await.unwrap();
    let insert = "INSERT INTO outbox (event_id, kind, event) SELECT $1, kind, event FROM outbox WHERE seq = 1";
    book.write("k", "before").await;
    late.execute_raw(statement(elsewhere.backend(), insert, [book.ids.next().into()])).await.unwrap();
    book.write("k", "between").await;
    assert_eq!(log.head().await.unwrap(), Position(4));
    // Then it commits, and what follows from it commits too before anybody looks.
    late.commit().await.unwrap();
    book.write("k", "after").await;
    let batch = log.read(Position(4), 10, NOW).await.unwrap();
    let texts: Vec<_> = batch.events.iter().filter_map(|e| e.event.data["text"].as_str()).collect();
    assert_eq!(texts, ["before", "after"]);
}

/// How many index entries scans of the outbox have read, dead ones too.
async fn entries_read(store: &Store) -> i64 {
    let count = "SELECT SUM(idx_tup_read)::bigint AS n FROM pg_stat_user_indexes WHERE relname = 'outbox'";
    let row = store.primary().query_one_raw(statement(store.backend(), count, [])).await.unwrap().unwrap();
    row.try_get("", "n").unwrap()
}

#[tokio::test]
async fn look_stays_cheap_while_an_old_snapshot_keeps_every_dead_row() {
    const EVENTS: i64 = 6_000;
    const LOOKS: i64 = 300;
    let Some(book) = Notebook::on(Engine::Postgres).await else { return };
    book.write("k", "first").await;
    let holder = book.elsewhere().await;
    let held = holder.primary().begin().await.unwrap();
    held.execute_unprepared("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").await.unwrap();
    held.execute_unprepared("SET LOCAL idle_in_transaction_session_timeout = 0").await.unwrap();
    held.execute_unprepared("SELECT count(*) FROM notes").await.unwrap();

    pile_up(&book, usize::try_from(EVENTS).unwrap()).await;
    let log = Outbox::of(&book.store);
    assert_eq!(log.head().await.unwrap(), Position(EVENTS + 2));
    let vacuum = "VACUUM outbox";
    holder.primary().execute_unprepared(vacuum).await.unwrap();

    let busy = book.elsewhere().await;
    let log = Outbox::of(&busy);
    log.head().await.unwrap();
    // A connection that ends has told all its counts.
    book.store.close().await;
    let before = entries_read(&holder).await;
    let began = std::time::Instant::now();
    for n in 0..LOOKS {
        let note = Note { id: book.ids.next(), text: format!("note {n}"), version: 1 };
        busy.commit(book.permit(), note, vec![told("k", "x")], ()).await.unwrap();
        assert_eq!(log.head().await.unwrap(), Position(EVENTS + 2 + 2 * (n + 1)));
    }
    let searches = i64::try_from(began.elapsed().as_secs()).unwrap() + 2;
    busy.close().await;
    let read = entries_read(&holder).await - before;
    // A walk over the dead entries reads two for each event. Only the search that comes once a second may do that.
    assert!(read < LOOKS * 100 + searches * EVENTS * 2, "{LOOKS} looks and {searches} searches read {read} entries");
    held.rollback().await.unwrap();
}
