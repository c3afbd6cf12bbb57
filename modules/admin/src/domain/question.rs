//! A question about a decision in the words of whoever asks it. What may not enter: the answer.

use kernel::{Attribute, Fault, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Whoever the question is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asker {
    /// Somebody not recognised.
    Guest,
    /// A part of Polity.
    Service(String),
    /// A person, by id.
    User(UserId),
    /// A person, by handle.
    Handle(String),
}

/// What is wrong with a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotAQuestion {
    /// It does not say about whom.
    Asker,
    /// Nobody here is called that.
    Nobody,
}

impl From<NotAQuestion> for Fault {
    fn from(wrong: NotAQuestion) -> Self {
        Self::invalid(
            "who",
            match wrong {
                NotAQuestion::Asker => "must be @handle, a user's id, guest, or service:name",
                NotAQuestion::Nobody => "is nobody of this community",
            },
        )
    }
}

impl Asker {
    /// Reads `@handle`, a UUID with or without `user:`, `guest`, or `service:name`.
    ///
    /// # Errors
    /// `Asker` when it is none of them.
    pub(crate) fn parse(text: &str) -> Result<Self, NotAQuestion> {
        let text = text.trim();
        if text == "guest" {
            return Ok(Self::Guest);
        }
        if let Some(name) = text.strip_prefix("service:").filter(|name| !name.is_empty()) {
            return Ok(Self::Service(name.to_owned()));
        }
        if let Some(handle) = text.strip_prefix('@').filter(|handle| !handle.is_empty()) {
            return Ok(Self::Handle(handle.to_owned()));
        }
        let id = text.strip_prefix("user:").unwrap_or(text);
        id.parse().map(Self::User).map_err(|_| NotAQuestion::Asker)
    }
}

/// One attribute of the resource asked about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Fact {
    /// Yes or no.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// Words.
    Text(String),
    /// A person.
    User {
        /// The person's id.
        user: Uuid,
    },
}

impl Fact {
    /// Reads what people type: `true`, `42`, `user:<UUID>`; anything else is words.
    pub(crate) fn typed(text: &str) -> Self {
        let user = text.strip_prefix("user:").and_then(|id| id.parse().ok());
        match (text, text.parse(), user) {
            ("true", ..) => Self::Flag(true),
            ("false", ..) => Self::Flag(false),
            (_, Ok(number), _) => Self::Number(number),
            (.., Some(user)) => Self::User { user },
            _ => Self::Text(text.to_owned()),
        }
    }

    /// As policies see it.
    pub(crate) fn attribute(&self) -> Attribute {
        match self {
            Self::Flag(flag) => Attribute::Flag(*flag),
            Self::Number(number) => Attribute::Number(*number),
            Self::Text(text) => Attribute::Text(text.clone()),
            Self::User { user } => Attribute::User(UserId(*user)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_asked_about_is_read_from_words() {
        let id = Uuid::from_u128(7);
        for (text, expected) in [
            ("guest", Asker::Guest),
            (" @ada ", Asker::Handle("ada".into())),
            ("service:forum.members", Asker::Service("forum.members".into())),
            (&id.to_string(), Asker::User(UserId(id))),
            (&format!("user:{id}"), Asker::User(UserId(id))),
        ] {
            assert_eq!(Asker::parse(text), Ok(expected), "{text}");
        }
        for text in ["", "@", "service:", "ada"] {
            assert_eq!(Asker::parse(text), Err(NotAQuestion::Asker), "{text}");
        }
    }

    #[test]
    fn typed_facts_have_the_type_they_look_like() {
        let id = Uuid::from_u128(7);
        assert_eq!(Fact::typed("true"), Fact::Flag(true));
        assert_eq!(Fact::typed("-3"), Fact::Number(-3));
        assert_eq!(Fact::typed(&format!("user:{id}")), Fact::User { user: id });
        assert_eq!(Fact::typed("user:ada"), Fact::Text("user:ada".into()));
    }
}
