//! The Ed25519 key that checkpoints of the record are signed with, and the name it signs under.
//!
//! What may not enter: a second key. Checkpoints of a key that was replaced would need the old one to be believed.

use crate::domain::{Checkpoint, PublicKey, Tree};
use crate::store::KeptCheckpoint;
use audit_contract::reasons::DAMAGED;
use kernel::{Fault, Ids, TenantId};
use ring::signature::{Ed25519KeyPair, KeyPair};
use runtime::{SigningSeed, StartError};
use settings::Settings;

const SEED: SigningSeed = SigningSeed { setting: "audit.signing_key", file: "audit-signing-key" };

/// Signs checkpoints.
pub(crate) struct Signer {
    pair: Ed25519KeyPair,
    public: PublicKey,
    /// The installation's public host, as names of logs begin.
    host: String,
}

impl Signer {
    /// With the configured key, or the one kept in the data folder, made there if it is missing.
    ///
    /// # Errors
    /// Those of [`SigningSeed::load`].
    pub(crate) fn load(settings: &Settings, ids: &dyn Ids) -> Result<Self, StartError> {
        let seed = SEED.load(settings.audit.signing_key.as_ref(), settings, ids)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(StartError::of)?;
        let public = PublicKey(pair.public_key().as_ref().try_into().map_err(StartError::of)?);
        let url = &settings.http.public_url;
        let host = url.split_once("://").map_or(url.as_str(), |(_, host)| host).trim_end_matches('/').to_owned();
        Ok(Self { pair, public, host })
    }

    /// The note that says this community's tree is this one.
    pub(crate) fn sign(&self, tenant: TenantId, tree: Tree) -> String {
        let checkpoint = Checkpoint { origin: self.origin(tenant), tree };
        checkpoint.note(self.public, self.pair.sign(checkpoint.body().as_bytes()).as_ref())
    }

    /// Makes sure that this checkpoint is one that was signed here: its note is what counts, and not the columns beside it.
    ///
    /// # Errors
    /// `audit.record_damaged`.
    pub(crate) fn stands_behind(&self, tenant: TenantId, kept: &KeptCheckpoint) -> Result<(), Fault> {
        let opened = Checkpoint::open(&kept.note, self.public).ok();
        let is_ours = opened.is_some_and(|checkpoint| checkpoint.is_of(tenant) && checkpoint.tree == kept.tree());
        if is_ours {
            return Ok(());
        }
        Err(DAMAGED.fault().detail(format!("The checkpoint over {} entries is not what was signed.", kept.size)))
    }

    /// The key that checks the notes, under the name of this community's log, as others write it.
    pub(crate) fn verifier_key(&self, tenant: TenantId) -> String {
        self.public.named(&self.origin(tenant))
    }

    fn origin(&self, tenant: TenantId) -> String {
        format!("{}/audit/{tenant}", self.host)
    }
}
