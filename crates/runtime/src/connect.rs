//! The ways to what runs elsewhere: seats that no module of this process fills are filled with remote ones.

use crate::{Desks, Logs, Portals, Shell, StartError};
use kernel::Transport;
use secrecy::SecretString;
use settings::Settings;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// What the processes of this installation show each other.
pub(crate) fn token(settings: &Settings) -> Option<SecretString> {
    settings.internal.token.as_ref().map(|token| SecretString::from(token.expose()))
}

/// Fills every seat that no module of this process fills with what the configuration says is elsewhere.
pub(crate) fn connect(
    shell: &Shell,
    local: &[&str],
    portals: &Portals,
    logs: &Logs,
    desks: &Desks,
) -> Result<(), StartError> {
    let settings = &shell.settings;
    let addresses = |module: &str| settings.modules.get(module).map(|m| m.address.clone()).unwrap_or_default();
    let (wanted_logs, mut wanted_desks) = (logs.missing(), desks.missing());
    // A module that is here and offers no desk has no tasks to look at.
    wanted_desks.retain(|module| !local.contains(&module.as_str()));
    let named = wanted_logs.iter().chain(&wanted_desks).map(String::as_str);
    let wanted: BTreeSet<&str> = portals.missing().into_iter().chain(named).collect();
    let nowhere: Vec<&str> = wanted.iter().copied().filter(|module| addresses(module).is_empty()).collect();
    if !nowhere.is_empty() {
        return Err(StartError(format!(
            "{} is needed here and runs in no known place: run it in this process, or set {} to its internal address, \
             such as http://127.0.0.1:9101",
            nowhere.join(", "),
            keys(&nowhere, "address")
        )));
    }
    for module in wanted {
        let target = wire::Target {
            name: module.to_owned(),
            addresses: addresses(module),
            token: token(settings),
            region: settings.communities.region.clone(),
            ..Default::default()
        };
        let transport: Arc<dyn Transport> =
            wire::GrpcTransport::new(&target, resilience(settings), Arc::clone(&shell.clock))
                .map_err(StartError::of)?;
        portals.connect(module, &transport);
        if wanted_logs.iter().any(|log| log == module) {
            let log = wire::RemoteLog::new(Arc::clone(&transport), module, Arc::clone(&shell.clock));
            logs.want(module).fill(Arc::new(log));
        }
        if wanted_desks.iter().any(|desk| desk == module) {
            desks.want(module).fill(Arc::new(wire::RemoteDesk::new(transport, module)));
        }
    }
    Ok(())
}

fn resilience(settings: &Settings) -> wire::Resilience {
    wire::Resilience {
        timeout: Duration::from_millis(settings.portals.timeout_ms),
        retries: usize::try_from(settings.portals.retries).unwrap_or(usize::MAX),
        breaker_failures: settings.portals.breaker_failures,
        breaker_open: Duration::from_millis(settings.portals.breaker_open_ms),
        bulkhead: settings.portals.bulkhead,
    }
}

/// The settings to be made for modules nobody has placed.
pub(crate) fn keys(modules: &[&str], setting: &str) -> String {
    modules.iter().map(|module| format!("modules.{module}.{setting}")).collect::<Vec<_>>().join(", ")
}
