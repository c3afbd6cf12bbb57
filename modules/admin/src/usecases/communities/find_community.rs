//! Which community a host, a short name or an id stands for. Asked for every request, by processes of the installation.

use crate::Admin;
use crate::domain::CommunityRow;
use crate::operations::FIND_COMMUNITY;
use kernel::{Caller, Fault, Operation, Permit, Resource, TenantId, UseCase, reasons};
use serde::{Deserialize, Serialize};
use settings::UnknownHost;
use url::{Host, Url};

/// What a community is looked for by.
#[derive(Debug, Clone, Serialize)]
pub(crate) enum Wanted {
    /// The host asked for: lower case, without a port.
    Host(String),
    /// The short name or the id.
    Name(String),
}

/// Which one.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FindCommunity {
    pub(crate) wanted: Wanted,
}

/// A community and where its pages are.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Found {
    pub(crate) community: CommunityRow,
    pub(crate) address: String,
}

impl UseCase for FindCommunity {
    type Module = Admin;
    type Subject = ();
    type Output = Found;
    const OPERATION: &'static Operation = &FIND_COMMUNITY;

    async fn load(&self, _: &Admin, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), caller: &Caller) -> Resource {
        Resource::new("Tenant", caller.actor.tenant, caller.actor.tenant)
    }

    async fn run(&self, admin: &Admin, (): (), _: Permit) -> Result<Found, Fault> {
        let found = match &self.wanted {
            Wanted::Host(host) => by_host(admin, host).await?,
            Wanted::Name(name) => match name.parse::<TenantId>() {
                Ok(id) => admin.store.community_of_id(id).await?,
                Err(_) => admin.store.community_of_slug(name).await?,
            },
        };
        let (Wanted::Host(asked) | Wanted::Name(asked)) = &self.wanted;
        let community = found
            .ok_or_else(|| reasons::COMMUNITY_UNKNOWN.fault().detail(format!("There is no community {asked} here.")))?;
        let address = admin.places.address(&community);
        Ok(Found { community, address })
    }
}

async fn by_host(admin: &Admin, host: &str) -> Result<Option<CommunityRow>, Fault> {
    if let Some(community) = admin.store.community_of_host(host).await? {
        return Ok(Some(community));
    }
    let first = admin.places.is_first(host);
    if let Some(slug) = admin.places.slug_in(host)
        && let Some(community) = admin.store.community_of_slug(slug).await?
    {
        return Ok(Some(community));
    }
    if first { admin.store.community_of_id(TenantId::FIRST).await } else { Ok(None) }
}

/// Where communities are, as far as the configuration says.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    public_url: String,
    /// The installation's own host and, if it is a name, what the hosts below it end with.
    host: String,
    below: Option<String>,
    anywhere: bool,
}

impl Places {
    pub(crate) fn new(public_url: &str, unknown_host: UnknownHost) -> Self {
        let url = Url::parse(public_url).ok();
        let host = url.as_ref().and_then(Url::host_str).unwrap_or_default().to_owned();
        let is_name = url.as_ref().is_some_and(|url| matches!(url.host(), Some(Host::Domain(_))));
        let below = is_name.then(|| format!(".{host}"));
        Self { public_url: public_url.to_owned(), host, below, anywhere: unknown_host == UnknownHost::First }
    }

    /// Whether a host that is nobody's own leads to the first community.
    fn is_first(&self, host: &str) -> bool {
        self.anywhere || host == self.host
    }

    /// The short name in front of the installation's own host.
    fn slug_in<'a>(&self, host: &'a str) -> Option<&'a str> {
        let slug = host.strip_suffix(self.below.as_deref()?)?;
        (!slug.is_empty() && !slug.contains('.')).then_some(slug)
    }

    /// Where links into the community lead: its first domain, or else its name in front of the installation's.
    fn address(&self, community: &CommunityRow) -> String {
        let Ok(mut url) = Url::parse(&self.public_url) else { return self.public_url.clone() };
        let domain = match (community.profile.domains.first(), &self.below) {
            (Some(domain), _) => domain.clone(),
            (None, Some(below)) if community.id != TenantId::FIRST => format!("{}{below}", community.slug),
            _ => return self.public_url.clone(),
        };
        match url.set_host(Some(&domain)) {
            Ok(()) => url.as_str().trim_end_matches('/').to_owned(),
            Err(_) => self.public_url.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ProfileForm;

    fn garden(domains: &[&str]) -> CommunityRow {
        let domains = domains.iter().map(|domain| (*domain).to_owned()).collect();
        let form = ProfileForm { name: "Garden".to_owned(), domains, ..ProfileForm::default() };
        CommunityRow::new(TenantId(uuid::Uuid::from_u128(9)), "garden".to_owned(), form.read().unwrap())
    }

    #[test]
    fn community_is_at_its_domain_or_at_its_name_below_the_installations() {
        let places = Places::new("https://polity.example:8443", UnknownHost::Refused);
        assert_eq!(places.address(&garden(&[])), "https://garden.polity.example:8443");
        assert_eq!(places.address(&garden(&["garden.example"])), "https://garden.example:8443");
        let first = CommunityRow { id: TenantId::FIRST, ..garden(&[]) };
        assert_eq!(places.address(&first), "https://polity.example:8443");
        assert_eq!(places.slug_in("garden.polity.example"), Some("garden"));
        assert_eq!([places.slug_in("a.b.polity.example"), places.slug_in("polity.example")], [None; 2]);
        assert!(places.is_first("polity.example") && !places.is_first("other.example"));
    }

    #[test]
    fn numbers_have_no_names_below_them() {
        let places = Places::new("http://127.0.0.1:8080", UnknownHost::First);
        assert_eq!(places.address(&garden(&[])), "http://127.0.0.1:8080");
        assert_eq!(places.slug_in("garden.127.0.0.1"), None);
        assert!(places.is_first("anything"));
    }
}
