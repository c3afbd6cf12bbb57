//! The fields of a new account: the same at registration and at the first start.

use super::Trouble;
use crate::domain::{AccountForm, TypedSecret};
use auth_contract::reasons;
use kernel::{Fault, FieldFault};
use serde::Deserialize;
use ui::{Field, Markup, form_errors, html};

const LABELS: [(&str, &str); 4] =
    [("email", "E-mail"), ("handle", "Handle"), ("display_name", "Name"), ("password", "Password")];

/// The form as browsers send it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct AccountFields {
    pub(super) email: String,
    handle: String,
    display_name: String,
    pub(super) password: TypedSecret,
    pub(super) idempotency_key: String,
}

impl AccountFields {
    /// The form as whoever was invited finds it.
    pub(super) fn of(email: Option<String>) -> Self {
        Self { email: email.unwrap_or_default(), ..Self::default() }
    }

    pub(super) fn form(&self) -> AccountForm {
        AccountForm {
            email: self.email.clone(),
            handle: self.handle.clone(),
            display_name: self.display_name.clone(),
            password: self.password.clone(),
        }
    }

    /// The fields with what stands in them and what is wrong with them. `key` makes sending the form twice harmless.
    pub(super) fn draw(&self, key: &str, trouble: &Trouble) -> Markup {
        let faults = &trouble.fields;
        html! {
            @if trouble.is_any() { (form_errors(&trouble.detail, faults, &LABELS)) }
            (Field::email("email", "E-mail").hint("You log in with it. It is not shown to others.")
                .value(&self.email).required().autocomplete("email").faults(faults))
            (Field::text("handle", "Handle").hint("Your short name in links and mentions: letters, digits, - and _.")
                .value(&self.handle).required().length(3, 30).autocomplete("nickname").faults(faults))
            (Field::text("display_name", "Name").hint("Shown beside what you write.")
                .value(&self.display_name).required().length(1, 60).autocomplete("name").faults(faults))
            (Field::password("password", "Password").hint("At least 10 characters. A few random words do well.")
                .required().length(10, 200).autocomplete("new-password").faults(faults))
            (Field::hidden("idempotency_key", key))
        }
    }
}

/// The same fault, pointing at the field that somebody else's account already holds.
pub(super) fn at_its_field(mut fault: Fault) -> Fault {
    for (reason, field) in [(reasons::EMAIL_TAKEN, "email"), (reasons::HANDLE_TAKEN, "handle")] {
        if fault.is(&reason) {
            fault.fields = vec![FieldFault { field: field.to_owned(), detail: fault.detail.clone() }];
        }
    }
    fault
}
