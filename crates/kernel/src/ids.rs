//! Identifiers: UUID version 7 (RFC 9562), one newtype for each kind of thing.
#![expect(clippy::disallowed_methods, reason = "this is the source of ids the others are given")]

use uuid::Uuid;

/// Where new identifiers and secrets come from, so that a run can be replayed.
pub trait Ids: Send + Sync {
    /// A new UUID v7. Later calls sort after earlier ones.
    fn next(&self) -> Uuid;

    /// 32 bytes nobody can guess: session tokens, refresh tokens, one-time links.
    fn secret(&self) -> [u8; 32];
}

/// The operating system's randomness and clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemIds;

impl Ids for SystemIds {
    fn next(&self) -> Uuid {
        Uuid::now_v7()
    }

    fn secret(&self) -> [u8; 32] {
        // Two version-4 UUIDs carry 244 random bits; the fixed version and variant bits take nothing that matters.
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(Uuid::new_v4().as_bytes());
        bytes[16..].copy_from_slice(Uuid::new_v4().as_bytes());
        bytes
    }
}

/// Declares an identifier: `kernel::id!(/// A thread. ThreadId);`
#[macro_export]
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub ::uuid::Uuid);

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = ::uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl From<::uuid::Uuid> for $name {
            fn from(id: ::uuid::Uuid) -> Self {
                Self(id)
            }
        }
    };
}

id!(
    /// A person with an account.
    UserId
);
id!(
    /// A community. Every row of every module belongs to one.
    TenantId
);
id!(
    /// One log-in of one person on one device.
    SessionId
);

impl TenantId {
    /// The community that exists before anybody made one.
    pub const FIRST: Self = Self(Uuid::from_u128(1));
}
