//! The pages as a browser gets them.

use crate::console::Console;
use crate::desk::at;
use axum::http::StatusCode;
use kernel::{DeskOrder, Role, TaskState, reasons};
use std::sync::atomic::Ordering;

#[tokio::test]
async fn queues_show_what_needs_somebody() {
    let console = Console::new().await;
    console.forum().queue("mail", 12, 3, Some(at(0)));
    console.forum().hour(at(0));
    let page = console.get("/platform/tasks").await;
    assert_eq!(page.status, StatusCode::OK);
    page.shows(&[
        "mail",
        "href=\"/platform/tasks/search?module=forum&amp;queue=mail&amp;state=dead\">3</a>",
        "aria-label=\"forum: 2350 done, 26 failed, 3 dead; at most 62 in one bar\"",
        "data-fresh=\"forum/mail/ready\"",
        "action=\"/platform/queues/forum/mail/pause\"",
    ]);
}

#[tokio::test]
async fn silent_module_is_said_to_be_silent_beside_the_others() {
    let console = Console::new().await;
    console.forum().queue("mail", 1, 0, None);
    console.ledger().queue("payouts", 1, 0, None);
    console.silence("forum", true);
    let page = console.get("/platform/tasks").await;
    assert_eq!(page.status, StatusCode::OK);
    page.shows(&["forum does not answer", "payouts"]);
    assert_eq!(page.text.matches("forum does not answer").count(), 1);
    assert!(!page.text.contains("mail</strong>"), "{}", page.text);
}

#[tokio::test]
async fn paused_queue_offers_to_go_on_and_says_so() {
    let console = Console::new().await;
    console.forum().queue("mail", 1, 0, None);
    let answer = console.form("/platform/queues/forum/mail/pause", "idempotency_key=k-1").await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/platform/tasks?done=pause"));
    assert_eq!(console.forum().last_order().0.idempotency_key.unwrap().as_str(), "k-1");
    let page = console.get(answer.location()).await;
    page.shows(&["Nothing more is started in this queue.", "/platform/queues/forum/mail/resume", "paused"]);
}

#[tokio::test]
async fn limits_that_are_none_are_said_at_their_field_and_kept() {
    let console = Console::new().await;
    console.forum().queue("mail", 1, 0, None);
    let form = "per_process=many&at_most=7&rate=&rate_seconds=";
    let page = console.form("/platform/queues/forum/mail/limits", form).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    page.shows(&["must be a whole number", "value=\"many\"", "value=\"7\"", "aria-invalid=\"true\""]);
    assert!(console.forum().orders.lock().unwrap().is_empty());
    let page = console.form("/platform/queues/forum/mail/limits", "at_most=0").await;
    page.shows(&["to start nothing, pause the queue"]);
    let done = console.form("/platform/queues/forum/mail/limits", "at_most=7&per_process=+2+").await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert!(matches!(console.forum().last_order().1, DeskOrder::Limit(_, limits) if limits.per_process == Some(2)));
}

#[tokio::test]
async fn redriving_all_says_how_many_before_it_is_done() {
    let console = Console::new().await;
    for number in 1..=3 {
        console.forum().task(number, "forum.send_mail", TaskState::Dead);
    }
    console.ledger().task(4, "ledger.settle", TaskState::Dead);
    let found = console.get("/platform/tasks/search?state=dead&kind=forum.send_mail").await;
    found.shows(&["/platform/tasks/redrive?state=dead&amp;kind=forum.send_mail"]);
    let asked = console.get("/platform/tasks/redrive?state=dead&kind=forum.send_mail").await;
    asked.shows(&["Redrive 3 dead letters?", "Redrive all 3", "name=\"kind\" value=\"forum.send_mail\""]);
    assert!(console.forum().orders.lock().unwrap().is_empty());
    let done = console.form("/platform/tasks/redrive", "state=dead&kind=forum.send_mail").await;
    assert!(!asked.text.contains("idempotency_key"), "redriving all keeps no answer: {}", asked.text);
    let location = "/platform/tasks/search?kind=forum.send_mail&done=redrive-all&touched=3";
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, location));
    console.get(location).await.shows(&["3 dead letters get another life."]);
}

#[tokio::test]
async fn task_shows_its_life_and_what_may_be_done_with_it() {
    let console = Console::new().await;
    let dead = console.forum().task(2, "forum.send_mail", TaskState::Dead);
    let page = console.get(&format!("/platform/tasks/forum/{dead}")).await;
    page.shows(&[
        "Attempt 3: dead",
        "connection reset by peer",
        "forum.post_reply",
        "bo@example.org",
        "request-1",
        &format!("action=\"/platform/tasks/forum/{dead}/redrive\""),
    ]);
    assert!(!page.text.contains("/cancel"), "{}", page.text);
    let running = console.forum().task(3, "forum.send_mail", TaskState::Running);
    let page = console.get(&format!("/platform/tasks/forum/{running}")).await;
    page.shows(&["4 of 10 letters sent", "Somebody is at it", "/cancel"]);
    assert!(!page.text.contains("/redrive"), "{}", page.text);
}

#[tokio::test]
async fn what_cannot_be_taken_back_asks_first() {
    let console = Console::new().await;
    let running = console.ledger().task(1, "ledger.settle", TaskState::Running);
    let waiting = console.ledger().task(2, "ledger.settle", TaskState::Waiting);
    let stuck = console.ledger().saga(3, "stuck");
    for (thing, order, words, given) in [
        (format!("tasks/ledger/{running}"), "cancel", "stops as soon as it listens", DeskOrder::Cancel(running)),
        (format!("tasks/ledger/{waiting}"), "cancel", "is taken out of its queue", DeskOrder::Cancel(waiting)),
        (format!("sagas/ledger/{stuck}"), "skip", "The step transfer counts as done", DeskOrder::SkipStep(stuck)),
        (format!("sagas/ledger/{stuck}"), "compensate", "Every step that may", DeskOrder::CompensateSaga(stuck)),
    ] {
        let path = format!("/platform/{thing}/{order}");
        let offered = console.get(&format!("/platform/{thing}")).await;
        offered.shows(&[&format!("<a href=\"{path}\"")]);
        assert!(!offered.text.contains(&format!("action=\"{path}\"")), "{}", offered.text);
        let asked = console.get(&path).await;
        assert_eq!(asked.status, StatusCode::OK, "{path}");
        let form = format!("method=\"post\" action=\"{path}\"");
        asked.shows(&[words, &form, "name=\"idempotency_key\"", &format!("href=\"/platform/{thing}\"")]);
        let orders = console.ledger().orders.lock().unwrap().len();
        let done = console.form(&path, "idempotency_key=k").await;
        let back = format!("/platform/{thing}?done={order}");
        assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, back.as_str()));
        assert_eq!(console.ledger().last_order().1, given);
        assert_eq!(console.ledger().orders.lock().unwrap().len(), orders + 1, "asking alone orders nothing");
        assert_eq!(console.get_as(&path, Some(Role::Moderator)).await.status, StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test]
async fn question_that_comes_too_late_offers_nothing_but_the_way_back() {
    let console = Console::new().await;
    let done = console.forum().task(1, "forum.send_mail", TaskState::Done);
    let undone = console.forum().saga(2, "undone");
    let waiting = console.forum().saga(3, "waiting");
    for (thing, order) in [
        (format!("tasks/forum/{done}"), "cancel"),
        (format!("tasks/forum/{done}"), "redrive"),
        (format!("sagas/forum/{undone}"), "compensate"),
        (format!("sagas/forum/{waiting}"), "skip"),
    ] {
        let path = format!("/platform/{thing}/{order}");
        let asked = console.get(&path).await;
        asked.shows(&["Nothing to do", &format!("href=\"/platform/{thing}\"")]);
        assert!(!asked.text.contains(&format!("action=\"{path}\"")), "{}", asked.text);
    }
    let unknown = console.get(&format!("/platform/tasks/forum/{done}/explode")).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn order_that_comes_too_late_is_explained_where_it_was_given() {
    let console = Console::new().await;
    let done = console.forum().task(1, "forum.send_mail", TaskState::Done);
    let page = console.form(&format!("/platform/tasks/forum/{done}/redrive"), "").await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    page.shows(&["The task is not a dead letter.", "forum.send_mail"]);
}

#[tokio::test]
async fn form_shown_again_keeps_the_key_it_came_with_and_lends_it_to_no_other() {
    let console = Console::new().await;
    for queue in ["mail", "slow"] {
        console.forum().queue(queue, 1, 0, None);
    }
    console.forum().schedule("sweep", "forum.sweep_drafts", false);
    let dead = console.forum().task(1, "forum.send_mail", TaskState::Dead);
    let stuck = console.forum().saga(2, "stuck");
    console.forum().loses_answers.store(true, Ordering::SeqCst);
    for path in [
        "/platform/schedules/forum/sweep/run-now".to_owned(),
        "/platform/queues/forum/mail/limits".to_owned(),
        format!("/platform/tasks/forum/{dead}/redrive"),
        format!("/platform/sagas/forum/{stuck}/retry"),
    ] {
        let again = console.form(&path, "at_most=7&idempotency_key=k-7").await;
        assert_eq!(again.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        let form = again.text.split("<form").find(|form| form.contains(&format!("action=\"{path}\""))).unwrap();
        assert!(form.contains("name=\"idempotency_key\" value=\"k-7\""), "{path}: {form}");
        assert_eq!(again.text.matches("value=\"k-7\"").count(), 1, "{path}");
    }
    // What was sent before under this key is another order: no use in sending it a third time.
    *console.forum().fails_orders.lock().unwrap() = Some(reasons::KEY_REUSED.fault());
    let again = console.form("/platform/queues/forum/mail/limits", "at_most=8&idempotency_key=k-7").await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(!again.text.contains("k-7"), "{}", again.text);
}

#[tokio::test]
async fn what_cannot_be_looked_for_is_said_at_its_field() {
    let console = Console::new().await;
    let page = console.get("/platform/tasks/search?tenant_id=ours").await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    page.shows(&["must be a community's id", "href=\"#field-tenant_id\"", "aria-invalid=\"true\""]);
}

#[tokio::test]
async fn stuck_saga_shows_the_failing_step_and_the_ways_out() {
    let console = Console::new().await;
    let stuck = console.ledger().saga(5, "stuck");
    console.get("/platform/sagas").await.shows(&["hold expired", "transfer", "tried 12 times"]);
    let page = console.get(&format!("/platform/sagas/ledger/{stuck}")).await;
    page.shows(&["hold expired", "/retry", "/skip", "/compensate", "Next attempt", "bounty-5"]);
    let given = console.form(&format!("/platform/sagas/ledger/{stuck}/retry"), "").await;
    assert_eq!(given.location(), format!("/platform/sagas/ledger/{stuck}?done=retry"));
    assert_eq!(console.ledger().last_order().1, DeskOrder::RetrySaga(stuck));
    let undone = console.ledger().saga(6, "undone");
    let page = console.get(&format!("/platform/sagas/ledger/{undone}")).await;
    assert!(!page.text.contains("/compensate"), "{}", page.text);
}

#[tokio::test]
async fn saga_stuck_on_its_way_back_is_spoken_of_as_such() {
    let console = Console::new().await;
    let stuck = console.ledger().saga_stuck_going_back(5);
    let page = console.get(&format!("/platform/sagas/ledger/{stuck}")).await;
    page.shows(&["/retry", "counts as undone"]);
    assert!(!page.text.contains("/compensate") && !page.text.contains("counts as done"), "{}", page.text);
    let skip = console.get(&format!("/platform/sagas/ledger/{stuck}/skip")).await;
    skip.shows(&["The step transfer counts as undone"]);
    let retry = console.get(&format!("/platform/sagas/ledger/{stuck}/retry")).await;
    retry.shows(&["Undoing the step transfer is tried again now."]);
    let undo = console.get(&format!("/platform/sagas/ledger/{stuck}/compensate")).await;
    undo.shows(&["Nothing to do"]);
}

#[tokio::test]
async fn saga_whose_task_is_gone_can_be_moved_on() {
    let console = Console::new().await;
    for (number, state) in [(5, "running"), (6, "compensating")] {
        let id = console.ledger().saga(number, state);
        let page = console.get(&format!("/platform/sagas/ledger/{id}")).await;
        page.shows(&[&format!("action=\"/platform/sagas/ledger/{id}/retry\""), "when its task was cancelled"]);
        assert!(!page.text.contains("/skip"), "{}", page.text);
        console.form(&format!("/platform/sagas/ledger/{id}/retry"), "").await;
        assert_eq!(console.ledger().last_order().1, DeskOrder::RetrySaga(id));
    }
    let waiting = console.ledger().saga(7, "waiting");
    assert!(!console.get(&format!("/platform/sagas/ledger/{waiting}")).await.text.contains("/retry"));
}

#[tokio::test]
async fn schedule_fires_at_the_press_of_a_button() {
    let console = Console::new().await;
    console.forum().schedule("sweep", "forum.sweep_drafts", false);
    console.get("/platform/schedules").await.shows(&["0 3 * * *", "Europe/Berlin", "/schedules/forum/sweep/run-now"]);
    let given = console.form("/platform/schedules/forum/sweep/run-now", "").await;
    assert_eq!(given.location(), "/platform/schedules?done=run-now");
    assert_eq!(console.forum().last_order().1, DeskOrder::RunNow("sweep".into()));
}

#[tokio::test]
async fn empty_console_says_so() {
    let console = Console::new().await;
    console.get("/platform/tasks").await.shows(&["No queues", "A quiet hour"]);
    console.get("/platform/tasks/search").await.shows(&["Nothing has been enqueued yet."]);
    console.get("/platform/tasks/search?kind=x").await.shows(&["No task is like that."]);
    console.get("/platform/tasks/redrive").await.shows(&["Nothing to redrive"]);
    console.get("/platform/schedules").await.shows(&["No schedules"]);
    console.get("/platform/sagas").await.shows(&["No sagas"]);
}

#[tokio::test]
async fn search_that_gave_up_leads_on_though_it_found_nothing() {
    let console = Console::new().await;
    for number in 1..=3 {
        console.forum().task(number, "forum.sweep_drafts", TaskState::Done);
        console.forum().saga(number, "done");
    }
    console.forum().gives_up_after.store(2, Ordering::SeqCst);
    for list in ["/platform/tasks/search?kind=forum.send_mail", "/platform/sagas?state=stuck"] {
        let page = console.get(list).await;
        page.shows(&["Older ones may be.", "rel=\"next\""]);
        let cursor = page.text.split("cursor=").nth(1).unwrap().split('"').next().unwrap();
        let last = console.get(&format!("{list}&cursor={cursor}")).await;
        last.shows(&["No older", "rel=\"prev\""]);
        assert!(!last.text.contains("rel=\"next\""), "{}", last.text);
    }
}

#[tokio::test]
async fn words_from_elsewhere_are_never_markup() {
    let console = Console::new().await;
    console.forum().queue("<script>alert(1)</script>", 1, 0, None);
    let id = console.forum().task(1, "<script>alert(2)</script>", TaskState::Dead);
    for path in
        ["/platform/tasks".to_owned(), "/platform/tasks/search".to_owned(), format!("/platform/tasks/forum/{id}")]
    {
        let page = console.get(&path).await;
        assert!(page.text.contains("&lt;script&gt;") && !page.text.contains("<script>alert"), "{}", page.text);
    }
}
