//! What can be wrong with a configuration, and where each value came from. No secret ever enters these texts.

use std::fmt;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The table's own default.
    Default,
    /// Worked out from other settings, named here.
    Derived(&'static str),
    /// A file, by the path it was read from.
    File(String),
    /// One environment variable, or several that make one value together.
    Variable(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Derived(from) => write!(f, "derived from {from}"),
            Self::File(path) => f.write_str(path),
            Self::Variable(name) => write!(f, "environment variable {name}"),
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingFault {
    /// The setting, such as `http.port`; empty when the whole source is at fault.
    pub key: String,
    /// Where the wrong value came from.
    pub source: Source,
    /// What is wrong and what would be right, for people.
    pub detail: String,
}

impl SettingFault {
    pub(crate) fn new(key: impl Into<String>, source: &Source, detail: impl Into<String>) -> Self {
        Self { key: key.into(), source: source.clone(), detail: detail.into() }
    }
}

impl fmt::Display for SettingFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.key.is_empty() {
            write!(f, "{}: {}", self.source, self.detail)
        } else {
            write!(f, "{} ({}): {}", self.key, self.source, self.detail)
        }
    }
}

/// Everything that is wrong, in the order it was found. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingFaults(pub Vec<SettingFault>);

impl fmt::Display for SettingFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.0.len() == 1 { "fault" } else { "faults" };
        write!(f, "{} {noun} in the configuration", self.0.len())?;
        self.0.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
    }
}

impl std::error::Error for SettingFaults {}
