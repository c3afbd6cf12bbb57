//! Master keys: the newest wraps data keys, the former ones still unwrap. They stand in no database.

use crate::aead::Key;
use crate::kept;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kernel::Ids;
use ring::hmac;
use settings::{Secret, Settings};
use std::path::PathBuf;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The file in `data_dir` that keeps the master key where none is configured.
const FILE: &str = "master-key";

/// Why master keys cannot be had: words for the operator.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct KeyError(String);

/// One master key, called by what can be told of it without telling it.
#[derive(Debug, Clone)]
pub struct MasterKey {
    id: String,
    key: Key,
}

impl MasterKey {
    /// The key of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        let named = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &bytes), b"polity.master-key.id");
        let id = named.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Self { id, key: Key::new(bytes) }
    }

    /// What it is called: 16 hexadecimal digits made from the key, which tell nothing of it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The key itself.
    pub fn key(&self) -> &Key {
        &self.key
    }
}

/// The master keys of a process, at least one.
#[derive(Debug, Clone)]
pub struct MasterKeys(Arc<[MasterKey]>);

impl MasterKeys {
    /// `newest` wraps; it and `former` unwrap.
    pub fn new(newest: MasterKey, former: impl IntoIterator<Item = MasterKey>) -> Self {
        Self(std::iter::once(newest).chain(former).collect())
    }

    /// The one that wraps.
    ///
    /// # Panics
    /// Never: there is no making of it without one.
    pub fn newest(&self) -> &MasterKey {
        &self.0[0]
    }

    /// The one called `id`.
    pub fn called(&self, id: &str) -> Option<&MasterKey> {
        self.0.iter().find(|key| key.id == id)
    }

    /// What they are called, the newest first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(MasterKey::id)
    }
}

/// Where the master keys of a process come from.
#[derive(Debug, Clone, Default)]
pub enum MasterSource {
    /// There are none: nothing can be sealed.
    #[default]
    None,
    /// They are given.
    Given(MasterKeys),
    /// They are configured, or kept in the data folder where the newest is not.
    Configured {
        /// `secrets.master_key`.
        newest: Option<Secret>,
        /// `secrets.former_master_keys`.
        former: Vec<Secret>,
        /// `data_dir`, unless strangers can reach the installation.
        folder: Option<PathBuf>,
    },
}

impl MasterSource {
    /// What the configuration says.
    pub fn of(settings: &Settings) -> Self {
        Self::Configured {
            newest: settings.secrets.master_key.clone(),
            former: settings.secrets.former_master_keys.clone(),
            folder: (!settings.environment.is_exposed()).then(|| settings.data_dir.clone()),
        }
    }

    /// The keys. One that is kept in the data folder and missing there is made when `ids` is given: whoever must open what
    /// was sealed before gives none, for a new key would open nothing.
    ///
    /// # Errors
    /// When there are none, one is not 32 bytes in base64, or the folder cannot be read or written.
    pub fn load(&self, ids: Option<&dyn Ids>) -> Result<MasterKeys, KeyError> {
        let (newest, former, folder) = match self {
            Self::Given(keys) => return Ok(keys.clone()),
            Self::None => return Err(KeyError("there is no master key".to_owned())),
            Self::Configured { newest, former, folder } => (newest, former, folder),
        };
        let former: Vec<_> =
            former.iter().map(|key| read("secrets.former_master_keys", key.expose())).collect::<Result<_, _>>()?;
        let newest = match (newest, folder) {
            (Some(key), _) => read("secrets.master_key", key.expose())?,
            (None, Some(folder)) => {
                let path = folder.join(FILE);
                let text = match ids {
                    Some(ids) => kept(folder, FILE, ids),
                    None => std::fs::read_to_string(&path),
                };
                let text = text.map(Zeroizing::new);
                let failed = |error| KeyError(format!("the master key {} cannot be read: {error}", path.display()));
                read(&path.display().to_string(), &text.map_err(failed)?)?
            }
            (None, None) => {
                let why = "secrets.master_key is not set; give every process the same 32 random bytes in base64";
                return Err(KeyError(why.to_owned()));
            }
        };
        Ok(MasterKeys::new(newest, former))
    }
}

fn read(whence: &str, text: &str) -> Result<MasterKey, KeyError> {
    let bytes = STANDARD.decode(text.trim()).map(Zeroizing::new);
    let bytes: Option<[u8; 32]> = bytes.ok().and_then(|bytes| bytes.as_slice().try_into().ok());
    bytes.map(MasterKey::new).ok_or_else(|| KeyError(format!("the master key of {whence} is not 32 bytes in base64")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::SequentialIds;

    fn configured(newest: Option<[u8; 32]>, former: &[[u8; 32]], folder: Option<PathBuf>) -> MasterSource {
        let secret = |bytes: &[u8; 32]| Secret::new(STANDARD.encode(bytes));
        MasterSource::Configured {
            newest: newest.as_ref().map(secret),
            former: former.iter().map(secret).collect(),
            folder,
        }
    }

    #[test]
    fn newest_key_wraps_and_each_is_found_by_its_name() {
        let keys = configured(Some([2; 32]), &[[1; 32]], None).load(None).unwrap();
        let (new, old) = (MasterKey::new([2; 32]), MasterKey::new([1; 32]));
        assert_eq!(keys.newest().id(), new.id());
        assert_eq!(keys.called(old.id()).unwrap().key().expose(), &[1; 32]);
        assert!(keys.called("0000000000000000").is_none());
        assert_eq!((new.id().len(), new.id() == old.id()), (16, false));
    }

    #[test]
    fn key_is_made_in_the_data_folder_only_where_nothing_is_sealed_yet() {
        let folder = tempfile::tempdir().unwrap();
        let source = configured(None, &[], Some(folder.path().join("data")));
        let error = source.load(None).unwrap_err();
        assert!(error.to_string().contains("master-key cannot be read"), "{error}");
        let made = source.load(Some(&SequentialIds::default())).unwrap();
        assert_eq!(source.load(None).unwrap().newest().id(), made.newest().id());
    }

    #[test]
    fn wrong_key_is_named_by_its_setting_and_not_quoted() {
        let wrong = Secret::new("canary");
        let sources = [
            (
                MasterSource::Configured { newest: Some(wrong.clone()), former: vec![], folder: None },
                "secrets.master_key",
            ),
            (MasterSource::Configured { newest: None, former: vec![wrong], folder: None }, "former_master_keys"),
            (configured(None, &[], None), "secrets.master_key is not set"),
        ];
        for (source, words) in sources {
            let error = source.load(None).unwrap_err().to_string();
            assert!(error.contains(words) && !error.contains("canary"), "{error}");
        }
    }
}
