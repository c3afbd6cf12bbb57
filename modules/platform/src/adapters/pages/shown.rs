//! What an order comes to on a page: the way back with a word about it, or the page again with why not and with the form
//! as it was sent.

use crate::Platform;
use crate::adapters::orders::Order;
use axum::response::{Html, IntoResponse, Redirect, Response};
use kernel::{Fault, FaultCode, FieldFault, reasons};
use maud::Markup;
use runtime::http::{Refusal, status_of};
use serde::Deserialize;
use std::future::Future;
use ui::{Action, Button, Field, Flash, Tone};

/// What an order's form carries.
#[derive(Debug, Default, Deserialize)]
pub(super) struct OrderForm {
    #[serde(default)]
    pub(super) idempotency_key: String,
}

/// What the last order came to, as the address of the page it led back to says.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Outcome {
    done: Option<String>,
    #[serde(default)]
    pub(super) touched: u64,
}

impl Outcome {
    /// Whether it is about that word.
    pub(super) fn is(&self, word: &str) -> bool {
        self.done.as_deref() == Some(word)
    }

    /// The page with the words for one of its orders. An address can only choose among them.
    pub(super) fn shown<O: Order>(&self) -> Shown {
        self.done.as_deref().and_then(O::parse).map_or_else(Shown::default, |order| Shown::done(order.done()))
    }
}

/// What a page shows besides what it is about.
#[derive(Default)]
pub(super) struct Shown {
    /// What the last order came to.
    pub(super) flash: Option<Flash>,
    /// What is wrong with the form that was sent.
    pub(super) faults: Vec<FieldFault>,
    /// The address and the key of the form that was sent and may be sent again.
    sent: Option<(String, String)>,
}

impl Shown {
    /// The order was carried out.
    pub(super) fn done(words: impl Into<String>) -> Self {
        Self { flash: Some(Flash::new(Tone::Success, words)), ..Self::default() }
    }

    /// It was not, or nobody knows: whoever sends the form again sends it under its key again, so that it acts once. A key
    /// that stands for another order by now would be refused for ever.
    fn failed(fault: &Fault, address: String, key: String) -> Self {
        let sent = (!key.is_empty() && !fault.is(&reasons::KEY_REUSED)).then_some((address, key));
        Self { flash: Some(Flash::new(Tone::Danger, fault.detail.clone())), faults: fault.fields.clone(), sent }
    }

    /// The key of the form that is sent to `address`: its own, so that sending it twice acts once.
    fn key(&self, platform: &Platform, address: &str) -> String {
        let sent = self.sent.as_ref().filter(|(sent_to, _)| sent_to == address);
        sent.map_or_else(|| platform.ids.next().to_string(), |(_, key)| key.clone())
    }

    /// The hidden field with the key of the form that is sent to `address`.
    pub(super) fn once(&self, platform: &Platform, address: &str) -> Markup {
        Field::hidden("idempotency_key", &self.key(platform, address))
    }

    /// A form that is nothing but a button, with its key.
    pub(super) fn action(&self, platform: &Platform, address: &str, button: Button) -> Action {
        Action::post(address, button).hidden("idempotency_key", self.key(platform, address))
    }
}

/// Answers a form: back to `to` when the order was carried out, or the page `again`, when somebody who sees it may do
/// something about it. `address` and `key` are those of the form.
pub(super) async fn answered<T, F>(
    outcome: Result<T, Fault>,
    (address, key): (String, String),
    to: String,
    again: impl FnOnce(Shown) -> F,
) -> Result<Response, Refusal>
where
    F: Future<Output = Result<String, Fault>>,
{
    use FaultCode::{Conflict, Invalid, NotFound, Stale, Unavailable};
    match outcome {
        Ok(_) => Ok(Redirect::to(&to).into_response()),
        Err(fault) if matches!(fault.code, Conflict | Invalid | NotFound | Stale | Unavailable) => {
            let page = again(Shown::failed(&fault, address, key)).await?;
            Ok((status_of(&fault), Html(page)).into_response())
        }
        Err(fault) => Err(fault.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::orders::{QueueOrder, ScheduleOrder};

    #[test]
    fn address_chooses_words_and_brings_none() {
        let outcome = |done: &str| Outcome { done: Some(done.to_owned()), touched: 3 };
        let said = |shown: Shown| shown.flash.map(|flash| flash.text);
        assert_eq!(said(outcome("pause").shown::<QueueOrder>()).unwrap(), QueueOrder::Pause.done());
        assert_eq!(said(outcome("pause").shown::<ScheduleOrder>()).unwrap(), ScheduleOrder::Pause.done());
        assert_eq!(said(outcome("you have won").shown::<QueueOrder>()), None);
    }
}
