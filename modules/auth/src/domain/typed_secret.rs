//! A secret on its way in: a password or a token as somebody typed or sent it.
//!
//! What may not enter: a way to print or to store it.

use secrecy::{ExposeSecret, SecretString};
use serde::de::{Error, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What somebody typed as a secret. Wiped from memory when dropped.
#[derive(Clone)]
pub(crate) struct TypedSecret(SecretString);

impl TypedSecret {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The secret itself, for the few places that compare or hash it.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl Default for TypedSecret {
    fn default() -> Self {
        Self::new("")
    }
}

/// Leaves the secret out. A use case is serialised for its fingerprint, which is kept with the answer: a fast hash
/// over a password next to everything else it is hashed with would be an invitation to guess.
impl Serialize for TypedSecret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

/// Refuses whatever is not text without quoting it, as derived code would.
impl<'de> Deserialize<'de> for TypedSecret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Given {
            Text(SecretString),
            Other(IgnoredAny),
        }
        match Given::deserialize(deserializer)? {
            Given::Text(text) => Ok(Self(text)),
            Given::Other(_) => Err(D::Error::custom("a secret must be given as text")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secret_leaves_no_trace_in_a_fingerprint() {
        assert_eq!(serde_json::to_string(&TypedSecret::new("open sesame")).unwrap(), "null");
    }

    #[test]
    fn secret_of_the_wrong_shape_is_refused_without_being_quoted() {
        let refused = serde_json::from_value::<TypedSecret>(json!(8_675_309)).err().unwrap().to_string();
        assert!(!refused.contains("8675309"), "{refused}");
        assert_eq!(serde_json::from_value::<TypedSecret>(json!("x")).unwrap().expose(), "x");
    }
}
