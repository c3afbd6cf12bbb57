//! What goes by itself, and what stays.

use crate::room::{HOUR, LETTER, NOTE, Room, STRANGE, died, done, letter, letters, of_kind, operator};
use kernel::{
    Actor, Caller, DeskOrder, Ending, Gate, Held, Lane, Operation, Permit, Principal, Replay, Resource, Second,
};
use kernel::{TaskState, TenantId, UserId};
use rstest::rstest;
use std::sync::Arc;
use std::time::Duration;
use store::sagas::{SignalRow, SignalSaga};
use taskmill::keep_house;
use testkit::{AllowAll, Engine};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const DAY: Duration = Duration::from_hours(24);

async fn kept(room: &Room, tasks: &[Uuid]) -> Vec<bool> {
    let mut kept = Vec::new();
    for task in tasks {
        kept.push(room.store.task_life(*task).await.unwrap().is_some());
    }
    kept
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn ended_tasks_go_when_their_kind_says_and_others_stay(#[case] engine: Engine) {
    let Some(room) = Room::on(engine).await else { return };
    let mut house = room.house();
    let ended = [room.put_one(letter()).await, room.put_one(of_kind(NOTE)).await, room.put_one(of_kind(STRANGE)).await];
    room.work_off(&done()).await;
    let dead = room.dead(letter()).await;
    let cancelled = room.put_one(letter()).await;
    room.order(DeskOrder::Cancel(cancelled)).await.unwrap();
    let failing = room.put_one(letter()).await;
    room.work_off(&Ending::Retry { at: room.now() + DAY * 60, error: "no".into() }).await;
    let all = [ended[0], ended[1], ended[2], cancelled, dead, failing];

    let steps = [
        (HOUR - Duration::from_secs(30), [true, true, true, true, true, true]),
        (Duration::from_secs(31), [false, true, true, false, true, true]),
        (DAY, [false, false, true, false, true, true]),
        (DAY * 7, [false, false, false, false, true, true]),
        (DAY * 30, [false, false, false, false, false, true]),
    ];
    for (later, left) in steps {
        room.clock.advance(later);
        house.put_in_order().await.unwrap();
        assert_eq!(kept(&room, &all).await, left, "after {later:?} more");
    }
    assert_eq!((room.count("tasks").await, room.count("task_runs").await, room.count("task_dead").await), (1, 1, 0));
    assert_eq!(room.state(failing).await, TaskState::Scheduled, "it has failed long ago, but not ended");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn many_ended_tasks_go_in_one_turn_of_many_batches(#[case] engine: Engine) {
    let Some(room) = Room::on(engine).await else { return };
    // Notes stand among the letters, and end in the same instant: they are kept longer, and keep nothing up.
    let mixed =
        letters(2_600).into_iter().enumerate().map(|(n, letter)| if n % 2 == 0 { letter } else { of_kind(NOTE) });
    room.put(mixed.collect()).await;
    room.work_off(&done()).await;
    room.put(letters(700)).await;
    room.clock.advance(Duration::from_secs(1));
    room.work_off(&done()).await;
    room.clock.advance(HOUR + Duration::from_secs(2));
    let mut house = room.house();
    house.put_in_order().await.unwrap();
    assert_eq!((room.count("tasks").await, room.count("task_runs").await), (1_300, 1_300));
    room.clock.advance(DAY);
    house.put_in_order().await.unwrap();
    assert_eq!((room.count("tasks").await, room.count("task_runs").await), (0, 0));
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn one_of_several_processes_puts_things_in_order(#[case] engine: Engine) {
    let Some(here) = Room::on(engine).await else { return };
    let there = here.elsewhere().await;
    let every = Duration::from_secs(30);
    let turns = async || {
        let (a, b) = tokio::join!(here.store.take_turn("sweep", every), there.store.take_turn("sweep", every));
        usize::from(a.unwrap()) + usize::from(b.unwrap())
    };
    assert_eq!((turns().await, turns().await), (1, 0));
    here.clock.advance(every);
    assert_eq!(turns().await, 1);
    // A clock that was a year ahead took a turn, and was put right.
    here.run("UPDATE task_chores SET next_us = next_us + 31536000000000", vec![]).await;
    assert_eq!(turns().await, 1);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn houses_kept_at_the_same_time_do_no_harm(#[case] engine: Engine) {
    let Some(here) = Room::on(engine).await else { return };
    let there = here.elsewhere().await;
    here.put(letters(1_200)).await;
    here.work_off(&done()).await;
    here.put(letters(300)).await;
    here.work_off(&died()).await;
    here.clock.advance(DAY * 40);
    let now_us = here.now().timestamp_micros();
    let sweep = async |room: &Room| {
        let mut from = Some(store::SweepPlace::default());
        while let Some(place) = from {
            from = room.store.forget_ended(place, now_us, |kind| kind == LETTER).await.unwrap().next;
        }
        room.store.forget_dead(room.now() - DAY * 30).await.unwrap()
    };
    let redrive = here.order(DeskOrder::RedriveAll(kernel::TaskFilter::default()));
    let (a, b, redriven) = tokio::join!(sweep(&here), sweep(&there), redrive);
    let redriven = redriven.unwrap();
    assert_eq!(a + b + redriven, 300, "{a} and {b} forgotten, {redriven} redriven");
    let waiting = here.claim().await.len();
    assert_eq!((waiting as u64, here.count("task_dead").await), (redriven, 0));
    assert_eq!(here.count("tasks").await, i64::try_from(redriven).unwrap());
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn keys_whose_time_is_over_go_and_held_ones_stay(#[case] engine: Engine) {
    let Some(room) = Room::on(engine).await else { return };
    let unique = |key: &str, held| letter().after(DAY).unique(key, held, Second::Dropped);
    room.put(vec![
        unique("held", Held::UntilEnded),
        unique("short", Held::For(HOUR)),
        unique("long", Held::For(HOUR * 3)),
    ])
    .await;
    room.clock.advance(HOUR * 2);
    room.house().put_in_order().await.unwrap();
    assert_eq!(room.count("task_keys").await, 2);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn lane_that_stands_still_is_woken_and_one_that_moves_is_left_alone(#[case] engine: Engine) {
    let Some(room) = Room::on(engine).await else { return };
    let laned = |key: &str| letter().in_lane(Lane::in_order(key));
    let (running, behind) = (room.put_one(laned("moves")).await, room.put_one(laned("moves")).await);
    assert_eq!(room.claim().await[0].id, running);
    let (first, second) = (room.put_one(laned("stuck")).await, room.put_one(laned("stuck")).await);
    room.run("UPDATE task_ready SET aside = 1", vec![]).await;
    assert_eq!(room.claim().await.len(), 0);
    assert_eq!(room.store.wake_stuck_lanes().await.unwrap(), [("default".to_owned(), "stuck".to_owned())]);
    assert_eq!(room.store.wake_stuck_lanes().await.unwrap(), []);
    let states = (room.state(first).await, room.state(second).await, room.state(behind).await);
    assert_eq!(states, (TaskState::Ready, TaskState::Waiting, TaskState::Waiting));
    assert_eq!(room.work_off(&done()).await[0].id, first);
    assert_eq!(room.work_off(&done()).await[0].id, second, "the lane goes on by itself from here");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn answers_and_handled_events_go_when_nobody_can_ask_for_them(#[case] engine: Engine) {
    let Some(room) = Room::on(engine).await else { return };
    let now = room.now();
    let handled = async |event: u128, position: i64, at: kernel::Time| {
        let insert =
            "INSERT INTO inbox (subscriber, event_id, source, position, handled_at) VALUES ($1, $2, $3, $4, $5)";
        let id = Uuid::from_u128(event);
        room.run(insert, vec!["room.members".into(), id.into(), "auth".into(), position.into(), at.into()]).await;
    };
    let cursor = "INSERT INTO cursors (subscriber, source, position) VALUES ('room.members', 'auth', 8)";
    room.run(cursor, vec![]).await;
    handled(1, 7, now).await;
    // Not behind the cursor: it could be read again.
    handled(2, 9, now).await;
    handled(3, 8, now + DAY * 2).await;
    let insert = "INSERT INTO replays (scope, fingerprint, answer, created_at, of_service) VALUES ($1, '', '', $2, 0)";
    room.run(insert, vec!["old".into(), now.into()]).await;
    room.run(insert, vec!["new".into(), (now + DAY * 8).into()]).await;
    room.clock.advance(DAY * 8);
    room.house().put_in_order().await.unwrap();
    assert_eq!((room.count("inbox").await, room.count("replays").await), (2, 1));
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn answers_to_services_are_kept_longer_than_those_to_people_whatever_their_keys_look_like(
    #[case] engine: Engine,
) {
    let Some(room) = Room::on(engine).await else { return };
    let person = Actor { principal: Principal::User(UserId(Uuid::from_u128(7))), ..operator().actor };
    for (actor, scope) in [(person, "print|user:7|a|service:b"), (operator().actor, "print|service:operator|a")] {
        let permit = room.permit(&Caller::new(actor, "request"));
        let replay = Replay { scope: scope.into(), fingerprint: "f".into(), answer: serde_json::Value::Null };
        room.store.commit(permit.with_replay(Some(replay)), store::Nothing, vec![], 7).await.unwrap();
    }
    let mut house = room.house();
    let mut left = Vec::new();
    for later in [HOUR * 23, HOUR * 2, DAY * 88, DAY * 2] {
        room.clock.advance(later);
        house.put_in_order().await.unwrap();
        left.push(room.count("replays").await);
    }
    assert_eq!(left, [2, 1, 1, 0]);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn chore_that_fails_keeps_no_other_from_being_done(#[case] engine: Engine) {
    let Some(room) = Room::on(engine).await else { return };
    let cursor = "INSERT INTO cursors (subscriber, source, position) VALUES ('room.members', 'auth', 8)";
    room.run(cursor, vec![]).await;
    let handled = "INSERT INTO inbox (subscriber, event_id, source, position, handled_at) \
                   VALUES ('room.members', $1, 'auth', 7, $2)";
    room.run(handled, vec![Uuid::from_u128(1).into(), room.now().into()]).await;
    room.run("ALTER TABLE replays RENAME TO lost", vec![]).await;
    room.clock.advance(DAY * 8);
    room.house().put_in_order().await.unwrap_err();
    assert_eq!(room.count("inbox").await, 0);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn look_through_ended_tasks_misses_none_because_others_went_meanwhile(#[case] engine: Engine) {
    let Some(room) = Room::on(engine).await else { return };
    let mixed =
        letters(2_400).into_iter().enumerate().map(|(n, letter)| if n % 2 == 0 { letter } else { of_kind(NOTE) });
    room.put(mixed.collect()).await;
    room.work_off(&done()).await;
    room.clock.advance(HOUR * 2);
    let to_us = room.now().timestamp_micros();
    let (letter, note) = (|kind: &str| kind == LETTER, |kind: &str| kind == NOTE);
    let first = room.store.forget_ended(store::SweepPlace::default(), to_us, letter).await.unwrap();
    // They ended in one instant, so that the look stands somewhere among them. Those it passed by go.
    room.store.forget_ended(store::SweepPlace::default(), to_us, note).await.unwrap();
    let mut from = first.next;
    while let Some(place) = from {
        from = room.store.forget_ended(place, to_us, letter).await.unwrap().next;
    }
    let filter = kernel::TaskFilter { kind: Some(LETTER.to_owned()), ..kernel::TaskFilter::default() };
    assert_eq!(room.count_matching(filter).await, 0);
}

#[tokio::test]
async fn house_is_kept_until_it_is_left() {
    let Some(room) = Room::on(Engine::Sqlite).await else { return };
    let stop = CancellationToken::new();
    stop.cancel();
    keep_house(room.store.clone(), crate::room::terms(), stop).await;
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn signals_for_sagas_that_never_began_go_after_a_while(#[case] engine: Engine) {
    let Some(room) = Room::on(engine).await else { return };
    let tell = async |whose: &str| {
        let signal = SignalRow { name: "said".into(), key: String::new(), payload: serde_json::Value::Null };
        let (tenant, correlation) = (TenantId::FIRST, whose.to_owned());
        let at = room.now();
        let sent = SignalSaga { tenant, kind: "room.saga", correlation, signal, at, early: true, in_time_for: None };
        room.store.commit(permit(&room), sent, Vec::new(), ()).await.unwrap();
    };
    tell("long ago").await;
    let mut house = room.house();
    for (later, left) in [(DAY * 89, 2), (DAY * 2, 1), (DAY * 90, 0)] {
        room.clock.advance(later);
        if left == 2 {
            tell("lately").await;
        }
        house.put_in_order().await.unwrap();
        assert_eq!(room.count("saga_signals").await, left);
    }
}

fn permit(room: &Room) -> Permit {
    static TELL: Operation = Operation::command("room.tell", "Saga");
    let gate = Gate::new(Arc::new(AllowAll), room.ids.clone());
    gate.permit(&operator(), &TELL, &Resource::new("Saga", "any", TenantId::FIRST)).unwrap()
}
