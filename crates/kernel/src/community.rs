//! Communities as every process sees them: what a request names one by, and whether it is served there and now.

use crate::fault::reasons;
use crate::{Fault, Kind, Operation, TenantId};
use std::str::FromStr;

/// What a request names its community by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Asked {
    /// The host asked for, as the outermost trusted hop heard it: lower case, without a port.
    Host(String),
    /// The community's short name, or its id in text.
    Name(String),
}

impl Asked {
    /// By a `Host` header or an `:authority`, whatever its case and port.
    pub fn host(authority: &str) -> Self {
        let host = match authority.rsplit_once(':') {
            // A colon inside brackets belongs to the address.
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => authority,
        };
        Self::Host(host.trim_end_matches('.').to_ascii_lowercase())
    }

    /// How it was asked for, for people.
    pub fn text(&self) -> &str {
        let (Self::Host(text) | Self::Name(text)) = self;
        text
    }
}

/// What may be done in a community as a whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CommunityState {
    /// Everything.
    #[default]
    Active,
    /// Reading.
    ReadOnly,
    /// Nothing, until an operator says otherwise.
    Suspended,
    /// Nothing: it is being removed.
    Leaving,
}

impl CommunityState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Active, Self::ReadOnly, Self::Suspended, Self::Leaving];

    /// Its name in databases and on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::ReadOnly => "read_only",
            Self::Suspended => "suspended",
            Self::Leaving => "leaving",
        }
    }
}

impl FromStr for CommunityState {
    type Err = Fault;

    fn from_str(name: &str) -> Result<Self, Fault> {
        let found = Self::ALL.into_iter().find(|state| state.name() == name);
        found.ok_or_else(|| Fault::invalid("state", "is none of active, read_only, suspended and leaving"))
    }
}

/// A community, as far as a request needs it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Community {
    /// Its id; none before anybody could tell.
    pub id: Option<TenantId>,
    /// Its short name, as in `Polity-Community`.
    pub slug: String,
    /// What people call it.
    pub name: String,
    /// Where its pages are, such as `https://garden.example`, without a slash at the end.
    pub address: String,
    /// Where its data is kept; empty when that does not matter.
    pub region: String,
    /// What may be done in it.
    pub state: CommunityState,
    /// The colour of its buttons and links, as `#1f5fbf`; none is the usual one.
    pub accent: Option<String>,
    /// How many people may have an account in it; none is any number.
    pub member_limit: Option<i64>,
    /// How many requests it may make in a minute; none is any number.
    pub requests_per_minute: Option<u32>,
}

impl Community {
    /// The community of processes that know of no other.
    pub fn first() -> Self {
        Self { id: Some(TenantId::FIRST), ..Self::default() }
    }

    /// Its id.
    pub fn tenant(&self) -> TenantId {
        self.id.unwrap_or(TenantId::FIRST)
    }

    /// That a process of `region` may serve it at all now.
    ///
    /// # Errors
    /// `community.misdirected` with the right address when its data is kept elsewhere; `community.suspended` and
    /// `community.leaving`.
    pub fn served_in(&self, region: &str) -> Result<(), Fault> {
        if !region.is_empty() && !self.region.is_empty() && self.region != region {
            let (name, kept, address) = (&self.name, &self.region, &self.address);
            let detail = format!("{name} keeps its data in the region {kept}, and this is {region}. Ask {address}.");
            return Err(reasons::MISDIRECTED.fault().detail(detail));
        }
        match self.state {
            CommunityState::Active | CommunityState::ReadOnly => Ok(()),
            CommunityState::Suspended => Err(reasons::COMMUNITY_SUSPENDED.fault()),
            CommunityState::Leaving => Err(reasons::COMMUNITY_LEAVING.fault()),
        }
    }

    /// That its state lets people do this.
    ///
    /// # Errors
    /// `community.read_only`.
    pub fn lets(&self, operation: &Operation) -> Result<(), Fault> {
        let reads = operation.kind == Kind::Query || operation.in_read_only;
        if reads || self.state == CommunityState::Active { Ok(()) } else { Err(reasons::COMMUNITY_READ_ONLY.fault()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_is_the_same_in_any_case_and_with_any_port() {
        for text in ["Garden.Example", "garden.example:8443", "garden.example.", "garden.example"] {
            assert_eq!(Asked::host(text), Asked::Host("garden.example".to_owned()), "{text}");
        }
        assert_eq!(Asked::host("[::1]:80").text(), "[::1]");
        assert_eq!(Asked::host("[::1]").text(), "[::1]");
    }

    #[test]
    fn data_of_another_region_is_not_served_and_the_right_address_is_named() {
        let community = Community {
            name: "Garden".to_owned(),
            address: "https://garden.eu.example".to_owned(),
            region: "eu".to_owned(),
            ..Community::first()
        };
        let fault = community.served_in("us").unwrap_err();
        assert!(fault.is(&reasons::MISDIRECTED) && fault.detail.contains("https://garden.eu.example"), "{fault}");
        assert!(community.served_in("eu").is_ok() && community.served_in("").is_ok());
        assert!(Community::first().served_in("us").is_ok());
    }

    #[test]
    fn read_only_community_lets_people_read_and_log_in() {
        let community = Community { state: CommunityState::ReadOnly, ..Community::first() };
        assert!(community.lets(&Operation::query("forum.read_thread", "Thread")).is_ok());
        assert!(community.lets(&Operation::command("auth.log_in", "Account").in_read_only()).is_ok());
        let refused = community.lets(&Operation::command("forum.post_reply", "Thread")).unwrap_err();
        assert!(refused.is(&reasons::COMMUNITY_READ_ONLY));
        assert!(community.served_in("").is_ok());
        let suspended = Community { state: CommunityState::Suspended, ..Community::first() };
        assert!(suspended.served_in("").unwrap_err().is(&reasons::COMMUNITY_SUSPENDED));
    }
}
