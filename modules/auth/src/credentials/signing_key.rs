//! The Ed25519 key access tokens are signed with: configured, or made once and kept in the data folder.
//!
//! What may not enter: a second key. Whoever rotates keys needs two and a plan; this is one.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use kernel::Ids;
use ring::signature::{Ed25519KeyPair, KeyPair};
use runtime::StartError;
use settings::Settings;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// The fixed beginning of a PKCS #8 version 1 wrapping of an Ed25519 seed (RFC 8410 section 7).
const PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// The key, in the forms others want it in.
pub(crate) struct SigningKey {
    /// The private key in PKCS #8.
    pub(crate) pkcs8: Vec<u8>,
    /// The public key's 32 bytes.
    pub(crate) public: Vec<u8>,
}

impl SigningKey {
    /// The configured key, or the one kept in the data folder, made there if it is missing.
    ///
    /// # Errors
    /// When none is configured where strangers can reach it, or the folder cannot be read or written.
    pub(crate) fn load(settings: &Settings, ids: &dyn Ids) -> Result<Self, StartError> {
        let text = match &settings.auth.signing_key {
            Some(configured) => configured.expose().to_owned(),
            None if settings.environment.is_exposed() => {
                let why = "auth: auth.signing_key is not set; give every process the same 32 random bytes in base64";
                return Err(StartError(why.to_owned()));
            }
            None => kept(&settings.data_dir, ids)?,
        };
        let seed = STANDARD.decode(text.trim()).ok();
        let pair = seed.as_deref().and_then(|seed| Some((seed, Ed25519KeyPair::from_seed_unchecked(seed).ok()?)));
        let (seed, pair) = pair.ok_or_else(|| {
            StartError(
                "auth: the signing key is not 32 bytes in base64 (auth.signing_key or data_dir/signing-key)".into(),
            )
        })?;
        Ok(Self { pkcs8: [PKCS8_PREFIX.as_slice(), seed].concat(), public: pair.public_key().as_ref().to_vec() })
    }

    /// The public key as a JWK has it (RFC 8037 section 2).
    pub(crate) fn x(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.public)
    }

    /// The key's name: its thumbprint (RFC 7638, with the members RFC 8037 section 2 requires).
    pub(crate) fn kid(&self) -> String {
        let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, self.x());
        URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, members.as_bytes()))
    }
}

/// The key in the data folder. Processes that start at once agree on one: the file appears whole under its name or not
/// at all, and whoever comes second reads it.
fn kept(folder: &Path, ids: &dyn Ids) -> Result<String, StartError> {
    let path = folder.join("signing-key");
    let failed = |error: std::io::Error| StartError(format!("auth: the signing key {}: {error}", path.display()));
    match fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        read => return read.map_err(failed),
    }
    fs::create_dir_all(folder).map_err(failed)?;
    let draft = folder.join(format!("signing-key.{}", ids.next().simple()));
    write_private(&draft, &STANDARD.encode(ids.secret())).map_err(failed)?;
    let linked = fs::hard_link(&draft, &path);
    fs::remove_file(&draft).map_err(failed)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(failed(error)),
        _ => fs::read_to_string(&path).map_err(failed),
    }
}

fn write_private(path: &PathBuf, text: &str) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use settings::{Environment, Inputs, Secret};
    use testkit::SequentialIds;

    fn settings(folder: &Path) -> Settings {
        let variables = [("ENVIRONMENT".to_owned(), "test".to_owned())].into();
        let mut settings = settings::load(&Inputs { variables, ..Inputs::default() }).unwrap().settings;
        settings.data_dir = folder.to_owned();
        settings
    }

    #[test]
    fn key_is_made_once_and_nobody_else_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(&folder.path().join("data"));
        let ids = SequentialIds::default();
        let first = SigningKey::load(&settings, &ids).unwrap();
        assert_eq!(SigningKey::load(&settings, &ids).unwrap().public, first.public);
        let names: Vec<_> = fs::read_dir(&settings.data_dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["signing-key"], "no draft stays behind");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(settings.data_dir.join("signing-key")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn processes_that_start_at_once_agree_on_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let (settings, ids) = (settings(folder.path()), SequentialIds::default());
        let keys: Vec<_> = std::thread::scope(|scope| {
            let starts: Vec<_> =
                (0..8).map(|_| scope.spawn(|| SigningKey::load(&settings, &ids).unwrap().public)).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
    }

    #[test]
    fn key_without_which_strangers_could_forge_tokens_must_be_configured() {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings(folder.path());
        settings.environment = Environment::Production;
        assert!(SigningKey::load(&settings, &SequentialIds::default()).is_err());
        settings.auth.signing_key = Some(Secret::new("too short"));
        assert!(SigningKey::load(&settings, &SequentialIds::default()).is_err());
    }

    #[test]
    fn thumbprint_is_the_one_of_rfc_8037() {
        // RFC 8037 appendices A.1 and A.3.
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings(folder.path());
        let seed = URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        settings.auth.signing_key = Some(Secret::new(STANDARD.encode(seed)));
        let key = SigningKey::load(&settings, &SequentialIds::default()).unwrap();
        assert_eq!(key.x(), "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        assert_eq!(key.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }
}
