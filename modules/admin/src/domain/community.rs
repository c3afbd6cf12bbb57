//! What a community is called, where it is reached, what it looks like, and how much it may hold.

use admin_contract::reasons::FIRST_COMMUNITY;
use kernel::{CommunityState, Fault, FieldFault, TenantId, Time};
use serde::{Deserialize, Serialize};

/// How long a community that is being removed can be brought back.
const GRACE: chrono::TimeDelta = chrono::TimeDelta::days(30);
/// Domains of one community at most.
const MOST_DOMAINS: usize = 20;
/// The contrast of text against its ground that WCAG 2.2 asks for (success criterion 1.4.3, level AA).
const CONTRAST: f64 = 4.5;
/// Short names that would be taken for something else in a host.
const RESERVED: [&str; 8] = ["www", "api", "mail", "admin", "static", "assets", "internal", "status"];

/// A profile as somebody words it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct ProfileForm {
    /// What people call it.
    pub(crate) name: String,
    /// Where its data is kept; empty when that does not matter.
    pub(crate) region: String,
    /// The hosts that lead to it, the one in links first.
    pub(crate) domains: Vec<String>,
    /// The colour of its buttons and links; empty is the usual one.
    pub(crate) accent: String,
    /// How many people may have an account; none is any number.
    pub(crate) member_limit: Option<i64>,
    /// How many requests it may make in a minute; none is any number.
    pub(crate) requests_per_minute: Option<i64>,
}

/// A profile that makes sense.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Profile {
    pub(crate) name: String,
    pub(crate) region: String,
    pub(crate) domains: Vec<String>,
    pub(crate) accent: Option<String>,
    pub(crate) member_limit: Option<i64>,
    pub(crate) requests_per_minute: Option<i64>,
}

impl ProfileForm {
    /// # Errors
    /// `Invalid`, naming every field that is wrong.
    pub(crate) fn read(&self) -> Result<Profile, Fault> {
        let mut faults = Vec::new();
        let mut wrong = |field: &str, detail: String| faults.push(FieldFault { field: field.to_owned(), detail });
        let name = self.name.split_whitespace().collect::<Vec<_>>().join(" ");
        if name.is_empty() || name.chars().count() > 60 || name.chars().any(char::is_control) {
            wrong("name", "must have 1 to 60 characters".to_owned());
        }
        let region = self.region.trim().to_lowercase();
        if region.len() > 40 || !region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
            wrong("region", "must be letters, digits and hyphens, 40 at most, such as eu-west".to_owned());
        }
        let mut domains: Vec<String> = Vec::new();
        for given in self.domains.iter().filter(|given| !given.trim().is_empty()) {
            match domain(given) {
                Ok(domain) if domains.contains(&domain) => wrong("domains", format!("{domain} is named twice")),
                Ok(domain) => domains.push(domain),
                Err(detail) => wrong("domains", detail),
            }
        }
        if domains.len() > MOST_DOMAINS {
            wrong("domains", format!("are more than {MOST_DOMAINS}"));
        }
        let accent = accent(&self.accent).unwrap_or_else(|detail| {
            wrong("accent", detail);
            None
        });
        for (field, limit, most) in [
            ("member_limit", self.member_limit, 100_000_000),
            ("requests_per_minute", self.requests_per_minute, 10_000_000),
        ] {
            if limit.is_some_and(|limit| !(1..=most).contains(&limit)) {
                wrong(field, format!("must be 1 to {most}, or nothing for no limit"));
            }
        }
        if !faults.is_empty() {
            return Err(Fault::invalid_fields(faults));
        }
        let (member_limit, requests_per_minute) = (self.member_limit, self.requests_per_minute);
        Ok(Profile { name, region, domains, accent, member_limit, requests_per_minute })
    }
}

/// The host in ASCII and lower case, however it was written (UTS 46, as browsers read it).
fn domain(given: &str) -> Result<String, String> {
    let given = given.trim().trim_end_matches('.');
    let told = || format!("{given:?} is no host name, such as garden.example");
    match url::Host::parse(given) {
        Ok(url::Host::Domain(domain)) if domain.len() <= 253 => {
            let fits = |label: &str| {
                let plain = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
                (1..=63).contains(&label.len()) && plain
            };
            let labels_fit = domain.split('.').all(fits);
            if labels_fit && domain.contains('.') { Ok(domain) } else { Err(told()) }
        }
        _ => Err(told()),
    }
}

/// The colour as `#rrggbb`, dark enough for the white words on it.
fn accent(given: &str) -> Result<Option<String>, String> {
    let given = given.trim().to_lowercase();
    if given.is_empty() {
        return Ok(None);
    }
    let parts = given.strip_prefix('#').filter(|digits| digits.len() == 6);
    let channel = |at: usize| parts.and_then(|digits| digits.get(at..at + 2)).map(|two| u8::from_str_radix(two, 16));
    let (Some(Ok(red)), Some(Ok(green)), Some(Ok(blue))) = (channel(0), channel(2), channel(4)) else {
        return Err("must be a colour such as #1f5fbf".to_owned());
    };
    let contrast = 1.05 / (luminance([red, green, blue]) + 0.05);
    if contrast < CONTRAST {
        return Err(format!(
            "is too light: white words on it have a contrast of {contrast:.1} to 1, and {CONTRAST} is asked for"
        ));
    }
    Ok(Some(given))
}

/// Relative luminance (WCAG 2.2, section on terms).
fn luminance(channels: [u8; 3]) -> f64 {
    let linear = channels.map(|channel| {
        let share = f64::from(channel) / 255.0;
        if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

/// A short name: 2 to 40 letters, digits and hyphens, usable as the first part of a host.
///
/// # Errors
/// `Invalid`, naming the field `slug`.
pub(crate) fn slug(given: &str) -> Result<String, Fault> {
    let slug = given.trim().to_lowercase();
    let fits = (2..=40).contains(&slug.len())
        && slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && slug.starts_with(|c: char| c.is_ascii_lowercase())
        && !slug.ends_with('-');
    if !fits {
        let detail = "must be 2 to 40 letters, digits and hyphens, and begin with a letter";
        return Err(Fault::invalid("slug", detail));
    }
    if RESERVED.contains(&slug.as_str()) {
        return Err(Fault::invalid("slug", format!("cannot be {slug}, which stands for something else in a host")));
    }
    Ok(slug)
}

/// A community that somebody decides about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CommunityRow {
    pub(crate) id: TenantId,
    pub(crate) slug: String,
    pub(crate) profile: Profile,
    /// Its [`CommunityState`] by name.
    pub(crate) state: String,
    /// When it can no longer be brought back, while it is being removed.
    pub(crate) leaving_at: Option<Time>,
    /// Counting from 1.
    pub(crate) version: i64,
}

impl CommunityRow {
    /// A new one.
    pub(crate) fn new(id: TenantId, slug: String, profile: Profile) -> Self {
        let state = CommunityState::Active.name().to_owned();
        Self { id, slug, profile, state, leaving_at: None, version: 1 }
    }

    /// The same one in its next version; none when nothing is different.
    pub(crate) fn with(&self, slug: String, profile: Profile) -> Option<Self> {
        let changed = slug != self.slug || profile != self.profile;
        changed.then(|| Self { slug, profile, version: self.version + 1, ..self.clone() })
    }

    /// The same one in another state; none when it is in that state.
    ///
    /// # Errors
    /// `admin.first_community` when the installation could no longer be run.
    pub(crate) fn put(&self, state: CommunityState, now: Time) -> Result<Option<Self>, Fault> {
        if self.id == TenantId::FIRST && state > CommunityState::ReadOnly {
            return Err(FIRST_COMMUNITY.fault());
        }
        if self.state == state.name() {
            return Ok(None);
        }
        let leaving_at = (state == CommunityState::Leaving).then(|| now + GRACE);
        let (state, version) = (state.name().to_owned(), self.version + 1);
        Ok(Some(Self { state, leaving_at, version, ..self.clone() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(domains: &[&str], accent: &str) -> ProfileForm {
        let domains = domains.iter().map(|domain| (*domain).to_owned()).collect();
        ProfileForm { name: "Garden".to_owned(), domains, accent: accent.to_owned(), ..ProfileForm::default() }
    }

    #[test]
    fn domain_is_kept_as_browsers_send_it() {
        let read = form(&["Gärten.Example", " garden.example. "], "").read().unwrap();
        assert_eq!(read.domains, ["xn--grten-gra.example", "garden.example"]);
        for wrong in
            ["garden", "127.0.0.1", "[::1]", "a b.example", "garden..example", "*.example", "http://a.b", "a.b:80"]
        {
            let fault = form(&[wrong], "").read().unwrap_err();
            assert_eq!(fault.fields[0].field, "domains", "{wrong}");
        }
        assert!(form(&["a.example", "A.example"], "").read().is_err());
    }

    #[test]
    fn colour_is_refused_when_white_words_on_it_cannot_be_read() {
        assert_eq!(form(&[], "#1F5FBF").read().unwrap().accent.as_deref(), Some("#1f5fbf"));
        assert_eq!(form(&[], "").read().unwrap().accent, None);
        for wrong in ["#ffcc00", "#777777", "red", "#12345", "#12345g", "#é1234"] {
            assert_eq!(form(&[], wrong).read().unwrap_err().fields[0].field, "accent", "{wrong}");
        }
        // The grey on the border: #767676 has 4.54 to 1.
        assert!(form(&[], "#767676").read().is_ok());
    }

    #[test]
    fn every_field_that_is_wrong_is_named_at_once() {
        let form = ProfileForm {
            region: "EU West".to_owned(),
            member_limit: Some(0),
            requests_per_minute: Some(-1),
            ..form(&["x"], "x")
        };
        let fault = ProfileForm { name: "  ".to_owned(), ..form }.read().unwrap_err();
        let fields: Vec<&str> = fault.fields.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["name", "region", "domains", "accent", "member_limit", "requests_per_minute"]);
    }

    #[test]
    fn short_name_can_stand_in_a_host() {
        assert_eq!(slug(" Garden-2 ").unwrap(), "garden-2");
        for wrong in ["", "g", "2garden", "garden-", "gar_den", "gärten", "www", &"g".repeat(41)] {
            assert!(slug(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn first_community_stays_open_and_others_can_be_brought_back() {
        let profile = form(&[], "").read().unwrap();
        let (now, id) = (Time::default(), TenantId(uuid::Uuid::from_u128(9)));
        let first = CommunityRow::new(TenantId::FIRST, "main".to_owned(), profile.clone());
        assert!(first.put(CommunityState::Suspended, now).unwrap_err().is(&FIRST_COMMUNITY));
        assert!(first.put(CommunityState::ReadOnly, now).unwrap().is_some());
        let garden = CommunityRow::new(id, "garden".to_owned(), profile);
        let leaving = garden.put(CommunityState::Leaving, now).unwrap().unwrap();
        assert_eq!((leaving.leaving_at, leaving.version), (Some(now + GRACE), 2));
        let back = leaving.put(CommunityState::Active, now).unwrap().unwrap();
        assert_eq!((back.leaving_at, back.state.as_str(), back.version), (None, "active", 3));
        assert_eq!(back.put(CommunityState::Active, now).unwrap(), None);
    }
}
