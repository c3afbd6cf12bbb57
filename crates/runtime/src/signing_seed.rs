//! The seeds of Ed25519 keys that modules sign with: configured, or made once and kept in the data folder.
//!
//! What may not enter: what is signed.

use crate::StartError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kernel::Ids;
use settings::{Secret, Settings};

/// Where the seed of one key is looked for.
#[derive(Debug, Clone, Copy)]
pub struct SigningSeed {
    /// The setting that holds it, such as `auth.signing_key`.
    pub setting: &'static str,
    /// The file in `data_dir` that keeps it where none is configured.
    pub file: &'static str,
}

impl SigningSeed {
    /// The seed that is configured, or else the one kept in the data folder, made there if it is missing.
    ///
    /// # Errors
    /// When none is configured where strangers can reach it, when it is not 32 bytes in base64, or when the folder cannot
    /// be read or written.
    pub fn load(self, configured: Option<&Secret>, settings: &Settings, ids: &dyn Ids) -> Result<[u8; 32], StartError> {
        let Self { setting, file } = self;
        let text = match configured {
            Some(configured) => configured.expose().to_owned(),
            None if settings.environment.is_exposed() => {
                let why = format!("{setting} is not set; give every process the same 32 random bytes in base64");
                return Err(StartError(why));
            }
            None => keys::kept(&settings.data_dir, file, ids).map_err(|error| {
                StartError(format!("the signing key {}: {error}", settings.data_dir.join(file).display()))
            })?,
        };
        let seed = STANDARD.decode(text.trim()).ok().and_then(|seed| seed.try_into().ok());
        seed.ok_or_else(|| {
            StartError(format!("the signing key is not 32 bytes in base64 ({setting} or data_dir/{file})"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use settings::{Environment, Inputs};
    use std::fs;
    use std::path::Path;
    use testkit::SequentialIds;

    const SEED: SigningSeed = SigningSeed { setting: "shop.signing_key", file: "signing-key" };

    fn settings(folder: &Path) -> Settings {
        let variables = [("ENVIRONMENT".to_owned(), "test".to_owned())].into();
        let mut settings = settings::load(&Inputs { variables, ..Inputs::default() }).unwrap().settings;
        settings.data_dir = folder.to_owned();
        settings
    }

    #[test]
    fn seed_is_made_once_and_nobody_else_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(&folder.path().join("data"));
        let ids = SequentialIds::default();
        let first = SEED.load(None, &settings, &ids).unwrap();
        assert_eq!(SEED.load(None, &settings, &ids).unwrap(), first);
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
    fn processes_that_start_at_once_agree_on_one_seed() {
        let folder = tempfile::tempdir().unwrap();
        let (settings, ids) = (settings(folder.path()), SequentialIds::default());
        let seeds: Vec<_> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8).map(|_| scope.spawn(|| SEED.load(None, &settings, &ids).unwrap())).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        assert!(seeds.iter().all(|seed| *seed == seeds[0]));
    }

    #[test]
    fn seed_without_which_strangers_could_forge_must_be_configured() {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings(folder.path());
        settings.environment = Environment::Production;
        let load = |configured: Option<&Secret>| SEED.load(configured, &settings, &SequentialIds::default());
        assert!(load(None).unwrap_err().0.contains("shop.signing_key is not set"));
        assert!(load(Some(&Secret::new("too short"))).is_err());
        assert_eq!(load(Some(&Secret::new(STANDARD.encode([7; 32])))).unwrap(), [7; 32]);
    }
}
