//! Refused attempts at sensitive operations, between the gate that refused and the log that keeps them.
//!
//! A flood of attempts must neither fill the disk nor slow anybody down. So attempts that are alike within a minute are
//! one entry, or two: the first is told at once, how many more there were when the minute is over. Only so many different
//! ones are told apart in a minute; the others are counted together, by operation and reason. Whoever refuses never
//! waits.

use kernel::{Actor, Caller, Clock, KeepRefusals, Principal, Refusal, Refusals, Refused, Time};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How many different attempts by people and services are told apart in a minute.
const MOST_KNOWN: usize = 256;
/// How many by guests: so many addresses as they like are not to push out the others.
const MOST_GUESTS: usize = 128;
/// The shortest time between two writes, and the time to a look for minutes that are over.
const PAUSE: Duration = Duration::from_millis(200);
const LOOK: Duration = Duration::from_secs(5);
/// Who stands in an entry for all who are not told apart.
const MANY: &str = "many";

/// Hears of refusals in a process, and hands them to the modules whose operations they were.
pub struct RefusalLog {
    clock: Arc<dyn Clock>,
    tallies: Mutex<Tallies>,
    heard: Notify,
    keepers: Mutex<BTreeMap<&'static str, Arc<dyn KeepRefusals>>>,
}

impl RefusalLog {
    /// An empty one.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, tallies: Mutex::default(), heard: Notify::new(), keepers: Mutex::default() }
    }

    /// Lets `module` keep what is refused of its operations.
    pub fn kept_by(&self, module: &'static str, keeper: Arc<dyn KeepRefusals>) {
        locked(&self.keepers).insert(module, keeper);
    }

    /// Writes down what was refused until `stop`, and then what is left.
    pub async fn write(&self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            tokio::select! {
                () = self.heard.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
                () = stop.cancelled() => {}
            }
            self.write_due(stop.is_cancelled()).await;
            tokio::select! { () = tokio::time::sleep(PAUSE) => {}, () = stop.cancelled() => {} }
        }
        self.write_due(true).await;
    }

    /// Writes what is due now, or `all` there is. What cannot be written counts on.
    pub async fn write_due(&self, all: bool) {
        let due = locked(&self.tallies).due(self.clock.now(), all);
        let mut by_module: BTreeMap<&str, Vec<Refused>> = BTreeMap::new();
        for refused in due {
            by_module.entry(refused.refusal.operation.module()).or_default().push(refused);
        }
        for (module, refused) in by_module {
            let Some(keeper) = self.keeper(module) else { continue };
            if let Err(fault) = keeper.keep_refusals(&refused).await {
                tracing::warn!(module, %fault, cause = fault.chain(), "refusals are not recorded yet");
                let mut tallies = locked(&self.tallies);
                refused.into_iter().for_each(|refused| tallies.count(refused));
            }
        }
    }

    /// The module itself; another one where that is elsewhere, as for tasks that the console orders.
    fn keeper(&self, module: &str) -> Option<Arc<dyn KeepRefusals>> {
        let keepers = locked(&self.keepers);
        keepers.get(module).or_else(|| keepers.values().next()).cloned()
    }
}

impl Refusals for RefusalLog {
    fn refused(&self, refusal: Refusal) {
        locked(&self.tallies).count(Refused { refusal, at: self.clock.now(), times: 1 });
        self.heard.notify_one();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What makes attempts alike.
#[derive(PartialEq, Eq, Hash)]
struct Alike {
    minute: i64,
    operation: &'static str,
    reason: String,
    who: String,
}

#[derive(Default)]
struct Tallies {
    alike: HashMap<Alike, Tally>,
}

struct Tally {
    first: Refused,
    /// Whether the first was told.
    told: bool,
    guest: bool,
}

impl Tallies {
    fn count(&mut self, refused: Refused) {
        let Refused { refusal, at, times } = &refused;
        let guest = refusal.caller.actor.is_guest();
        let actor = &refusal.caller.actor;
        let minute = at.timestamp().div_euclid(60);
        let alike =
            |who: String| Alike { minute, operation: refusal.operation.id, reason: refusal.reason.clone(), who };
        // Guests are told apart by where they come from.
        let address = refusal.caller.origin.address.as_deref().filter(|_| guest).unwrap_or_default();
        let alike_to = alike(format!("{}|{}|{address}", actor.tenant, actor.principal));
        if let Some(tally) = self.alike.get_mut(&alike_to) {
            tally.first.times += times;
            return;
        }
        let most = if guest { MOST_GUESTS } else { MOST_KNOWN };
        if self.alike.values().filter(|tally| tally.guest == guest).count() < most {
            self.alike.insert(alike_to, Tally { first: refused, told: false, guest });
            return;
        }
        let together = alike(format!("{}|{MANY}", actor.tenant));
        match self.alike.get_mut(&together) {
            Some(tally) => tally.first.times += times,
            None => {
                let first = of_many(refused);
                self.alike.insert(together, Tally { first, told: false, guest: false });
            }
        }
    }

    /// What is to be told now: first ones, and those of minutes that are over.
    fn due(&mut self, now: Time, all: bool) -> Vec<Refused> {
        let minute = now.timestamp().div_euclid(60);
        let mut due = Vec::new();
        self.alike.retain(|alike, tally| {
            let over = all || alike.minute != minute;
            if tally.first.times > 0 && (over || !tally.told) {
                due.push(tally.first.clone());
                (tally.told, tally.first.times) = (true, 0);
            }
            !over
        });
        due.sort_by_key(|refused| refused.at);
        due
    }
}

/// The attempt as one of many by people whom nobody tells apart.
fn of_many(refused: Refused) -> Refused {
    let Refused { refusal, at, times } = refused;
    let tenant = refusal.caller.actor.tenant;
    let actor = Actor { principal: Principal::Service(MANY.to_owned()), ..Actor::guest(tenant) };
    let caller = Caller::new(actor, refusal.caller.request_id);
    let resource = refusal.operation.resource.to_owned();
    Refused { refusal: Refusal { caller, resource, ..refusal }, at, times }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{Operation, Origin, TenantId, UserId};
    use uuid::Uuid;

    static SECRET: Operation = Operation::command("shop.open_safe", "Safe").sensitive();

    fn at(second: i64) -> Time {
        Time::from_timestamp(second, 0).unwrap()
    }

    fn by(actor: Actor, address: &str, second: i64) -> Refused {
        let mut caller = Caller::new(actor, "request-1");
        caller.origin = Origin { address: Some(address.to_owned()), user_agent: None };
        let (resource, reason) = ("Safe/1".to_owned(), "access.forbidden".to_owned());
        Refused {
            refusal: Refusal { operation: &SECRET, caller, resource, reason, policies: Vec::new() },
            at: at(second),
            times: 1,
        }
    }

    fn person(number: u128) -> Actor {
        Actor::user(TenantId::FIRST, UserId(Uuid::from_u128(number)), kernel::Role::Member, "Ada")
    }

    fn guest() -> Actor {
        Actor::guest(TenantId::FIRST)
    }

    #[test]
    fn first_is_told_at_once_and_the_others_when_their_minute_is_over() {
        let mut tallies = Tallies::default();
        tallies.count(by(person(1), "192.0.2.1", 0));
        assert_eq!(tallies.due(at(1), false)[0].times, 1);
        for second in 2..59 {
            tallies.count(by(person(1), "192.0.2.1", second));
        }
        assert!(tallies.due(at(59), false).is_empty());
        let rest = tallies.due(at(60), false);
        assert_eq!((rest.len(), rest[0].times), (1, 57));
        assert!(tallies.alike.is_empty(), "nothing is kept of a minute that was told");
    }

    #[test]
    fn guests_are_told_apart_by_address_and_people_are_not() {
        let mut tallies = Tallies::default();
        for address in ["192.0.2.1", "192.0.2.2"] {
            tallies.count(by(guest(), address, 0));
            tallies.count(by(person(1), address, 0));
        }
        let mut times: Vec<_> = tallies.due(at(1), false).iter().map(|refused| refused.times).collect();
        times.sort_unstable();
        assert_eq!(times, [1, 1, 2]);
    }

    #[test]
    fn flood_from_many_addresses_is_counted_and_pushes_nobody_out() {
        let mut tallies = Tallies::default();
        for number in 0..10_000 {
            tallies.count(by(guest(), &format!("192.0.2.{number}"), 0));
        }
        tallies.count(by(person(1), "192.0.2.1", 0));
        let due = tallies.due(at(1), false);
        assert_eq!(due.len(), MOST_GUESTS + 2);
        assert_eq!(due.iter().map(|refused| refused.times).sum::<u64>(), 10_001);
        let many = due.iter().find(|refused| refused.refusal.caller.actor.principal.to_string() == "service:many");
        assert_eq!(many.map(|many| many.times), Some(10_000 - MOST_GUESTS as u64));
        assert!(due.iter().any(|refused| refused.refusal.caller.actor == person(1)));
    }
}
