//! Schedules and sagas on the desk: that it asks the right ones.

use crate::room::{Room, operator, terms};
use kernel::{
    Actor, Caller, DeskAnswer, DeskOrder, DeskQuestion, Fault, Gate, PageRequest, SagaFilter, TaskDesk, TenantId,
};
use rstest::rstest;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use taskmill::{Desk, Ran, Schedule, Scheduler, Task, TaskContext};
use testkit::{AllowAll, Engine};
use uuid::Uuid;

#[derive(Serialize, Deserialize)]
struct Digest;

#[async_trait::async_trait]
impl Task for Digest {
    type Module = ();
    const KIND: &'static str = "room.digest";

    async fn run(&self, (): &(), _: &TaskContext) -> Result<Ran, Fault> {
        Ok(Ran::DONE)
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn schedule_is_shown_paused_and_fired_once_for_each_request(#[case] engine: Engine) {
    let Some(room) = Room::on(engine).await else { return };
    let daily = || vec![Schedule::new::<Digest>("room.daily", "0 6 * * *", "UTC", |_| Digest).unwrap()];
    let mut scheduler = Scheduler::new(room.store.clone(), daily());
    scheduler.look().await.unwrap();
    let gate = Gate::new(Arc::new(AllowAll), room.ids.clone());
    let desk = Desk::new(&room.store, gate, terms()).with_schedules(daily());
    let shown = async || match desk.ask(&operator(), DeskQuestion::Schedules).await.unwrap() {
        DeskAnswer::Schedules(mut schedules) => schedules.remove(0),
        other => panic!("{other:?}"),
    };
    assert_eq!((shown().await.name.as_str(), shown().await.paused), ("room.daily", false));
    desk.order(&operator(), DeskOrder::PauseSchedule("room.daily".into())).await.unwrap();
    assert!(shown().await.paused);
    desk.order(&operator(), DeskOrder::ResumeSchedule("room.daily".into())).await.unwrap();
    assert!(!shown().await.paused);
    assert_eq!(desk.order(&operator(), DeskOrder::RunNow("room.daily".into())).await.unwrap(), 1);
    let again = desk.order(&operator(), DeskOrder::RunNow("room.daily".into())).await.unwrap_err();
    assert_eq!(again.reason, "schedule.fired_before");
    assert_eq!(room.claim().await.iter().map(|task| task.kind.as_str()).collect::<Vec<_>>(), ["room.digest"]);
    let unknown = desk.order(&operator(), DeskOrder::RunNow("room.hourly".into())).await.unwrap_err();
    assert_eq!(unknown.reason, "schedule.unknown");
}

#[tokio::test]
async fn schedule_fired_by_hand_is_done_for_the_community_its_ticks_are_done_for() {
    let Some(room) = Room::on(Engine::Sqlite).await else { return };
    let daily = || vec![Schedule::new::<Digest>("room.daily", "0 6 * * *", "UTC", |_| Digest).unwrap()];
    Scheduler::new(room.store.clone(), daily()).look().await.unwrap();
    let gate = Gate::new(Arc::new(AllowAll), room.ids.clone());
    let desk = Desk::new(&room.store, gate, terms()).with_schedules(daily());
    let stranger = Caller::new(Actor::service(TenantId(Uuid::from_u128(99)), "operator"), "request-2");
    desk.order(&stranger, DeskOrder::RunNow("room.daily".into())).await.unwrap();
    let task = room.claim().await.remove(0);
    assert_eq!((task.tenant, task.origin.request_id.as_str()), (TenantId::FIRST, "request-2"));
}

#[tokio::test]
async fn sagas_are_asked_of_those_who_know_them() {
    let Some(room) = Room::on(Engine::Sqlite).await else { return };
    let list = DeskQuestion::Sagas(SagaFilter::default(), PageRequest::default());
    assert!(matches!(room.ask(list).await, DeskAnswer::Sagas(page) if page.items.is_empty()));
    assert_eq!(room.ask(DeskQuestion::Saga(Uuid::from_u128(1))).await, DeskAnswer::Saga(None));
    assert_eq!(room.refused(DeskOrder::RetrySaga(Uuid::from_u128(1))).await, "saga.not_found");
}
