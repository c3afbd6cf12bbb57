//! What statements must mean the same on every engine: which texts are equal, what fits, what is kept, what is refused.

use crate::notes::{Note, Notebook, told};
use kernel::{Clock, EventLog, Ids, Position, reasons};
use rstest::rstest;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use std::sync::Arc;
use std::time::Duration;
use store::{
    Change, ChangeError, Changed, Outbox, insert_ignoring_duplicates, insert_or_update, read_fault, statement,
};
use testkit::Engine;
use tokio::sync::Barrier;
use uuid::Uuid;

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn texts_are_equal_when_every_letter_is(#[case] engine: Engine) {
    let Some(book) = Notebook::on(engine).await else { return };
    let texts = ["straße", "strasse", "STRASSE", "strasse ", "strásse", "stra\u{301}sse", "🦀", "🦞", ""];
    for text in texts {
        book.write("k", text).await;
    }
    for text in texts {
        let find = statement(book.store.backend(), "SELECT text FROM notes WHERE text = $1", [text.into()]);
        let rows = book.store.primary().query_all_raw(find).await.unwrap();
        let found: Vec<String> = rows.iter().map(|row| row.try_get("", "text").unwrap()).collect();
        assert_eq!(found, [text]);
    }
    let list = statement(book.store.backend(), "SELECT text FROM notes ORDER BY text", []);
    let rows = book.store.primary().query_all_raw(list).await.unwrap();
    let listed: Vec<String> = rows.iter().map(|row| row.try_get("", "text").unwrap()).collect();
    assert!(listed.is_sorted(), "{listed:?}");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn event_of_any_length_is_kept_whole(#[case] engine: Engine) {
    let Some(book) = Notebook::on(engine).await else { return };
    let long = "🦀".repeat(50_000);
    let note = Note { id: book.ids.next(), text: "short".into(), version: 1 };
    let permit = book.permit_with("scope", "print");
    book.store.commit(permit, note, vec![told("k", &long)], long.clone()).await.unwrap();
    let batch = Outbox::of(&book.store).read(Position::START, 1, Duration::ZERO).await.unwrap();
    assert_eq!(batch.events[0].event.data["text"], long.as_str());
    let kept = kernel::Replays::recall(&book.store, "scope").await.unwrap().unwrap();
    assert_eq!(kept.answer, long.as_str());
}

#[rstest]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn text_that_does_not_fit_is_refused_and_not_cut(#[case] engine: Engine) {
    let Some(book) = Notebook::on(engine).await else { return };
    let note = Note { id: book.ids.next(), text: "x".repeat(201), version: 1 };
    book.store.commit(book.permit(), note, vec![], ()).await.unwrap_err();
    assert_eq!(book.count("notes").await, 0);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn versions_a_microsecond_apart_are_told_apart(#[case] engine: Engine) {
    let Some(book) = Notebook::on(engine).await else { return };
    book.clock.advance(Duration::from_micros(123_456));
    let first = book.clock.now();
    let id = book.write("k", "one").await;
    book.clock.advance(Duration::from_micros(1));
    let second = book.clock.now();
    let note = Note { id, text: "two".into(), version: 2 };
    book.store.commit(book.permit(), note, vec![], ()).await.unwrap();
    let versions = book.store.versions("note", id).await.unwrap();
    assert_eq!((versions[0].valid_from, versions[0].valid_to), (first, Some(second)));
    assert_eq!(book.store.as_of("note", id, first).await.unwrap().unwrap().version, 1);
    assert_eq!(book.store.as_of("note", id, second).await.unwrap().unwrap().version, 2);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn row_that_is_there_is_left_alone_or_updated_and_nothing_else_is_forgiven(#[case] engine: Engine) {
    let Some(book) = Notebook::on(engine).await else { return };
    let backend = book.store.backend();
    let id = book.write("k", "first").await;
    let insert = "INSERT INTO notes (id, text, version) VALUES ($1, $2, $3)";
    let run = async |sql: String, id: Uuid, text: Option<&str>| {
        let values = [id.into(), text.map(str::to_owned).into(), 7_i64.into()];
        book.store.primary().execute_raw(statement(backend, sql, values)).await
    };
    let note = async |id: Uuid| {
        let find = statement(backend, "SELECT text, version FROM notes WHERE id = $1", [id.into()]);
        let row = book.store.primary().query_one_raw(find).await.unwrap()?;
        Some((row.try_get::<String>("", "text").unwrap(), row.try_get::<i64>("", "version").unwrap()))
    };
    let ignoring = insert_ignoring_duplicates(backend, insert, "id");
    run(ignoring.clone(), id, Some("second")).await.unwrap();
    run(ignoring.clone(), book.ids.next(), Some("first")).await.unwrap();
    assert_eq!((note(id).await, book.count("notes").await), (Some(("first".to_owned(), 1)), 1));
    let other = book.ids.next();
    run(ignoring.clone(), other, Some("other")).await.unwrap();
    assert_eq!(note(other).await, Some(("other".to_owned(), 7)));
    run(ignoring, book.ids.next(), None).await.unwrap_err();

    run(insert_or_update(backend, insert, "id", &["text"]), id, Some("third")).await.unwrap();
    assert_eq!(note(id).await, Some(("third".to_owned(), 1)));
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn broken_rule_is_called_by_its_name(#[case] engine: Engine) {
    /// Breaks one rule.
    struct Breaks(&'static str);

    #[async_trait::async_trait]
    impl Change for Breaks {
        async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
            tx.execute_unprepared(self.0).await?;
            Ok(Vec::new())
        }
    }

    let Some(book) = Notebook::on(engine).await else { return };
    let rules = "CREATE TABLE rules (name VARCHAR(20) NOT NULL, amount BIGINT NOT NULL, \
                 CONSTRAINT ck_rules_positive CHECK (amount > 0))";
    book.store.primary().execute_unprepared(rules).await.unwrap();
    let unique = "CREATE UNIQUE INDEX ux_rules_name ON rules (name)";
    book.store.primary().execute_unprepared(unique).await.unwrap();
    let cases = [
        ("INSERT INTO rules (name, amount) VALUES ('a', 0)", "ck_rules_positive"),
        ("INSERT INTO rules (name, amount) VALUES ('b', 1), ('b', 2)", "ux_rules_name"),
    ];
    for (breaks, name) in cases {
        let fault = book.store.commit(book.permit(), Breaks(breaks), vec![], ()).await.unwrap_err();
        assert!(fault.is(&reasons::STORE_CONSTRAINT) && fault.to_string().contains(name), "{fault}");
    }
}

#[rstest]
#[case::postgres(Engine::Postgres, "SELECT pg_sleep(60)")]
#[case::mariadb(Engine::MariaDb, "SELECT SLEEP(60)")]
#[tokio::test]
async fn statement_that_takes_too_long_is_ended_by_the_server(#[case] engine: Engine, #[case] sleep: &str) {
    let Some(book) = Notebook::hurried_on(engine, Duration::from_millis(300)).await else { return };
    let ended = tokio::time::timeout(testkit::PATIENCE, book.store.primary().execute_unprepared(sleep)).await;
    let error = ended.expect("the server ends it").unwrap_err();
    assert!(read_fault(error).is(&reasons::STORE_DOWN));
    book.write("k", "goes on").await;
}

/// Writes to two notes, with time in between for somebody who takes them in the other order.
struct Crossing {
    notes: [Uuid; 2],
    between: Arc<Barrier>,
}

#[async_trait::async_trait]
impl Change for Crossing {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        for id in self.notes {
            let update = "UPDATE notes SET version = version + 1 WHERE id = $1";
            tx.execute_raw(statement(tx.get_database_backend(), update, [id.into()])).await?;
            // Only the first of the two meets the other one.
            tokio::time::timeout(Duration::from_millis(500), self.between.wait()).await.ok();
        }
        Ok(Vec::new())
    }
}

#[rstest]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn victim_of_a_deadlock_is_told_to_decide_again(#[case] engine: Engine) {
    let Some(book) = Notebook::on(engine).await else { return };
    let (one, other) = (book.write("k", "one").await, book.write("k", "other").await);
    let between = Arc::new(Barrier::new(2));
    let cross = |notes| {
        let change = Crossing { notes, between: between.clone() };
        book.store.commit(book.permit(), change, vec![told("k", "crossed")], ())
    };
    let (there, back) = tokio::join!(cross([one, other]), cross([other, one]));
    let (won, lost): (Vec<_>, Vec<_>) = [there, back].into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 1), "{won:?} {lost:?}");
    assert!(lost[0].as_ref().is_err_and(|fault| fault.is(&reasons::STALE)), "{lost:?}");
}
