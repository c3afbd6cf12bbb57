//! Keys that an installation is given or makes itself, and sealing with them: the seed kept in a file, the master keys,
//! authenticated encryption.
//!
//! What may not enter: a database, and what the sealed things mean.

mod aead;
mod keeper;
mod kept;
mod master;

pub use aead::{Binding, Key, NotOpened};
pub use keeper::{DataKeys, KeyState};
pub use kept::kept;
pub use master::{KeyError, MasterKey, MasterKeys, MasterSource};
