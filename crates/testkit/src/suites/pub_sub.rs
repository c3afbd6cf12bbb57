//! The suite for [`kernel::PubSub`].
//!
//! What may not enter: that a message arrives which was said while nobody was connected. No engine promises that.

use crate::patience::PATIENCE;
use async_trait::async_trait;
use kernel::{FaultCode, Heard, MESSAGE_LIMIT, PubSub, Subscription};
use std::time::Duration;
use tokio::time::timeout;

/// An engine to be tested, as two processes see it.
#[async_trait]
pub trait PubSubSubject: Send + Sync {
    /// The port under test.
    fn pub_sub(&self) -> &dyn PubSub;

    /// The same in other hands: another process's, where the engine reaches that far.
    fn second(&self) -> &dyn PubSub;
}

/// Runs every case, each on a `fresh` engine.
///
/// # Panics
/// When the engine breaks a promise.
pub async fn pub_sub<S: PubSubSubject>(fresh: impl AsyncFn() -> S) {
    everybody_hears_what_is_said(&fresh().await).await;
    topics_do_not_mix(&fresh().await).await;
    messages_of_one_come_whole_and_in_order(&fresh().await).await;
    giving_up_waiting_loses_nothing(&fresh().await).await;
    what_cannot_be_carried_is_refused(&fresh().await).await;
}

/// What is heard next.
///
/// # Panics
/// When nothing is.
async fn next(subscription: &mut Box<dyn Subscription>) -> Heard {
    timeout(PATIENCE, subscription.next()).await.expect("something is heard")
}

/// Listens, and is connected.
async fn listening(hands: &dyn PubSub, topic: &str) -> Box<dyn Subscription> {
    let mut subscription = hands.subscribe(topic).expect("it is a topic");
    assert_eq!(next(&mut subscription).await, Heard::Gap, "listening begins with a gap");
    subscription
}

fn said(text: &str) -> Heard {
    Heard::Message(text.to_owned())
}

async fn everybody_hears_what_is_said(subject: &impl PubSubSubject) {
    let mut here = listening(subject.pub_sub(), "news").await;
    let mut there = listening(subject.second(), "news").await;
    subject.pub_sub().publish("news", "one").await.expect("it can be said");
    subject.second().publish("news", "two").await.expect("it can be said there too");
    for subscription in [&mut here, &mut there] {
        let mut heard = vec![next(subscription).await, next(subscription).await];
        heard.sort_by_key(|heard| format!("{heard:?}"));
        assert_eq!(heard, [said("one"), said("two")], "whoever listens hears everything, once");
    }
    drop(here);
    subject.pub_sub().publish("news", "three").await.expect("who has left keeps nobody from speaking");
    assert_eq!(next(&mut there).await, said("three"));
}

async fn topics_do_not_mix(subject: &impl PubSubSubject) {
    let mut news = listening(subject.second(), "news").await;
    subject.pub_sub().publish("newspaper", "not this").await.expect("it can be said");
    subject.pub_sub().publish("news", "this").await.expect("it can be said");
    assert_eq!(next(&mut news).await, said("this"));
}

async fn messages_of_one_come_whole_and_in_order(subject: &impl PubSubSubject) {
    let mut news = listening(subject.second(), "news").await;
    let mut messages: Vec<String> = (0..50).map(|number| format!("number {number}")).collect();
    messages.extend([String::new(), "it's \"quoted\" \\ ü \u{1f600}\n".to_owned(), "x".repeat(MESSAGE_LIMIT)]);
    for message in &messages {
        subject.pub_sub().publish("news", message).await.expect("it can be said");
    }
    for message in &messages {
        assert_eq!(next(&mut news).await, said(message));
    }
}

async fn giving_up_waiting_loses_nothing(subject: &impl PubSubSubject) {
    let mut news = listening(subject.second(), "news").await;
    for number in 0..20 {
        let vain = timeout(Duration::from_millis(1), news.next()).await;
        assert!(vain.is_err(), "nothing was said: {vain:?}");
        subject.pub_sub().publish("news", &number.to_string()).await.expect("it can be said");
        assert_eq!(next(&mut news).await, said(&number.to_string()));
    }
}

async fn what_cannot_be_carried_is_refused(subject: &impl PubSubSubject) {
    let long = "x".repeat(MESSAGE_LIMIT + 1);
    for (topic, message, field) in [
        ("news", long.as_str(), "message"),
        ("news", "\0", "message"),
        ("", "x", "topic"),
        ("News; DROP", "x", "topic"),
    ] {
        let fault = subject.pub_sub().publish(topic, message).await.expect_err("it cannot be carried");
        assert_eq!(fault.code, FaultCode::Invalid, "{fault}");
        assert!(fault.fields.iter().any(|wrong| wrong.field == field), "the fault names the {field}: {fault:?}");
    }
    assert!(subject.pub_sub().subscribe("no topic").is_err(), "nor is it listened to");
}
