//! `polity platform …`: each command reaches the desk it is meant for, as the shell.

use crate::console::Console;
use kernel::{DeskOrder, Fault, QueueLimits, TaskFilter, TaskState};
use std::time::Duration;
use uuid::Uuid;

async fn run(console: &Console, line: &str) -> Result<(), Fault> {
    let command = platform::SPEC.command.unwrap()();
    let matches = command.try_get_matches_from(line.split_whitespace()).unwrap_or_else(|error| panic!("{error}"));
    console.module.command(&matches).await
}

#[tokio::test]
async fn each_command_gives_its_order_as_the_shell() {
    let console = Console::new().await;
    console.forum().queue("mail", 1, 1, None);
    let task = console.forum().task(1, "forum.send_mail", TaskState::Dead);
    let saga = console.forum().saga(2, "stuck");
    let dead = TaskFilter { state: Some(TaskState::Dead), ..TaskFilter::default() };
    let of_kind = TaskFilter { kind: Some("forum.send_mail".into()), ..dead.clone() };
    let limits = QueueLimits { per_process: None, at_most: Some(8), rate: Some((100, Duration::from_secs(60))) };
    for (line, expected) in [
        (format!("tasks redrive forum {task}"), DeskOrder::Redrive(task)),
        ("tasks redrive forum --all --kind forum.send_mail".to_owned(), DeskOrder::RedriveAll(of_kind)),
        ("tasks redrive --all".to_owned(), DeskOrder::RedriveAll(dead)),
        (format!("tasks cancel forum {task}"), DeskOrder::Cancel(task)),
        ("tasks pause forum mail".to_owned(), DeskOrder::Pause("mail".into())),
        ("tasks resume forum mail".to_owned(), DeskOrder::Resume("mail".into())),
        (
            "tasks limit forum mail --at-most 8 --rate 100 --rate-seconds 60".to_owned(),
            DeskOrder::Limit("mail".into(), limits),
        ),
        ("schedules run-now forum sweep".to_owned(), DeskOrder::RunNow("sweep".into())),
        ("schedules pause forum sweep".to_owned(), DeskOrder::PauseSchedule("sweep".into())),
        ("schedules resume forum sweep".to_owned(), DeskOrder::ResumeSchedule("sweep".into())),
        (format!("sagas retry forum {saga}"), DeskOrder::RetrySaga(saga)),
        (format!("sagas skip forum {saga} --json"), DeskOrder::SkipStep(saga)),
        (format!("sagas compensate forum {saga}"), DeskOrder::CompensateSaga(saga)),
    ] {
        run(&console, &format!("platform {line}")).await.unwrap_or_else(|fault| panic!("{line}: {fault}"));
        let (caller, order) = console.forum().last_order();
        assert_eq!((order, caller.actor.principal.to_string().as_str()), (expected, "service:cli"), "{line}");
    }
}

#[tokio::test]
async fn redriving_all_of_one_module_leaves_the_others_alone() {
    let console = Console::new().await;
    run(&console, "platform tasks redrive forum --all").await.unwrap();
    assert_eq!(console.forum().orders.lock().unwrap().len(), 1);
    assert!(console.ledger().orders.lock().unwrap().is_empty());
}

#[tokio::test]
async fn each_list_and_life_is_told_in_words_and_in_json() {
    let console = Console::new().await;
    let task = console.forum().task(1, "forum.send_mail", TaskState::Dead);
    let saga = console.forum().saga(2, "stuck");
    console.silence("ledger", true);
    for line in [
        "tasks queues --module forum".to_owned(),
        "tasks list --state dead --limit 1".to_owned(),
        format!("tasks show forum {task}"),
        "schedules list".to_owned(),
        "sagas list --state stuck".to_owned(),
        format!("sagas show forum {saga}"),
    ] {
        for json in ["", " --json"] {
            let told = run(&console, &format!("platform {line}{json}")).await;
            assert!(told.is_ok(), "{line}{json}: {told:?}");
        }
    }
}

#[tokio::test]
async fn what_is_not_there_is_refused_by_its_reason() {
    let console = Console::new().await;
    for (line, reason) in [
        (format!("tasks show forum {}", Uuid::nil()), "task.no_such_task"),
        (format!("tasks show auth {}", Uuid::nil()), "platform.no_such_desk"),
        (format!("sagas show forum {}", Uuid::nil()), "saga.not_found"),
        ("tasks list --state asleep".to_owned(), "request.invalid"),
        ("tasks limit forum mail --at-most 0".to_owned(), "request.invalid"),
    ] {
        let fault = run(&console, &format!("platform {line}")).await.unwrap_err();
        assert_eq!(fault.reason, reason, "{line}");
    }
}

#[test]
fn half_a_command_is_not_carried_out() {
    let command = platform::SPEC.command.unwrap();
    for line in [
        "platform tasks redrive",
        "platform tasks redrive forum",
        "platform tasks redrive --all --in forum",
        "platform tasks redrive forum 00000000-0000-0000-0000-000000000001 --all",
        "platform tasks redrive forum 00000000-0000-0000-0000-000000000001 --kind forum.send_mail",
        "platform tasks limit forum mail --rate-seconds 60",
        "platform tasks show forum nonsense",
        "platform sagas",
    ] {
        assert!(command().try_get_matches_from(line.split_whitespace()).is_err(), "{line}");
    }
    command().debug_assert();
}
