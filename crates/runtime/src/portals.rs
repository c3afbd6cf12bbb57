//! Who offers which portal, log and task desk in this process, and who is still waiting for one.

use kernel::{Contract, EventLog, Late, PortalService, TaskDesk, Transport};
use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The portals of this process: offered here, or wanted from elsewhere.
#[derive(Clone, Default)]
pub struct Portals(Arc<Mutex<Seats>>);

#[derive(Default)]
struct Seats {
    seats: HashMap<TypeId, Box<dyn Any + Send>>,
    wanted: Vec<Wanted>,
    services: Vec<PortalService>,
}

struct Wanted {
    module: &'static str,
    is_filled: Box<dyn Fn() -> bool + Send>,
    connect: Box<dyn Fn(Arc<dyn Transport>) + Send>,
}

impl Portals {
    /// A seat for the portal `C`: filled by the module itself when it is in this process, by a remote one otherwise.
    pub fn want<C: Contract + ?Sized + 'static>(&self) -> Late<C> {
        let mut seats = self.lock();
        let seat = seats.seats.entry(TypeId::of::<C>()).or_insert_with(|| Box::new(Late::<C>::default()));
        let seat = seat.downcast_ref::<Late<C>>().cloned().unwrap_or_default();
        let (watched, remote) = (seat.clone(), seat.clone());
        seats.wanted.push(Wanted {
            module: C::MODULE,
            is_filled: Box::new(move || watched.is_filled()),
            connect: Box::new(move |transport| remote.fill(C::remote(transport))),
        });
        seat
    }

    /// Offers the portal to this process and to others.
    pub fn offer<C: Contract + ?Sized + 'static>(&self, portal: Arc<C>) {
        let mut seats = self.lock();
        let seat = seats.seats.entry(TypeId::of::<C>()).or_insert_with(|| Box::new(Late::<C>::default()));
        if let Some(seat) = seat.downcast_ref::<Late<C>>() {
            seat.fill(Arc::clone(&portal));
        }
        seats.services.push(C::service(portal));
    }

    /// The modules whose portals are wanted and not offered here.
    pub(crate) fn missing(&self) -> Vec<&'static str> {
        let mut modules: Vec<_> = self.lock().wanted.iter().filter(|w| !(w.is_filled)()).map(|w| w.module).collect();
        modules.sort_unstable();
        modules.dedup();
        modules
    }

    /// Fills every empty seat for `module` with a remote portal.
    pub(crate) fn connect(&self, module: &str, transport: &Arc<dyn Transport>) {
        for wanted in self.lock().wanted.iter().filter(|w| w.module == module && !(w.is_filled)()) {
            (wanted.connect)(Arc::clone(transport));
        }
    }

    /// What this process offers.
    pub(crate) fn services(&self) -> Vec<PortalService> {
        self.lock().services.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Seats> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The logs of this process: its modules' own, and those it listens to elsewhere.
#[derive(Clone, Default)]
pub struct Logs(Arc<Mutex<BTreeMap<String, Late<dyn EventLog>>>>);

impl Logs {
    /// A seat for `module`'s log.
    pub fn want(&self, module: &str) -> Late<dyn EventLog> {
        let mut logs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        logs.entry(module.to_owned()).or_default().clone()
    }

    /// The modules whose log is wanted and not here.
    pub(crate) fn missing(&self) -> Vec<String> {
        let logs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        logs.iter().filter(|(_, seat)| !seat.is_filled()).map(|(module, _)| module.clone()).collect()
    }
}

/// The task desks of this process: its modules' own, and those it asks elsewhere.
#[derive(Clone, Default)]
pub struct Desks(Arc<Mutex<Rows>>);

#[derive(Default)]
struct Rows {
    modules: Vec<String>,
    seats: BTreeMap<String, Late<dyn TaskDesk>>,
    offered: BTreeMap<String, Arc<dyn TaskDesk>>,
}

impl Desks {
    /// The desks of an installation with these modules.
    pub fn among<'a>(modules: impl IntoIterator<Item = &'a str>) -> Self {
        let modules = modules.into_iter().map(str::to_owned).collect();
        Self(Arc::new(Mutex::new(Rows { modules, ..Rows::default() })))
    }

    /// Offers `module`'s desk to this process and to others.
    pub fn offer(&self, module: &str, desk: Arc<dyn TaskDesk>) {
        let mut rows = self.lock();
        if let Some(seat) = rows.seats.get(module) {
            seat.fill(Arc::clone(&desk));
        }
        rows.offered.insert(module.to_owned(), desk);
    }

    /// A seat for `module`'s desk. It stays empty when the module is in this process and keeps no tasks.
    pub fn want(&self, module: &str) -> Late<dyn TaskDesk> {
        let mut rows = self.lock();
        let seat = rows.seats.entry(module.to_owned()).or_default().clone();
        if let Some(desk) = rows.offered.get(module) {
            seat.fill(Arc::clone(desk));
        }
        seat
    }

    /// A seat for the desk of each module of the installation, in their order.
    pub fn want_all(&self) -> Vec<(String, Late<dyn TaskDesk>)> {
        let modules = self.lock().modules.clone();
        modules.into_iter().map(|module| (module.clone(), self.want(&module))).collect()
    }

    /// The modules whose desk is wanted and not offered here.
    pub(crate) fn missing(&self) -> Vec<String> {
        let rows = self.lock();
        rows.seats.iter().filter(|(_, seat)| !seat.is_filled()).map(|(module, _)| module.clone()).collect()
    }

    /// What this process offers.
    pub(crate) fn offered(&self) -> BTreeMap<String, Arc<dyn TaskDesk>> {
        self.lock().offered.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Rows> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
