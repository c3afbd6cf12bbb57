//! A new account: the form as it was filled in, and what it must hold to become one.
//!
//! What may not enter: whether the address or the handle is still free.

use super::{DisplayName, Email, Handle, Password, TypedSecret};
use kernel::{Fault, FieldFault};
use serde::Serialize;
use std::fmt;

/// The form, unread.
#[derive(Clone, Default, Serialize)]
pub(crate) struct AccountForm {
    pub(crate) email: String,
    pub(crate) handle: String,
    pub(crate) display_name: String,
    pub(crate) password: TypedSecret,
}

/// As what somebody applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Like anybody.
    Member,
    /// To run the community.
    Superuser,
}

/// Somebody whose form is in order.
pub(crate) struct Applicant {
    pub(crate) email: Email,
    pub(crate) handle: Handle,
    pub(crate) display_name: DisplayName,
    pub(crate) password: Password,
}

impl AccountForm {
    /// Reads the form. Names every wrong field at once.
    pub(crate) fn read(&self, standing: Standing) -> Result<Applicant, Fault> {
        let mut faults = Vec::new();
        let email = taken("email", Email::parse(&self.email), &mut faults);
        let handle = match standing {
            Standing::Member => Handle::parse(&self.handle),
            Standing::Superuser => Handle::of_superuser(&self.handle),
        };
        let handle = taken("handle", handle, &mut faults);
        let display_name = taken("display_name", DisplayName::parse(&self.display_name), &mut faults);
        let words = [email.as_ref().map_or("", Email::as_str), handle.as_ref().map_or("", Handle::as_str)];
        let password = taken("password", Password::parse(&self.password, &words), &mut faults);
        match (email, handle, display_name, password) {
            (Some(email), Some(handle), Some(display_name), Some(password)) => {
                Ok(Applicant { email, handle, display_name, password })
            }
            _ => Err(Fault::invalid_fields(faults)),
        }
    }
}

fn taken<T, R: fmt::Display>(field: &str, read: Result<T, R>, faults: &mut Vec<FieldFault>) -> Option<T> {
    read.map_err(|refused| faults.push(FieldFault { field: field.to_owned(), detail: refused.to_string() })).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let form = AccountForm { email: "ada".into(), password: TypedSecret::new("short"), ..AccountForm::default() };
        let fault = form.read(Standing::Member).err().unwrap();
        let fields: Vec<_> = fault.fields.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["email", "handle", "display_name", "password"]);
    }
}
