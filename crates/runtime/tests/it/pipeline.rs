//! The one way into a use case: admission, permission, replay, retry, deadline.

use crate::house::OpenDoor;
use kernel::{Actor, Caller, Clock, DecisionPoint, Fault, FaultCode, Gate, IdempotencyKey, Operation, Permit, Replay};
use kernel::{Replays, Resource, Role, TenantId, UseCase, UserId, reasons};
use runtime::Pipeline;
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use testkit::{AllowAll, DenyAll, InMemoryReplays, ManualClock, Scripted, SequentialIds};
use tokio::sync::Barrier;
use tokio::time::Instant;
use uuid::Uuid;

static LEAVE_NOTE: Operation = Operation::command("desk.leave_note", "Desk");
static WHISPER: Operation = Operation::command("desk.whisper", "Desk").unreplayed();

/// A module that counts what is done to it, and commits as the store does.
#[derive(Default)]
struct Desk {
    loads: AtomicUsize,
    runs: AtomicUsize,
    /// How many more decisions come too late.
    too_late: AtomicUsize,
    replays: Arc<InMemoryReplays>,
    /// Where those who load wait for each other.
    meeting: Option<Barrier>,
    stuck: bool,
}

impl Desk {
    async fn load(&self) {
        self.loads.fetch_add(1, Ordering::SeqCst);
        if let Some(meeting) = &self.meeting {
            meeting.wait().await;
        }
    }

    async fn commit(&self, text: &str, permit: &Permit) -> Result<String, Fault> {
        if self.stuck {
            std::future::pending::<()>().await;
        }
        if self.too_late.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
            return Err(reasons::STALE.fault());
        }
        let answer = format!("{text} #{}", self.done());
        if let Some(claim) = permit.replay() {
            let kept = Replay { answer: answer.clone().into(), ..claim.clone() };
            self.replays.record(kept).map_err(|_| reasons::STALE.fault())?;
        }
        self.runs.fetch_add(1, Ordering::SeqCst);
        Ok(answer)
    }

    fn seen(&self) -> usize {
        self.loads.load(Ordering::SeqCst)
    }

    fn done(&self) -> usize {
        self.runs.load(Ordering::SeqCst)
    }
}

#[derive(Serialize)]
struct LeaveNote(&'static str);

impl UseCase for LeaveNote {
    type Module = Desk;
    type Subject = ();
    type Output = String;
    const OPERATION: &'static Operation = &LEAVE_NOTE;

    async fn load(&self, desk: &Desk, _: &Caller) -> Result<(), Fault> {
        desk.load().await;
        Ok(())
    }

    fn resource(&self, (): &(), caller: &Caller) -> Resource {
        Resource::new("Desk", 1, caller.actor.tenant)
    }

    async fn run(&self, desk: &Desk, (): (), permit: Permit) -> Result<String, Fault> {
        desk.commit(self.0, &permit).await
    }
}

/// The same, with an answer that is not to be kept.
#[derive(Serialize)]
struct Whisper(&'static str);

impl UseCase for Whisper {
    type Module = Desk;
    type Subject = ();
    type Output = String;
    const OPERATION: &'static Operation = &WHISPER;

    async fn load(&self, _: &Desk, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), caller: &Caller) -> Resource {
        Resource::new("Desk", 1, caller.actor.tenant)
    }

    async fn run(&self, desk: &Desk, (): (), permit: Permit) -> Result<String, Fault> {
        assert_eq!(permit.replay(), None);
        desk.commit(self.0, &permit).await
    }
}

fn pipeline(desk: &Desk, decisions: impl DecisionPoint + 'static) -> Pipeline {
    let gate = Gate::new(Arc::new(decisions), Arc::new(SequentialIds::default()));
    Pipeline::new(gate, Arc::new(ManualClock::default()), Arc::clone(&desk.replays) as Arc<dyn Replays>)
}

fn person(number: u128) -> Caller {
    Caller::new(Actor::user(TenantId::FIRST, UserId(Uuid::from_u128(number)), Role::Member, "Ada"), "request-1")
}

fn person_with_key(number: u128, key: &str) -> Caller {
    Caller { idempotency_key: IdempotencyKey::parse(key), ..person(number) }
}

#[tokio::test]
async fn whoever_can_never_be_allowed_learns_that_before_anything_is_loaded() {
    let desk = Desk::default();
    let pipeline = pipeline(&desk, DenyAll);
    let refused = pipeline.execute(&desk, &person(1), LeaveNote("hello")).await.unwrap_err();
    assert!(refused.is(&reasons::FORBIDDEN), "{refused}");
    let guest = Caller::new(Actor::guest(TenantId::FIRST), "request-1");
    let refused = pipeline.execute(&desk, &guest, LeaveNote("hello")).await.unwrap_err();
    assert!(refused.is(&reasons::LOG_IN), "{refused}");
    assert_eq!((desk.seen(), desk.done()), (0, 0));
}

#[tokio::test]
async fn refusal_for_this_one_resource_is_explained_and_nothing_runs() {
    let desk = Desk::default();
    let refused = pipeline(&desk, OpenDoor).execute(&desk, &person(1), LeaveNote("hello")).await.unwrap_err();
    assert_eq!(refused.code, FaultCode::Forbidden);
    let explanation = refused.explanation.unwrap();
    assert_eq!(explanation.operation, "desk.leave_note");
    assert_eq!(explanation.would_need, ["forum/moderators_lock"]);
    assert_eq!((desk.seen(), desk.done()), (1, 0));
}

#[tokio::test]
async fn only_what_is_allowed_is_done() {
    let desk = Desk::default();
    let pipeline = pipeline(&desk, Scripted::allowing(&["desk.leave_note"]));
    assert_eq!(pipeline.execute(&desk, &person(1), LeaveNote("hello")).await.unwrap(), "hello #0");
    assert_eq!(pipeline.execute(&desk, &person(1), Whisper("psst")).await.unwrap_err().code, FaultCode::Forbidden);
    assert_eq!(desk.done(), 1);
}

#[tokio::test]
async fn retry_with_the_same_key_gets_the_same_answer_and_does_nothing() {
    let desk = Desk::default();
    let (pipeline, ada) = (pipeline(&desk, AllowAll), person_with_key(1, "k1"));
    let first = pipeline.execute(&desk, &ada, LeaveNote("hello")).await.unwrap();
    let again = pipeline.execute(&desk, &ada, LeaveNote("hello")).await.unwrap();
    assert_eq!((first, desk.done()), (again, 1));
    assert_eq!(desk.seen(), 1, "what is remembered is not loaded");
}

#[tokio::test]
async fn same_key_with_another_input_is_refused() {
    let desk = Desk::default();
    let (pipeline, ada) = (pipeline(&desk, AllowAll), person_with_key(1, "k1"));
    pipeline.execute(&desk, &ada, LeaveNote("hello")).await.unwrap();
    let refused = pipeline.execute(&desk, &ada, LeaveNote("good-bye")).await.unwrap_err();
    assert!(refused.is(&reasons::KEY_REUSED), "{refused}");
    assert_eq!(desk.done(), 1);
}

#[tokio::test]
async fn keys_of_different_people_are_different_keys() {
    let desk = Desk::default();
    let pipeline = pipeline(&desk, AllowAll);
    for (number, answer) in [(1, "hello #0"), (2, "hello #1")] {
        let caller = person_with_key(number, "k1");
        assert_eq!(pipeline.execute(&desk, &caller, LeaveNote("hello")).await.unwrap(), answer);
    }
}

#[tokio::test]
async fn two_at_once_with_the_same_key_are_one() {
    let desk = Desk { meeting: Some(Barrier::new(2)), ..Desk::default() };
    let (pipeline, ada) = (pipeline(&desk, AllowAll), person_with_key(1, "k1"));
    let (one, other) = tokio::join!(
        pipeline.execute(&desk, &ada, LeaveNote("hello")),
        pipeline.execute(&desk, &ada, LeaveNote("hello")),
    );
    assert_eq!((one.unwrap(), desk.done()), (other.unwrap(), 1));
    assert_eq!(desk.seen(), 2, "both were past the look for an answer");
}

#[tokio::test]
async fn two_at_once_with_the_same_key_and_different_inputs_are_one_and_a_refusal() {
    let desk = Desk { meeting: Some(Barrier::new(2)), ..Desk::default() };
    let (pipeline, ada) = (pipeline(&desk, AllowAll), person_with_key(1, "k1"));
    let (one, other) = tokio::join!(
        pipeline.execute(&desk, &ada, LeaveNote("hello")),
        pipeline.execute(&desk, &ada, LeaveNote("good-bye")),
    );
    let outcomes = [one, other];
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let refused = outcomes.into_iter().find_map(Result::err).unwrap();
    assert!(refused.is(&reasons::KEY_REUSED), "{refused}");
    assert_eq!(desk.done(), 1);
}

#[tokio::test]
async fn answer_that_holds_a_secret_is_never_kept() {
    let desk = Desk::default();
    let (pipeline, ada) = (pipeline(&desk, AllowAll), person_with_key(1, "k1"));
    assert_eq!(pipeline.execute(&desk, &ada, Whisper("psst")).await.unwrap(), "psst #0");
    assert_eq!(pipeline.execute(&desk, &ada, Whisper("psst")).await.unwrap(), "psst #1");
    let scope = format!("desk.whisper|{}|{}|k1", ada.actor.tenant.0.simple(), ada.actor.principal);
    assert_eq!(desk.replays.recall(&scope).await.unwrap(), None);
    // The same look finds what is kept.
    pipeline.execute(&desk, &ada, LeaveNote("hello")).await.unwrap();
    let scope = scope.replace("whisper", "leave_note");
    assert_eq!(desk.replays.recall(&scope).await.unwrap().unwrap().answer, "hello #2");
}

#[tokio::test]
async fn decision_that_came_too_late_is_made_again() {
    let desk = Desk { too_late: AtomicUsize::new(3), ..Desk::default() };
    pipeline(&desk, AllowAll).execute(&desk, &person(1), LeaveNote("hello")).await.unwrap();
    assert_eq!((desk.seen(), desk.done()), (4, 1), "each decision is made on what is loaded anew");
}

#[tokio::test]
async fn after_four_late_decisions_the_caller_is_told() {
    let desk = Desk { too_late: AtomicUsize::new(4), ..Desk::default() };
    let refused = pipeline(&desk, AllowAll).execute(&desk, &person(1), LeaveNote("hello")).await.unwrap_err();
    assert!(refused.is(&reasons::STALE), "{refused}");
    assert_eq!((desk.seen(), desk.done()), (4, 0));
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_beyond_the_deadline() {
    let desk = Desk { stuck: true, ..Desk::default() };
    let (clock, began) = (ManualClock::default(), Instant::now());
    let caller = Caller { deadline: Some(clock.now() + Duration::from_millis(1_500)), ..person(1) };
    let refused = pipeline(&desk, AllowAll).execute(&desk, &caller, LeaveNote("hello")).await.unwrap_err();
    assert!(refused.is(&reasons::DEADLINE), "{refused}");
    assert_eq!(began.elapsed().as_millis(), 1_500);
}

#[tokio::test(start_paused = true)]
async fn deadline_that_has_passed_leaves_no_time_to_wait() {
    let desk = Desk { stuck: true, ..Desk::default() };
    let (clock, began) = (ManualClock::default(), Instant::now());
    let caller = Caller { deadline: Some(clock.now() - Duration::from_secs(5)), ..person(1) };
    let refused = pipeline(&desk, AllowAll).execute(&desk, &caller, LeaveNote("hello")).await.unwrap_err();
    assert!(refused.is(&reasons::DEADLINE), "{refused}");
    assert!(began.elapsed() < Duration::from_millis(10), "{:?}", began.elapsed());
}
