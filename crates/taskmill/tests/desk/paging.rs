//! Lists of many tasks, a page at a time.

use crate::room::{NOTE, Room, done, in_state, letter, letters, of_kind};
use kernel::{Cursor, DeskQuestion, Page, PageRequest, TaskDesk, TaskFilter, TaskState, TaskSummary};
use rstest::rstest;
use testkit::Engine;
use uuid::Uuid;

fn from(page: &Page<TaskSummary>, limit: u32) -> PageRequest {
    PageRequest { cursor: page.next.clone(), limit: Some(limit) }
}

fn ids(page: &Page<TaskSummary>) -> Vec<Uuid> {
    page.items.iter().map(|task| task.id).collect()
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repetition(#[case] engine: Engine) {
    let Some(room) = Room::on(engine).await else { return };
    let put: Vec<Uuid> = room.put(letters(7)).await.iter().map(|task| task.id()).collect();
    for filter in [TaskFilter::default(), in_state(TaskState::Ready)] {
        let mut seen = Vec::new();
        let mut page = room.page(&filter, PageRequest { cursor: None, limit: Some(3) }).await;
        loop {
            seen.extend(ids(&page));
            // Somebody enqueues between two looks.
            room.put_one(letter().on("slow")).await;
            if page.next.is_none() {
                break;
            }
            page = room.page(&filter, from(&page, 3)).await;
        }
        let mut expected = put.clone();
        expected.reverse();
        seen.retain(|id| put.contains(id));
        assert_eq!(seen, expected, "{filter:?}");
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn search_for_few_among_many_comes_back_in_between_and_finds_them_all(#[case] engine: Engine) {
    let Some(room) = Room::on(engine).await else { return };
    let mut tasks = letters(12_000);
    tasks[0] = letter().on("slow");
    tasks[11_000] = letter().on("slow");
    let put = room.put(tasks).await;
    let filter = TaskFilter { queue: Some("slow".into()), ..TaskFilter::default() };
    let first = room.page(&filter, PageRequest::default()).await;
    assert_eq!(ids(&first), [put[11_000].id()]);
    let behind = first.next.as_ref().expect("it goes on").key::<Uuid>().unwrap();
    assert!(behind < put[11_000].id(), "the next page begins behind what was looked at");
    let second = room.page(&filter, from(&first, 50)).await;
    assert_eq!((ids(&second), second.next), (vec![put[0].id()], None));
    // A kind has an index: one look is enough however many others there are.
    let note = room.put_one(of_kind(NOTE)).await;
    let notes = TaskFilter { kind: Some(NOTE.into()), ..TaskFilter::default() };
    let page = room.page(&notes, PageRequest::default()).await;
    assert_eq!((ids(&page), page.next), (vec![note], None));
    assert_eq!(room.count_matching(filter).await, 2);
}

#[tokio::test]
async fn cursor_and_limit_that_are_none_are_refused_by_name() {
    let Some(room) = Room::on(Engine::Sqlite).await else { return };
    room.put_one(letter()).await;
    room.work_off(&done()).await;
    let ask = async |page: PageRequest| {
        let question = DeskQuestion::Tasks(TaskFilter::default(), page);
        room.desk.ask(&crate::room::operator(), question).await.unwrap_err().fields[0].field.clone()
    };
    assert_eq!(ask(PageRequest { cursor: Some(Cursor("?".into())), limit: None }).await, "cursor");
    assert_eq!(ask(PageRequest { cursor: None, limit: Some(201) }).await, "limit");
}
