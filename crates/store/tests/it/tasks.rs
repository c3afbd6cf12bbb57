//! Tasks and what is written beside them, where somebody else's transaction comes in between.

use crate::notes::Notebook;
use kernel::{Clock, Enqueued, Held, Ids, NewTask, Position, Second, TaskOrigin, TaskQueue, TenantId};
use rstest::rstest;
use sea_orm::{ConnectionTrait, DbBackend, TransactionTrait};
use serde_json::json;
use store::sagas::{BeginSaga, MoveSaga, SagaRow, StepRow};
use store::{Outbox, SqlTaskQueue, Store, statement};
use testkit::{Engine, eventually};

const KIND: &str = "notes.print";

fn print() -> NewTask {
    NewTask::new(KIND, 1, json!({}))
}

fn origin() -> TaskOrigin {
    TaskOrigin::service(TenantId::FIRST, "tests")
}

/// Waits until so many statements in the store's database wait for somebody's lock.
async fn stand_in_line(store: &Store, many: i64) {
    let count = match store.backend() {
        DbBackend::Postgres => {
            "SELECT COUNT(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        }
        _ => {
            // What the server knows of transactions is as old as it is looked at often.
            "SELECT COUNT(*) AS n FROM information_schema.processlist \
             WHERE db = DATABASE() AND info LIKE 'INSERT INTO task_keys%'"
        }
    };
    eventually("they stand in line", async || {
        let row = store.primary().query_one_raw(statement(store.backend(), count, [])).await.unwrap();
        row.unwrap().try_get::<i64>("", "n").unwrap() == many
    })
    .await;
}

#[rstest]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn of_those_who_wait_for_a_key_that_is_let_go_one_gets_it_and_the_others_hear_whose_it_is(
    #[case] engine: Engine,
) {
    let Some(book) = Notebook::on(engine).await else { return };
    let (store, elsewhere) = (&book.store, book.elsewhere().await);
    let queue = SqlTaskQueue::of(store);
    let put = async || {
        let task = print().unique("k", Held::UntilEnded, Second::Dropped);
        queue.enqueue(&origin(), vec![task]).await.map(|outcomes| outcomes[0])
    };
    let first = put().await.unwrap();
    let ending = elsewhere.primary().begin().await.unwrap();
    let lock = "SELECT task_id FROM task_keys WHERE task_key = 'k' FOR UPDATE";
    ending.query_one_raw(statement(store.backend(), lock, [])).await.unwrap().unwrap();
    let let_go = async {
        stand_in_line(&elsewhere, 3).await;
        ending.execute_unprepared("DELETE FROM task_keys").await.unwrap();
        ending.commit().await.unwrap();
    };
    let (one, two, three, ()) = tokio::join!(put(), put(), put(), let_go);
    let outcomes = [one.unwrap(), two.unwrap(), three.unwrap()];
    let new: Vec<_> = outcomes.iter().filter(|outcome| matches!(outcome, Enqueued::New(_))).collect();
    assert_eq!(new.len(), 1, "{outcomes:?}");
    assert_ne!(new[0].id(), first.id());
    assert!(outcomes.iter().all(|outcome| outcome.id() == new[0].id()), "{outcomes:?}");
}

#[tokio::test]
async fn transactions_see_what_is_committed_whatever_the_server_would_have_them_see() {
    let Some(book) = Notebook::on(Engine::Postgres).await else { return };
    let name = "SELECT current_database()::text AS name";
    let row = book.store.primary().query_one_raw(statement(DbBackend::Postgres, name, [])).await.unwrap().unwrap();
    let name: String = row.try_get("", "name").unwrap();
    let set = format!("ALTER DATABASE \"{name}\" SET default_transaction_isolation = 'repeatable read'");
    book.store.primary().execute_unprepared(&set).await.unwrap();
    let (here, there) = (book.elsewhere().await, book.elsewhere().await);
    let (one, other) = (Outbox::of(&here), Outbox::of(&there));
    book.write("k", "told").await;

    // Both wait for their turn to number what was told, and the second must see what the first has numbered.
    let busy = book.store.primary().begin().await.unwrap();
    busy.execute_unprepared("SELECT 1 FROM outbox_head FOR UPDATE").await.unwrap();
    let let_go = async {
        stand_in_line(&book.store, 2).await;
        busy.commit().await.unwrap();
    };
    let (mine, yours, ()) = tokio::join!(one.head(), other.head(), let_go);
    assert_eq!((mine.unwrap(), yours.unwrap()), (Position(2), Position(2)));
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn saga_moves_on_in_whatever_words_its_step_failed(#[case] engine: Engine) {
    let Some(book) = Notebook::on(engine).await else { return };
    let now = book.clock.now();
    let step = StepRow {
        name: "print".into(),
        state: "pending".into(),
        stuck: false,
        epoch: 0,
        attempts: 0,
        next_at: None,
        output: None,
        error: None,
        updated_at: now,
    };
    let saga = SagaRow {
        id: book.ids.next(),
        tenant: TenantId::FIRST,
        kind: "notes.book".into(),
        correlation: "one".into(),
        plan_version: 1,
        data_version: 1,
        revision: 1,
        phase: "forward".into(),
        state: "running".into(),
        position: 0,
        kept: 0,
        input: json!({}),
        data: json!({}),
        origin: origin(),
        why: None,
        step: None,
        attempts: 0,
        next_at: None,
        error: None,
        started_at: now,
        updated_at: now,
    };
    let begin = BeginSaga { saga: saga.clone(), steps: vec![step.clone()] };
    book.store.commit(book.permit(), begin, vec![], ()).await.unwrap();
    let words = Some("it said \u{0} and no more".to_owned());
    let saga = SagaRow { why: words.clone(), error: words.clone(), ..saga };
    let failed = MoveSaga { saga: saga.clone(), steps: vec![StepRow { error: words, ..step }], taken: vec![] };
    book.store.commit(book.permit(), failed, vec![], ()).await.unwrap();
    let (saga, steps) = book.store.saga(saga.id).await.unwrap().unwrap();
    for text in [&saga.why, &saga.error, &steps[0].error] {
        assert_eq!(text.as_deref(), Some("it said \u{fffd} and no more"));
    }
}
