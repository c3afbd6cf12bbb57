//! How communities are told apart, as plain values.

use serde::Deserialize;

/// More than one community in one installation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Communities {
    /// What a request for a host that is nobody's is answered with.
    pub unknown_host: UnknownHost,
    /// The region that processes of this installation stand in; `None` serves communities of every region.
    pub region: Option<String>,
}

/// What a request for a host that is nobody's is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownHost {
    /// The first community, as if there were no other.
    First,
    /// Not found.
    Refused,
}
