//! The list of modules, and what every process is given around them.

use crate::{access, chrome, identity, mail, shared};
use engine_cedar::{CedarDecisionPoint, PolicyFaults, PolicyPart};
use engine_files::Folder;
use kernel::{SystemClock, SystemIds};
use runtime::{ModuleSpec, Shell};
use settings::Settings;
use std::sync::Arc;

/// Every module there is. The command line, the policies, the API document and the gateway's routes follow from it.
pub const MODULES: &[&ModuleSpec] = &[&auth::SPEC, &admin::SPEC, &forum::SPEC, &audit::SPEC, &platform::SPEC];

/// The policy engine over every module's declarations.
///
/// # Errors
/// Every fault in every schema and policy.
pub fn decisions() -> Result<CedarDecisionPoint, PolicyFaults> {
    let part = |module: &&ModuleSpec| PolicyPart {
        module: module.name,
        schema: module.schema,
        policies: module.policies,
        operations: module.operations,
    };
    CedarDecisionPoint::build(&MODULES.iter().map(part).collect::<Vec<_>>())
}

/// What every process is given.
pub(crate) fn shell(settings: Settings, metrics: Arc<dyn Fn() -> String + Send + Sync>) -> anyhow::Result<Shell> {
    Ok(Shell {
        specs: MODULES,
        mailer: mail::mailer(&settings)?,
        limiter: shared::limiter(&settings)?,
        pub_sub: shared::pub_sub(&settings)?,
        files: Arc::new(Folder::new(settings.data_dir.join("files"), Arc::new(SystemIds))),
        settings: Arc::new(settings),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds),
        decisions: Arc::new(decisions()?),
        identify: identity::identify,
        tells: &["auth", "admin"],
        workers: access::workers,
        error_page: chrome::error_page,
        docs_page: chrome::docs_page,
        assets: chrome::assets,
        metrics: Some(metrics),
    })
}
