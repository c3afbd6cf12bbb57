//! Who may call and as whom: clients show a credential of their own, processes of the installation show its token and
//! bring their caller along. Nothing is answered here.

use crate::metadata::{CALLER, REGION, TIMEOUT, TOKEN, TRACEPARENT, is_traceparent, parse_timeout, shortened};
use axum::extract::ConnectInfo;
use chrono::TimeDelta;
use http::request::Parts;
use http::{HeaderMap, HeaderName, header};
use kernel::{
    Actor, Asked, Caller, Clock, Credential, Fault, IdempotencyKey, Identify, Ids, Origin, PortalService, reasons,
};
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tonic::metadata::MetadataMap;

/// How long any client is waited for, whatever it asks for.
const CLIENTS_PATIENCE: Duration = Duration::from_secs(30);

/// Whom a listener is for.
pub struct Access {
    door: Door,
    clock: Arc<dyn Clock>,
}

enum Door {
    Clients { identify: Arc<dyn Identify>, ids: Arc<dyn Ids> },
    Installation { token: Option<Box<SharedToken>>, region: String },
}

/// A call let in: as whom, and how long it is waited for.
pub(crate) struct Admitted {
    pub(crate) caller: Caller,
    pub(crate) patience: Option<Duration>,
}

impl Access {
    /// For anybody: only public services, as whoever the `authorization: Bearer …` stands for, as a guest without.
    ///
    /// Where a call began is taken from a [`kernel::Origin`] among the request's extensions when a layer in front put
    /// one there, and from the connection and the `user-agent` otherwise.
    pub fn clients(identify: Arc<dyn Identify>, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self { door: Door::Clients { identify, ids }, clock }
    }

    /// For processes of the same installation: every service, as whatever caller they bring. They must show `token`
    /// when there is one; without one, the network must keep everybody else out.
    pub fn installation(token: Option<&SecretString>, clock: Arc<dyn Clock>) -> Self {
        let token = token.map(|token| Box::new(SharedToken::new(token)));
        Self { door: Door::Installation { token, region: String::new() }, clock }
    }

    /// The same door, kept from processes that say they stand in another region: neither what a portal answers nor a
    /// log leaves the region its data is kept in.
    #[must_use]
    pub fn in_region(mut self, kept_in: &str) -> Self {
        if let Door::Installation { region, .. } = &mut self.door {
            kept_in.clone_into(region);
        }
        self
    }

    /// What may leave through this door of a fault: why a decision went against somebody is for colleagues alone.
    pub(crate) fn told(&self, mut fault: Fault) -> Fault {
        if matches!(self.door, Door::Clients { .. }) {
            fault.explanation = None;
        }
        fault
    }

    /// The services that may be seen from here.
    pub(crate) fn offered(&self, mut services: Vec<PortalService>) -> Vec<PortalService> {
        if matches!(self.door, Door::Clients { .. }) {
            services.retain(|service| service.public);
        }
        services
    }

    /// Lets a call in.
    ///
    /// # Errors
    /// `Unauthenticated` when the credential or the token is not accepted, `Invalid` when the metadata cannot be read,
    /// and whatever `Identify` fails with.
    pub(crate) async fn admit(&self, request: &Parts) -> Result<Admitted, Fault> {
        let headers = &request.headers;
        let mut caller = match &self.door {
            Door::Clients { identify, ids } => client(request, identify.as_ref(), ids.as_ref()).await?,
            Door::Installation { token, region } => {
                of_region(headers, region)?;
                colleague(headers, token.as_deref())?
            }
        };
        let patience = match headers.get(TIMEOUT) {
            Some(value) => Some(value.to_str().ok().and_then(parse_timeout).ok_or_else(|| malformed(TIMEOUT))?),
            None => None,
        };
        let patience = match self.door {
            Door::Clients { .. } => Some(patience.map_or(CLIENTS_PATIENCE, |asked| asked.min(CLIENTS_PATIENCE))),
            Door::Installation { .. } => patience,
        };
        caller.deadline = patience
            .and_then(|patience| TimeDelta::from_std(patience).ok())
            .and_then(|patience| self.clock.now().checked_add_signed(patience));
        Ok(Admitted { caller, patience })
    }
}

async fn client(request: &Parts, identify: &dyn Identify, ids: &dyn Ids) -> Result<Caller, Fault> {
    let headers = &request.headers;
    let community = identify.community(&asked(request)).await?;
    let tenant = community.tenant();
    let actor = match headers.get(header::AUTHORIZATION) {
        None => Actor::guest(tenant),
        Some(value) => {
            let bearer = value.to_str().ok().and_then(bearer).ok_or_else(|| reasons::CREDENTIAL.fault())?;
            identify.identify(&Credential::Bearer(bearer.to_owned()), tenant).await?
        }
    };
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let request_id = match text("x-request-id") {
        Some(id) if (1..=128).contains(&id.len()) => id.to_owned(),
        _ => ids.next().to_string(),
    };
    let mut caller = Caller::new(actor.at(community), request_id);
    caller.trace = text(TRACEPARENT).filter(|trace| is_traceparent(trace)).map(str::to_owned);
    caller.origin = origin(request);
    identify.seen(&caller.actor, &caller.origin).await;
    if let Some(key) = headers.get("idempotency-key") {
        let key = key.to_str().ok().and_then(IdempotencyKey::parse);
        caller.idempotency_key = Some(key.ok_or_else(|| reasons::KEY_MALFORMED.fault())?);
    }
    Ok(caller)
}

/// What the call names its community by: what a layer in front put among its extensions, or else its own words.
fn asked(request: &Parts) -> Asked {
    if let Some(asked) = request.extensions.get::<Asked>() {
        return asked.clone();
    }
    let text = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
    match text("polity-community") {
        Some(name) => Asked::Name(name.trim().to_ascii_lowercase()),
        None => Asked::host(request.uri.authority().map(|host| host.as_str()).or(text("host")).unwrap_or_default()),
    }
}

fn of_region(headers: &HeaderMap, region: &str) -> Result<(), Fault> {
    let theirs = headers.get(REGION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if region.is_empty() || theirs.is_empty() || theirs == region {
        return Ok(());
    }
    let detail = format!("This process keeps data of the region {region}; a process of {theirs} may not have it.");
    Err(reasons::MISDIRECTED.fault().detail(detail))
}

fn colleague(headers: &HeaderMap, token: Option<&SharedToken>) -> Result<Caller, Fault> {
    if let Some(token) = token {
        let shown = headers.get(TOKEN).map(|value| value.as_bytes()).unwrap_or_default();
        if !token.is(shown) {
            return Err(reasons::CREDENTIAL.fault().detail("The installation's token is missing or wrong."));
        }
    }
    let encoded = headers.get(CALLER).ok_or_else(|| malformed(CALLER))?;
    let metadata =
        MetadataMap::from_headers(HeaderMap::from_iter([(HeaderName::from_static(CALLER), encoded.clone())]));
    let json = metadata.get_bin(CALLER).and_then(|value| value.to_bytes().ok()).ok_or_else(|| malformed(CALLER))?;
    serde_json::from_slice(&json).map_err(|error| malformed(CALLER).because(error))
}

/// The token in `Bearer …`, whose scheme is written in any case (RFC 9110 §11.1, RFC 6750 §2.1).
fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn origin(request: &Parts) -> Origin {
    if let Some(origin) = request.extensions.get::<Origin>() {
        return origin.clone();
    }
    let address = request.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip().to_string());
    let user_agent = request.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).map(shortened);
    Origin { address, user_agent }
}

fn malformed(name: &str) -> Fault {
    reasons::MALFORMED.fault().detail(format!("The metadata `{name}` is missing or cannot be read."))
}

/// The installation's token in a form that can only be compared, in time that does not depend on what was shown.
struct SharedToken {
    key: hmac::Key,
    tag: hmac::Tag,
}

impl SharedToken {
    fn new(token: &SecretString) -> Self {
        let token = token.expose_secret().as_bytes();
        let key = hmac::Key::new(hmac::HMAC_SHA256, token);
        let tag = hmac::sign(&key, token);
        Self { key, tag }
    }

    fn is(&self, shown: &[u8]) -> bool {
        hmac::verify(&self.key, shown, self.tag.as_ref()).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::TenantId;

    #[test]
    fn only_the_token_itself_opens() {
        let token = SharedToken::new(&SecretString::from("open sesame"));
        assert!(token.is(b"open sesame"));
        for wrong in ["", "open", "open sesame ", "open sesamf"] {
            assert!(!token.is(wrong.as_bytes()), "{wrong}");
        }
    }

    #[test]
    fn why_somebody_was_refused_is_for_colleagues_alone() {
        let clock = || Arc::new(kernel::SystemClock);
        let nobody = Access::clients(Arc::new(Nobody), clock(), Arc::new(kernel::SystemIds));
        let mut fault = reasons::FORBIDDEN.fault();
        fault.explanation = Some(Box::default());
        assert_eq!(nobody.told(fault.clone()).explanation, None);
        assert!(Access::installation(None, clock()).told(fault).explanation.is_some());
    }

    struct Nobody;

    #[async_trait::async_trait]
    impl Identify for Nobody {
        async fn identify(&self, _: &Credential, tenant: TenantId) -> Result<Actor, Fault> {
            Ok(Actor::guest(tenant))
        }
    }

    #[test]
    fn a_bearer_token_follows_its_scheme_in_any_case() {
        assert_eq!(bearer("Bearer abc"), Some("abc"));
        assert_eq!(bearer("bearer  abc"), Some("abc"));
        assert_eq!(bearer("Basic abc"), None);
        assert_eq!(bearer("Bearer "), None);
        assert_eq!(bearer("abc"), None);
    }
}
