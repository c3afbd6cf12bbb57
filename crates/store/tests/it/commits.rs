//! One commit: everything or nothing, once.

use crate::notes::{Note, Notebook, TEXT_TAKEN, WRITE_NOTE, told};
use kernel::{
    Actor, AuditEntry, AuditResult, Caller, Delivery, EventLog, Ids, KeepRefusals, Position, Refusal, Refused, Replays,
    TenantId, reasons,
};
use rstest::rstest;
use sea_orm::{ConnectionTrait, TransactionTrait};
use std::future::{self, Future};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use store::Outbox;
use testkit::Engine;

const NOW: Duration = Duration::ZERO;

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn commit_leaves_change_event_audit_and_history(#[case] engine: Engine) {
    let Some(book) = Notebook::on(engine).await else { return };
    let id = book.write("k", "hello").await;
    let batch = Outbox::of(&book.store).read(Position::START, 10, NOW).await.unwrap();
    let kinds: Vec<_> = batch.events.iter().map(|e| (e.position.0, e.event.kind.as_str())).collect();
    assert_eq!(kinds, [(1, "notes.written.v1"), (2, "notes.audit_entry.v1")]);
    let entry: AuditEntry = serde_json::from_value(batch.events[1].event.data.clone()).unwrap();
    assert_eq!(entry.operation, "notes.write_note");
    assert_eq!(entry.changes, [format!("note/{id}@1")]);
    assert_eq!(entry.events, ["notes.written.v1"]);
    assert_eq!(book.store.versions("note", id).await.unwrap().len(), 1);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn entry_names_what_differs_and_digests_it_under_keys_of_the_history(#[case] engine: Engine) {
    let Some(book) = Notebook::on(engine).await else { return };
    let id = book.write("k", "hello").await;
    let caller = Caller {
        on_behalf_of: Some("user:7".into()),
        ..Caller::new(Actor::service(TenantId::FIRST, "tests"), "request")
    };
    let edit = Note { id, text: "bye".into(), version: 2 };
    book.store.commit(book.permit_for(&caller), edit, Vec::new(), ()).await.unwrap();
    let batch = Outbox::of(&book.store).read(Position::START, 10, NOW).await.unwrap();
    let detail = |nth: usize| {
        let entry: AuditEntry = serde_json::from_value(batch.events[nth].event.data.clone()).unwrap();
        entry.detail.unwrap()
    };
    let (made, edited) = (detail(1), detail(2));
    assert_eq!((made.result.name(), edited.on_behalf_of.as_deref()), ("done", Some("user:7")));
    let (made, edited) = (&made.differences[0], &edited.differences[0]);
    assert_eq!((&made.before, made.fields.as_slice()), (&None, ["text".to_owned()].as_slice()));
    assert_eq!((&edited.before, edited.fields.as_slice()), (&made.after, ["text".to_owned()].as_slice()));
    assert!(edited.after.is_some() && edited.after != edited.before);
    assert_eq!(edited.of, format!("note/{id}@2"));
    // The same words in another note have another digest: nobody finds them by trying.
    let other = book.write("k", "other").await;
    let same = Note { id: other, text: "hello".into(), version: 2 };
    book.store.commit(book.permit(), same, Vec::new(), ()).await.unwrap();
    let batch = Outbox::of(&book.store).read(Position(5), 10, NOW).await.unwrap();
    let entry: AuditEntry = serde_json::from_value(batch.events[0].event.data.clone()).unwrap();
    assert_ne!(entry.detail.unwrap().differences[0].after, made.after);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn refusals_are_told_in_the_log_under_a_kind_of_their_own(#[case] engine: Engine) {
    let Some(book) = Notebook::on(engine).await else { return };
    let refusal = Refusal {
        operation: &WRITE_NOTE,
        caller: Caller::new(Actor::guest(TenantId::FIRST), "request"),
        resource: "Note".into(),
        reason: "access.log_in".into(),
        policies: Vec::new(),
    };
    let refused = Refused { refusal, at: book.store.clock().now(), times: 3 };
    book.store.keep_refusals(&[refused.clone(), refused]).await.unwrap();
    let batch = Outbox::of(&book.store).read(Position::START, 10, NOW).await.unwrap();
    let kinds: Vec<_> = batch.events.iter().map(|e| (e.position.0, e.event.kind.as_str())).collect();
    assert_eq!(kinds, [(1, "notes.audit_refusal.v1"), (2, "notes.audit_refusal.v1")]);
    let entry: AuditEntry = serde_json::from_value(batch.events[0].event.data.clone()).unwrap();
    assert_eq!((entry.actor.as_str(), entry.module.as_str()), ("guest", "notes"));
    assert_eq!(entry.result(), AuditResult::Refused { reason: "access.log_in".into(), times: 3 });
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn refused_commit_leaves_nothing(#[case] engine: Engine) {
    let Some(book) = Notebook::on(engine).await else { return };
    book.write("k", "taken").await;
    let events_before = book.count("outbox").await;
    let note = Note { id: book.ids.next(), text: "taken".into(), version: 1 };
    let permit = book.permit_with("scope", "print");
    let fault = book.store.commit(permit, note, vec![told("k", "taken")], ()).await.unwrap_err();
    assert!(fault.is(&TEXT_TAKEN), "{fault}");
    assert_eq!(book.count("notes").await, 1);
    assert_eq!(book.count("outbox").await, events_before);
    assert_eq!(book.count("replays").await, 0);
    assert_eq!(book.count("history").await, 1);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn decision_on_an_old_version_is_stale(#[case] engine: Engine) {
    let Some(book) = Notebook::on(engine).await else { return };
    let id = book.write("k", "one").await;
    let second = |text: &str| Note { id, text: text.to_owned(), version: 2 };
    book.store.commit(book.permit(), second("two"), vec![], ()).await.unwrap();
    let fault = book.store.commit(book.permit(), second("other"), vec![], ()).await.unwrap_err();
    assert!(fault.is(&reasons::STALE), "{fault}");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn history_tells_what_held_when(#[case] engine: Engine) {
    let Some(book) = Notebook::on(engine).await else { return };
    let before = kernel::Clock::now(book.clock.as_ref());
    book.clock.advance(Duration::from_mins(1));
    let id = book.write("k", "one").await;
    let first = kernel::Clock::now(book.clock.as_ref());
    book.clock.advance(Duration::from_mins(1));
    let note = Note { id, text: "two".into(), version: 2 };
    book.store.commit(book.permit(), note, vec![], ()).await.unwrap();
    let second = kernel::Clock::now(book.clock.as_ref());
    let text = async |at| {
        let version = book.store.as_of("note", id, at).await.unwrap();
        version.map(|v| v.state.unwrap()["text"].as_str().unwrap().to_owned())
    };
    assert_eq!(text(before).await, None);
    assert_eq!(text(first).await.as_deref(), Some("one"));
    assert_eq!(text(second).await.as_deref(), Some("two"));
    let versions = book.store.versions("note", id).await.unwrap();
    assert_eq!(versions[0].valid_to, Some(second));
    assert_eq!(versions[1].valid_to, None);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn ten_commits_under_one_key_have_one_effect(#[case] engine: Engine) {
    let Some(book) = Notebook::on(engine).await else { return };
    let attempts = (0..10).map(|n| {
        let note = Note { id: book.ids.next(), text: format!("note {n}"), version: 1 };
        book.store.commit(book.permit_with("one key", "print"), note, vec![told("k", "x")], n)
    });
    let outcomes = futures::future::join_all(attempts).await;
    let winners: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().ok()).collect();
    assert_eq!(winners.len(), 1, "{outcomes:?}");
    assert!(outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).all(|fault| fault.is(&reasons::STALE)));
    let kept = book.store.recall("one key").await.unwrap().unwrap();
    assert_eq!(kept.answer, serde_json::json!(winners[0]));
    assert_eq!(book.count("notes").await, 1);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn positions_are_dense_and_in_order_however_commits_race(#[case] engine: Engine) {
    const WRITERS: usize = 8;
    const NOTES: usize = 25;
    let Some(book) = Notebook::on(engine).await else { return };
    let reader = async {
        let log = Outbox::of(&book.store);
        let (mut seen, mut at) = (Vec::new(), Position::START);
        while seen.len() < WRITERS * NOTES * 2 {
            let batch = log.read(at, 7, Duration::from_secs(5)).await.unwrap();
            assert!(!batch.events.is_empty(), "events are missing after {at}");
            at = batch.events.last().unwrap().position;
            seen.extend(batch.events);
        }
        seen
    };
    let book_ref = &book;
    let writers = futures::future::join_all((0..WRITERS).map(|w| async move {
        for n in 0..NOTES {
            book_ref.write(&format!("writer {w}"), &format!("{w}-{n:03}")).await;
        }
    }));
    let (seen, _) = tokio::join!(reader, writers);
    let positions: Vec<_> = seen.iter().map(|e| e.position.0).collect();
    assert_eq!(positions, (1..=i64::try_from(WRITERS * NOTES * 2).unwrap()).collect::<Vec<_>>());
    for w in 0..WRITERS {
        let texts: Vec<_> = seen
            .iter()
            .filter(|e| e.event.key == format!("writer {w}"))
            .map(|e| e.event.data["text"].clone())
            .collect();
        assert!(texts.is_sorted_by_key(|t| t.as_str().unwrap().to_owned()), "writer {w} is out of order: {texts:?}");
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn abandoned_commit_leaves_no_transaction_open(#[case] engine: Engine) {
    let Some(book) = Notebook::on(engine).await else { return };
    let elsewhere = book.elsewhere().await;
    for n in 0_u64..60 {
        let note = Note { id: book.ids.next(), text: format!("abandoned {n}"), version: 1 };
        let commit = book.store.commit(book.permit(), note, vec![told("k", "x")], ());
        // Whoever waits goes away somewhere between the first word to the database and the last.
        let _gone = tokio::time::timeout(Duration::from_micros(n * 40), commit).await;
        let kept = store::statement(
            book.store.backend(),
            "INSERT INTO notes (id, text, version) VALUES ($1, $2, 1)",
            [book.ids.next().into(), format!("kept {n}").into()],
        );
        assert_eq!(book.store.note(kept).await.unwrap(), 1);
        let find = "SELECT 1 AS one FROM notes WHERE text = $1";
        let find = store::statement(elsewhere.backend(), find, [format!("kept {n}").into()]);
        let found = elsewhere.primary().query_one_raw(find).await.unwrap();
        assert!(found.is_some(), "the write after abandoned commit {n} is seen by nobody else");
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn work_let_go_at_any_moment_gives_its_connection_back(#[case] engine: Engine) {
    let Some(book) = Notebook::on(engine).await else { return };
    for n in 0..600 {
        // A text that was never sent has to be prepared first; what is said of so many columns comes piecemeal.
        let columns: String = (0..500).map(|column| format!("{n} AS column_{column}, ")).collect();
        let text = format!("SELECT {columns} text FROM notes WHERE text = $1");
        let look = async {
            let work = book.store.primary().begin().await.unwrap();
            let find = store::statement(book.store.backend(), &text, ["anything".into()]);
            work.query_all_raw(find).await.unwrap().len()
        };
        let mut look = pin!(look);
        let mut polls_left = n % 30;
        let _gone = future::poll_fn(|cx| {
            if polls_left == 0 {
                return Poll::Ready(None);
            }
            polls_left -= 1;
            look.as_mut().poll(cx).map(Some)
        })
        .await;
    }
    assert_eq!(book.count("notes").await, 0);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn delivery_of_another_module_commits_at_home(#[case] engine: Engine) {
    let Some(book) = Notebook::on(engine).await else { return };
    let mut caller = Caller::new(Actor::service(TenantId::FIRST, "forum.members"), "request");
    let delivery = Delivery::new("forum.members", "auth", Position(1), book.ids.next(), Some(Position::START));
    caller.delivery = Some(Arc::new(delivery));
    let note = Note { id: book.ids.next(), text: "called over a portal".into(), version: 1 };
    book.store.commit(book.permit_for(&caller), note, vec![], ()).await.unwrap();
    assert_eq!((book.count("notes").await, book.count("inbox").await), (1, 0));
    assert!(caller.delivery.is_some_and(|delivery| !delivery.is_settled()));
}
