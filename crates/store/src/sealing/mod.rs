//! Secrets at rest: whatever must be read back is sealed under a data key of its purpose, and opens in its own row alone.
//!
//! Data keys lie in the module's database, wrapped under a master key that does not (ADR 20). A data key of a *subject*
//! seals what is personal: once it is destroyed nobody can read that any more, wherever copies of it lie.
//!
//! What may not enter: what the sealed things mean.

mod cache;
mod data_keys;
mod keeper;

pub use data_keys::destroy_subject;

use crate::Store;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cache::Cache;
use kernel::{Fault, TenantId, reasons};
use keys::{Binding, Key, MasterKeys, MasterSource};
use std::sync::Arc;
use tokio::sync::OnceCell;
use uuid::Uuid;
use zeroize::Zeroizing;

/// What a sealed text begins with: XChaCha20-Poly1305 under a data key whose id comes first.
const FORM: &str = "x1.";

/// Where a sealed text belongs. It opens with the same place and no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// What is sealed, such as `auth.totp`: keys are one purpose's. At most 60 characters.
    pub purpose: &'static str,
    /// The community of the row.
    pub tenant: TenantId,
    /// The row's id.
    pub row: Uuid,
    /// Whose erasure is to erase it, as a user's id. None is nobody's.
    pub subject: Option<Uuid>,
}

impl Place {
    /// In this row, and nobody's in particular.
    pub const fn new(purpose: &'static str, tenant: TenantId, row: Uuid) -> Self {
        Self { purpose, tenant, row, subject: None }
    }

    /// To be erased with this person.
    #[must_use]
    pub const fn of_subject(mut self, subject: Uuid) -> Self {
        self.subject = Some(subject);
        self
    }
}

/// One data key, opened.
pub(crate) struct DataKey {
    id: Uuid,
    purpose: String,
    subject: Option<Uuid>,
    key: Key,
}

/// What a store keeps for sealing.
pub(crate) struct Sealing {
    source: MasterSource,
    masters: OnceCell<MasterKeys>,
    cache: Cache,
}

impl Sealing {
    pub(crate) fn new(source: MasterSource) -> Self {
        Self { source, masters: OnceCell::new(), cache: Cache::default() }
    }
}

/// Seals what one module must read back. Cheap to clone.
#[derive(Clone)]
pub struct Sealer(Store);

impl Store {
    /// What seals and opens in this module's database.
    pub fn sealer(&self) -> Sealer {
        Sealer(self.clone())
    }
}

impl Sealer {
    /// Seals `plain` for `place`. The text fits a column of `100 + 4/3 · bytes` characters.
    ///
    /// # Errors
    /// `secrets.erased` when the subject's keys were destroyed; `secrets.master_key_missing`; `Unavailable` when the
    /// database does not answer.
    pub async fn seal(&self, place: &Place, plain: &[u8]) -> Result<String, Fault> {
        let key = self.current(place.purpose, place.subject).await?;
        let sealed = key.key.seal(&self.binding(&key, place), plain, self.0.ids().as_ref()).map_err(Fault::internal)?;
        let bytes = [key.id.as_bytes(), &sealed[..]].concat();
        Ok(format!("{FORM}{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// What was sealed for `place`. Wiped from memory when it is dropped.
    ///
    /// # Errors
    /// `secrets.unreadable` when it was sealed for another place or was changed; `secrets.erased` when its key was
    /// destroyed; `secrets.master_key_missing`; `Unavailable` when the database does not answer.
    pub async fn open(&self, place: &Place, sealed: &str) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let unreadable = || reasons::UNREADABLE.fault();
        let text = sealed.strip_prefix(FORM).ok_or_else(unreadable)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|error| unreadable().because(error))?;
        let (id, sealed) = bytes.split_first_chunk::<16>().ok_or_else(unreadable)?;
        let key = self.key(Uuid::from_bytes(*id)).await?;
        if key.purpose != place.purpose || key.subject != place.subject {
            return Err(unreadable());
        }
        key.key.open(&self.binding(&key, place), sealed).map_err(|error| unreadable().because(error))
    }

    /// [`Sealer::open`], of what was sealed as a text.
    ///
    /// # Errors
    /// Those of [`Sealer::open`]; `secrets.unreadable` when it is no text.
    pub async fn open_text(&self, place: &Place, sealed: &str) -> Result<Zeroizing<String>, Fault> {
        let bytes = self.open(place, sealed).await?;
        let text = std::str::from_utf8(&bytes).map_err(|error| reasons::UNREADABLE.fault().because(error))?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    fn binding(&self, key: &DataKey, place: &Place) -> Binding {
        Binding::new("polity.sealed.v1")
            .with(self.0.module())
            .with(place.purpose)
            .with(subject_text(place.subject))
            .with(key.id)
            .with(place.tenant.0)
            .with(place.row)
    }

    /// The master keys, made in the data folder if this is the first thing ever sealed there.
    async fn masters(&self) -> Result<&MasterKeys, Fault> {
        let sealing = &self.0.shared.sealing;
        let missing = |error| reasons::MASTER_KEY_MISSING.fault().because(error);
        let load = async || {
            let fresh = !self.any_key().await?;
            sealing.source.load(fresh.then(|| self.0.ids().as_ref())).map_err(missing)
        };
        sealing.masters.get_or_try_init(load).await
    }

    fn cache(&self) -> &Cache {
        &self.0.shared.sealing.cache
    }

    fn wrapping(&self, id: Uuid, purpose: &str, subject: Option<Uuid>) -> Binding {
        Binding::new("polity.data-key.v1").with(self.0.module()).with(purpose).with(subject_text(subject)).with(id)
    }

    /// Makes sure at start that whatever is sealed here can be opened, and not when somebody needs it.
    ///
    /// # Errors
    /// What is missing, for the operator.
    pub(crate) async fn check(&self) -> Result<(), String> {
        let wanted = self.masters_in_use().await.map_err(|fault| fault.told())?;
        if wanted.is_empty() {
            return Ok(());
        }
        let found = self.0.shared.sealing.source.load(None);
        let asked = format!("data keys are wrapped under the master key {}", wanted.join(" and "));
        let masters = found.map_err(|error| format!("{asked}, and {error}"))?;
        let missing: Vec<_> = wanted.iter().filter(|id| masters.called(id).is_none()).cloned().collect();
        if missing.is_empty() {
            return Ok(());
        }
        let has = masters.ids().collect::<Vec<_>>().join(", ");
        Err(format!(
            "{asked}, and {} is not among those given ({has}). Set secrets.master_key to it, or name it in \
             secrets.former_master_keys",
            missing.join(" and ")
        ))
    }
}

fn subject_text(subject: Option<Uuid>) -> String {
    subject.map(|subject| subject.to_string()).unwrap_or_default()
}

/// A data key shared by whoever seals and opens at this moment.
type Shared = Arc<DataKey>;
