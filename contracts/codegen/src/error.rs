//! Why `.proto` files did not become a contract. Only reasons a contract's author can act on enter here.

use std::env::VarError;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// What is wrong with the `.proto` files of a contract, or with the place they are compiled in.
#[derive(thiserror::Error)]
pub enum GenerateError {
    /// Not run by Cargo.
    #[error("OUT_DIR is not set: call this from a build script")]
    NotABuildScript {
        /// What the environment answered.
        source: VarError,
    },
    /// A file is missing or is not valid protobuf.
    #[error("the .proto files do not compile")]
    Proto {
        /// Where and why.
        source: protox::Error,
    },
    /// A file that belongs to another package, named or imported. A contract stands alone.
    #[error("`{file}` is of package `{found}`; a contract holds and imports files of `{expected}` only")]
    ForeignPackage {
        /// The file.
        file: String,
        /// Its package.
        found: String,
        /// The contract's package.
        expected: String,
    },
    /// A service whose name does not say who may call it.
    #[error("service `{service}` must end in `Portal` (for our own processes) or `Api` (for clients)")]
    ServiceName {
        /// The service.
        service: String,
    },
    /// A method that streams; a portal answers one request with one reply.
    #[error("`{service}.{method}` streams; a portal's method takes one request and gives one reply")]
    Streaming {
        /// The service.
        service: String,
        /// Its method.
        method: String,
    },
    /// A `oneof`, whose JSON form cannot default when it is missing.
    #[error("message `{message}` has a oneof; use optional fields of which one must be set")]
    Oneof {
        /// The message.
        message: String,
    },
    /// An event without an ordering key.
    #[error("event `{message}` must begin with a string field, its ordering key; {found}")]
    EventKey {
        /// The message.
        message: String,
        /// What it begins with instead.
        found: String,
    },
    /// The messages could not be generated.
    #[error("the messages cannot be generated")]
    Prost {
        /// Why.
        source: io::Error,
    },
    /// The result could not be written.
    #[error("{} cannot be written", path.display())]
    Write {
        /// Where it should have gone.
        path: PathBuf,
        /// Why it did not.
        source: io::Error,
    },
}

/// A build script that fails shows its error by `Debug`, so this is the form its author reads: with causes, and with
/// the line and column that only the compiler's own `Debug` tells.
impl fmt::Debug for GenerateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proto { source } => write!(f, "{self}: {source:?}"),
            Self::NotABuildScript { source } => write!(f, "{self}: {source}"),
            Self::Prost { source } | Self::Write { source, .. } => write!(f, "{self}: {source}"),
            _ => write!(f, "{self}"),
        }
    }
}
