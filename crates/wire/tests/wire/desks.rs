//! A far module's task desk behaves like a near one.

use crate::harness::{InProcess, ManualClock, Server, caller, transport};
use kernel::{
    Caller, Cursor, DeskAnswer, DeskOrder, DeskQuestion, Fault, FaultCode, IdempotencyKey, NO_SUCH_DESK, Page,
    PageRequest, PortalService, Priority, QueueLimits, QueueSettings, QueueState, TaskDesk, TaskFilter, TaskState,
    TaskSummary, TenantId, Time, Transport, reasons,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use uuid::Uuid;
use wire::{Access, RemoteDesk, Resilience, desk_service, router};

/// Answers with whatever question it is asked, and remembers who asked and ordered what.
#[derive(Default)]
struct Desk {
    asked: Mutex<Vec<DeskQuestion>>,
    ordered: Mutex<Vec<(Caller, DeskOrder)>>,
}

#[async_trait::async_trait]
impl TaskDesk for Desk {
    async fn ask(&self, _: &Caller, question: DeskQuestion) -> Result<DeskAnswer, Fault> {
        self.asked.lock().unwrap().push(question.clone());
        Ok(match question {
            DeskQuestion::Queues => DeskAnswer::Queues(vec![queue()]),
            DeskQuestion::Tasks(..) => {
                let next = Some(Cursor::of(&Uuid::from_u128(7)));
                DeskAnswer::Tasks(Page { items: vec![summary()], next })
            }
            DeskQuestion::Count(_) => DeskAnswer::Count(u64::MAX),
            DeskQuestion::Task(_) => DeskAnswer::Task(None),
            _ => return Err(Fault::invalid("limit", "must be between 1 and 200")),
        })
    }

    async fn order(&self, caller: &Caller, order: DeskOrder) -> Result<u64, Fault> {
        self.ordered.lock().unwrap().push((caller.clone(), order.clone()));
        match order {
            DeskOrder::Cancel(_) => Err(reasons::PORTAL_DOWN.fault()),
            _ => Ok(3),
        }
    }
}

fn queue() -> QueueState {
    let limits = QueueLimits { per_process: None, at_most: Some(8), rate: Some((100, Duration::from_millis(1_500))) };
    let settings = QueueSettings { name: "mail".to_owned(), paused: true, limits };
    let oldest_due = Time::from_timestamp_micros(1_700_000_000_123_456);
    QueueState { settings, ready: 1, scheduled: 2, waiting: 3, running: 4, dead: 5, oldest_due }
}

fn summary() -> TaskSummary {
    TaskSummary {
        id: Uuid::from_u128(7),
        kind: "forum.send_mail".to_owned(),
        queue: "mail".to_owned(),
        key: None,
        priority: Priority::Urgent,
        tenant: TenantId::FIRST,
        state: TaskState::Dead,
        attempts: 3,
        enqueued_at: Time::from_timestamp_micros(1_700_000_000_123_456).unwrap(),
        due_at: None,
        ended_at: None,
        error: Some("no".to_owned()),
    }
}

fn service(desk: &Arc<Desk>) -> PortalService {
    desk_service(BTreeMap::from([("forum".to_owned(), Arc::clone(desk) as Arc<dyn TaskDesk>)]))
}

fn far(desk: &Arc<Desk>) -> (Arc<dyn Transport>, Server) {
    let server =
        Server::start(router(vec![service(desk)], Access::installation(None, ManualClock::at(4_600))).unwrap());
    (transport(&[server.url()], Resilience::default(), &ManualClock::at(1_000)), server)
}

/// Runs `check` on a near desk, on one behind the portal, and on one behind the portal and a socket.
async fn at_every_distance(check: impl AsyncFn(&dyn TaskDesk, &Desk)) {
    let near = Arc::new(Desk::default());
    check(near.as_ref(), &near).await;
    let encoded = Arc::new(Desk::default());
    let transport: Arc<dyn Transport> = Arc::new(InProcess(service(&encoded).server));
    check(&RemoteDesk::new(transport, "forum"), &encoded).await;
    let distant = Arc::new(Desk::default());
    let (transport, _server) = far(&distant);
    check(&RemoteDesk::new(transport, "forum"), &distant).await;
}

#[tokio::test]
async fn questions_and_answers_arrive_whole() {
    at_every_distance(async |asked, desk| {
        let filter =
            TaskFilter { tenant: Some(TenantId::FIRST), state: Some(TaskState::Dead), ..TaskFilter::default() };
        let page = PageRequest { cursor: Some(Cursor("abc".to_owned())), limit: Some(7) };
        let question = DeskQuestion::Tasks(filter.clone(), page);
        let DeskAnswer::Tasks(page) = asked.ask(&caller(), question.clone()).await.unwrap() else { unreachable!() };
        assert_eq!((page.items, page.next.unwrap().key::<Uuid>().unwrap()), (vec![summary()], Uuid::from_u128(7)));
        assert_eq!(desk.asked.lock().unwrap().last(), Some(&question));
        assert_eq!(asked.ask(&caller(), DeskQuestion::Queues).await.unwrap(), DeskAnswer::Queues(vec![queue()]));
        let count = asked.ask(&caller(), DeskQuestion::Count(filter)).await.unwrap();
        assert_eq!(count, DeskAnswer::Count(u64::MAX));
        assert_eq!(asked.ask(&caller(), DeskQuestion::Task(Uuid::nil())).await.unwrap(), DeskAnswer::Task(None));
        let fault = asked.ask(&caller(), DeskQuestion::Schedules).await.unwrap_err();
        assert_eq!((fault.code, fault.fields[0].field.as_str()), (FaultCode::Invalid, "limit"));
    })
    .await;
}

#[tokio::test]
async fn order_brings_its_caller_and_its_key_along() {
    at_every_distance(async |asked, desk| {
        let mut caller = caller();
        caller.idempotency_key = IdempotencyKey::parse("once");
        let order = DeskOrder::Limit("mail".to_owned(), queue().settings.limits);
        assert_eq!(asked.order(&caller, order.clone()).await.unwrap(), 3);
        let ordered = desk.ordered.lock().unwrap();
        let (who, what) = ordered.last().unwrap();
        assert_eq!((what, &who.actor, &who.idempotency_key), (&order, &caller.actor, &caller.idempotency_key));
    })
    .await;
}

#[tokio::test]
async fn order_that_failed_is_not_given_a_second_time() {
    let desk = Arc::new(Desk::default());
    let (transport, _server) = far(&desk);
    let fault = RemoteDesk::new(transport, "forum").order(&caller(), DeskOrder::Cancel(Uuid::nil())).await.unwrap_err();
    assert!(fault.is(&reasons::PORTAL_DOWN), "{fault}");
    assert_eq!(desk.ordered.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_desk_that_is_not_there_is_not_found() {
    let (transport, _server) = far(&Arc::new(Desk::default()));
    let ledger = RemoteDesk::new(transport, "ledger");
    assert!(ledger.ask(&caller(), DeskQuestion::Queues).await.unwrap_err().is(&NO_SUCH_DESK));
    assert!(ledger.order(&caller(), DeskOrder::Pause("mail".to_owned())).await.unwrap_err().is(&NO_SUCH_DESK));
}
