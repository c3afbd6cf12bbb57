//! Everything a configuration is made from. The only room that looks at the process environment and at the disk.

use crate::typed::Environment;
use crate::{SettingFault, SettingFaults, Source};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

/// The folder looked into when `POLITY_CONFIG_DIR` names no other.
const DEFAULT_FOLDER: &str = "./config";

/// What loading works on, gathered beforehand so that loading itself is pure.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// The environment variables, all of them.
    pub variables: BTreeMap<String, String>,
    /// The text of every file found, by path.
    pub files: BTreeMap<String, String>,
    /// The one file to read, when one was named on the command line: it replaces the environment's own file.
    pub file: Option<String>,
    /// The modules that exist. When empty, any name is accepted under `modules`.
    pub modules: Vec<String>,
}

impl Inputs {
    /// Gathers the inputs of this process: its variables, and either `file` or the four files of the config folder
    /// as far as they exist.
    ///
    /// # Errors
    /// When `file` does not exist, or when a file is there and cannot be read as UTF-8 text.
    pub fn from_process(file: Option<&Path>, modules: &[&str]) -> Result<Self, SettingFaults> {
        let lossless = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        let mut inputs = Self {
            variables: std::env::vars_os().map(|(name, value)| (lossless(name), lossless(value))).collect(),
            modules: modules.iter().map(|&name| name.to_owned()).collect(),
            ..Self::default()
        };
        let mut faults = Vec::new();
        if let Some(path) = file {
            let path = path.display().to_string();
            inputs.read(&path, true, &mut faults);
            inputs.file = Some(path);
        } else {
            let folder = inputs.folder().to_owned();
            for environment in Environment::ALL {
                inputs.read(&path_in(&folder, environment), false, &mut faults);
            }
        }
        if faults.is_empty() { Ok(inputs) } else { Err(SettingFaults(faults)) }
    }

    fn read(&mut self, path: &str, required: bool, faults: &mut Vec<SettingFault>) {
        match std::fs::read_to_string(path) {
            Ok(text) => {
                self.files.insert(path.to_owned(), text);
            }
            Err(error) if error.kind() == ErrorKind::NotFound && !required => {}
            Err(error) => {
                faults.push(SettingFault::new("", &Source::File(path.to_owned()), format!("cannot be read: {error}")));
            }
        }
    }

    fn folder(&self) -> &str {
        self.variables.get("POLITY_CONFIG_DIR").filter(|folder| !folder.is_empty()).map_or(DEFAULT_FOLDER, |f| f)
    }

    /// The file that holds for `environment`: its name for people, and its text. The one on disk, or else the one
    /// built into the binary.
    pub(crate) fn document(&self, environment: Environment) -> Result<(String, &str), SettingFault> {
        if let Some(path) = &self.file {
            let missing = || SettingFault::new("", &Source::File(path.clone()), "was named and was not read");
            return self.files.get(path).map(|text| (path.clone(), text.as_str())).ok_or_else(missing);
        }
        let path = path_in(self.folder(), environment);
        if let Some(text) = self.files.get(&path) {
            return Ok((path, text));
        }
        let text = match environment {
            Environment::Local => include_str!("../../../config/local.yaml"),
            Environment::Test => include_str!("../../../config/test.yaml"),
            Environment::Staging => include_str!("../../../config/staging.yaml"),
            Environment::Production => include_str!("../../../config/production.yaml"),
        };
        Ok((format!("config/{environment}.yaml (built in)"), text))
    }
}

fn path_in(folder: &str, environment: Environment) -> String {
    Path::new(folder).join(format!("{environment}.yaml")).display().to_string()
}
