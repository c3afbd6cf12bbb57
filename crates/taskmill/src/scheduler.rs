//! Schedules, and the loop that fires them.
//!
//! Any number of processes may run the loop on one database. None of them leads: each tick is fired by whoever moves the
//! schedule's mark over it, in the transaction that enqueues the task. A clock that runs behind finds the mark ahead and
//! fires nothing again; one that runs ahead fires early, and once.
//!
//! What may not enter: when the ticks are, and SQL.

use crate::{Cron, CronError, Task};
use chrono::{DateTime, TimeDelta};
use chrono_tz::Tz;
use kernel::{Fault, FaultCode, Held, NewTask, Second, Time};
use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use store::schedules::{DeclaredSchedule, Firing, KeptSchedule};
use tokio_util::sync::CancellationToken;

/// A tick nobody came to within this time was missed. Shorter delays, as when a process is replaced by its successor,
/// are not worth a policy.
const ON_TIME: TimeDelta = TimeDelta::minutes(1);
/// How many ticks of one schedule are fired before the others have their turn.
const AT_ONCE: usize = 100;
/// The longest time between two looks: a machine's clock may be set, and a machine may have slept.
const LONGEST_REST: Duration = Duration::from_secs(10);
/// The shortest time between two looks for what others have changed.
const SHORTEST_REST: Duration = Duration::from_secs(1);
/// The longest name of a schedule, in bytes, to be kept in a column.
const LONGEST_NAME: usize = 70;
/// The longest pause after a failure.
const LONGEST_STANDSTILL: Duration = Duration::from_secs(5);
/// How far a mark may be ahead of this clock before somebody should look at the clocks.
const SUSPICIOUS: TimeDelta = TimeDelta::minutes(5);

/// What becomes of the ticks that nobody came to for more than a minute: everything was down, or the schedule paused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CatchUp {
    /// They are left out.
    Skip,
    /// The latest one is made up for, unless a tick that is on time comes after it.
    #[default]
    Latest,
    /// They are made up for, the earliest first.
    All {
        /// Only so many of them, the latest.
        at_most: u16,
    },
}

/// One firing of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tick {
    /// Which schedule's.
    pub schedule: &'static str,
    /// The instant it is for, however late it was fired.
    pub at: Time,
    /// The schedule's time zone.
    pub zone: Tz,
    /// Whether somebody asked for it, besides the ticks of the schedule.
    pub on_request: bool,
}

impl Tick {
    /// The instant it is for as the schedule's local clock shows it.
    pub fn local(&self) -> DateTime<Tz> {
        self.at.with_timezone(&self.zone)
    }
}

/// A task to be enqueued again and again.
#[derive(Clone)]
pub struct Schedule {
    name: &'static str,
    kind: &'static str,
    cron: Cron,
    catch_up: CatchUp,
    task: Arc<dyn Fn(&Tick) -> NewTask + Send + Sync>,
}

impl Schedule {
    /// Enqueues what `task` makes of each tick of `cron` in `zone`, a name of the IANA database. Of the ticks that were
    /// missed, the latest is made up for. `name` is its stable name, of 1 to 70 bytes, such as `forum.digest`.
    ///
    /// # Errors
    /// What is wrong with `name`, `cron` or `zone`.
    pub fn new<T: Task>(name: &'static str, cron: &str, zone: &str, task: fn(&Tick) -> T) -> Result<Self, CronError> {
        if !(1..=LONGEST_NAME).contains(&name.len()) {
            return Err(CronError::Name { name: name.to_owned() });
        }
        let cron = Cron::parse(cron, zone)?;
        let task = Arc::new(move |tick: &Tick| task(tick).task());
        Ok(Self { name, kind: T::KIND, cron, catch_up: CatchUp::default(), task })
    }

    /// The same schedule with another policy for ticks that were missed.
    #[must_use]
    pub fn catching_up(mut self, catch_up: CatchUp) -> Self {
        self.catch_up = catch_up;
        self
    }

    /// The same schedule with one task at a time: while one of its tasks waits or runs, a tick or a request enqueues no
    /// other. For tasks that read what there is to do, so that ticks do not pile up behind a slow one or a paused queue.
    #[must_use]
    pub fn one_at_a_time(mut self) -> Self {
        let (name, task) = (self.name, self.task);
        self.task = Arc::new(move |tick| task(tick).unique(name, Held::UntilEnded, Second::Dropped));
        self
    }

    /// Its stable name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The kind of task it enqueues.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// When it ticks.
    pub fn cron(&self) -> &Cron {
        &self.cron
    }

    /// What is to be done besides its ticks because somebody asks for it. Goes with a [`store::schedules::FireNow`] in
    /// one commit.
    ///
    /// # Errors
    /// `Internal` when the schedule's own code panics.
    pub fn task_now(&self, now: Time) -> Result<NewTask, Fault> {
        self.task_at(now, true)
    }

    fn task_at(&self, at: Time, on_request: bool) -> Result<NewTask, Fault> {
        let tick = Tick { schedule: self.name, at, zone: self.cron.zone(), on_request };
        // One schedule's mistake must not stop the others.
        catch_unwind(AssertUnwindSafe(|| (self.task)(&tick)))
            .map_err(|_| Fault::internal(format!("the schedule {} panicked instead of making a task", self.name)))
    }

    /// Whether it is kept with this expression and time zone.
    fn is_kept_as(&self, kept: &KeptSchedule) -> bool {
        kept.state.cron == self.cron.expression() && kept.state.zone == self.cron.zone().name()
    }

    /// The ticks to fire now, and the one up to which the others are left out.
    fn due(&self, mark: Time, now: Time) -> Due {
        let limit = mark.max(now - ON_TIME);
        let on_time: Vec<Time> = self.cron.ticks_between(limit, now).collect();
        let wanted = match self.catch_up {
            CatchUp::Skip => 0,
            CatchUp::Latest => usize::from(on_time.is_empty()),
            CatchUp::All { at_most } => usize::from(at_most),
        };
        let mut fire = self.cron.last_between(mark, limit, wanted);
        fire.extend(on_time);
        if fire.is_empty() {
            return Due { fire, left_out: self.cron.last_between(mark, limit, 1).pop() };
        }
        fire.truncate(AT_ONCE);
        Due { fire, left_out: None }
    }
}

struct Due {
    fire: Vec<Time>,
    left_out: Option<Time>,
}

/// Fires the schedules until `stop`. Of several that run on one database, whoever comes first to a tick fires it.
pub async fn run_scheduler(store: Store, schedules: Vec<Schedule>, stop: CancellationToken) {
    let mut scheduler = Scheduler::new(store, schedules);
    let mut commits = scheduler.store.commits();
    let mut failures = 0_u32;
    while !stop.is_cancelled() {
        commits.borrow_and_update();
        let rest = match scheduler.look().await {
            // What was fired before is known to be gone, and there is nothing to come.
            Ok(_) if scheduler.schedules.is_empty() => return stop.cancelled().await,
            Ok(next) => {
                failures = 0;
                scheduler.rest_until(next)
            }
            Err(fault) => {
                failures = failures.saturating_add(1);
                scheduler.complain(&fault, failures);
                LONGEST_STANDSTILL.min(Duration::from_millis(100).saturating_mul(failures))
            }
        };
        let changed = async {
            tokio::time::sleep(SHORTEST_REST).await;
            commits.changed().await
        };
        tokio::select! {
            () = tokio::time::sleep(rest) => {}
            _ = changed => {}
            () = stop.cancelled() => {}
        }
    }
}

/// One process's part in firing schedules, look by look. [`run_scheduler`] looks whenever it is time to.
pub struct Scheduler {
    store: Store,
    schedules: Vec<Schedule>,
    /// Whether this program's list is known to the database.
    declared: bool,
    /// Schedules whose marks are suspiciously far ahead, each told once.
    ahead: HashSet<&'static str>,
    /// Schedules that another program has declared with another expression, each told once.
    others: HashMap<&'static str, Other>,
}

/// A schedule with another program's expression, whose ticks are that one's to fire.
struct Other {
    /// The mark, as it was seen.
    mark: Time,
    /// When nothing was missing, or the mark had moved.
    well_at: Time,
}

impl Scheduler {
    /// For the schedules of the module whose database this is: all of them, because others are taken to be gone.
    pub fn new(store: Store, schedules: Vec<Schedule>) -> Self {
        Self { store, schedules, declared: false, ahead: HashSet::new(), others: HashMap::new() }
    }

    /// Fires what is due by the store's clock, and tells when to look again. The first look makes the schedules known.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer. A schedule whose task is refused is logged, and does not keep
    /// the others from being looked after.
    pub async fn look(&mut self) -> Result<Option<Time>, Fault> {
        if !self.declared {
            self.declare().await?;
        }
        let kept = self.store.schedules().await?;
        let mut next: Option<Time> = None;
        for schedule in &self.schedules {
            let now = self.store.clock().now();
            let found = kept.iter().find(|kept| kept.state.name == schedule.name);
            let found = found.filter(|kept| !kept.gone);
            let when = match found {
                Some(kept) if !schedule.is_kept_as(kept) => {
                    if is_left_behind(&mut self.others, schedule, kept, now) {
                        declare(&self.store, schedule).await.map(|()| Some(now))
                    } else {
                        Ok(None)
                    }
                }
                Some(kept) => {
                    self.others.remove(schedule.name);
                    watch_clocks(&mut self.ahead, schedule, kept.mark, now);
                    tend(&self.store, schedule, kept).await
                }
                // A program that does not know it has started since.
                None => declare(&self.store, schedule).await.map(|()| Some(now)),
            };
            let when = match when {
                Err(fault) if fault.code == FaultCode::Unavailable => return Err(fault),
                Err(fault) => {
                    tracing::error!(schedule = schedule.name, %fault, cause = fault.chain(), "a schedule cannot fire");
                    None
                }
                Ok(when) => when,
            };
            next = next.into_iter().chain(when).min();
        }
        Ok(next)
    }

    async fn declare(&mut self) -> Result<(), Fault> {
        for schedule in &self.schedules {
            declare(&self.store, schedule).await?;
        }
        let names: Vec<&str> = self.schedules.iter().map(|schedule| schedule.name).collect();
        let gone = self.store.retire_schedules_except(&names).await?;
        if gone > 0 {
            tracing::info!(module = self.store.module(), gone, "schedules that this program does not know are gone");
        }
        self.declared = true;
        Ok(())
    }

    fn rest_until(&self, next: Option<Time>) -> Duration {
        let Some(next) = next else { return LONGEST_REST };
        (next - self.store.clock().now()).to_std().unwrap_or(Duration::ZERO).min(LONGEST_REST)
    }

    fn complain(&self, fault: &Fault, failures: u32) {
        let module = self.store.module();
        // Processes that start together, and a database that restarts, are over within a try or two.
        if failures > 2 {
            tracing::warn!(module, failures, %fault, cause = fault.chain(), "the scheduler stands still");
        } else {
            tracing::debug!(module, failures, %fault, "the scheduler waits");
        }
    }
}

async fn declare(store: &Store, schedule: &Schedule) -> Result<(), Fault> {
    let declared = DeclaredSchedule {
        name: schedule.name,
        kind: schedule.kind,
        cron: schedule.cron.expression(),
        zone: schedule.cron.zone().name(),
        next: schedule.cron.next_after(store.clock().now()),
    };
    store.declare_schedule(&declared).await
}

/// Fires what is due of one schedule, and tells when to look again.
async fn tend(store: &Store, schedule: &Schedule, kept: &KeptSchedule) -> Result<Option<Time>, Fault> {
    let (cron, now) = (&schedule.cron, store.clock().now());
    if kept.state.paused {
        return Ok(None);
    }
    let mut mark = kept.mark;
    let due = schedule.due(mark, now);
    let left_out = due.left_out.map(|tick| (tick, false));
    for (tick, fires) in left_out.into_iter().chain(due.fire.into_iter().map(|tick| (tick, true))) {
        let task = if fires { Some(schedule.task_at(tick, false)?) } else { None };
        let firing = Firing {
            name: schedule.name,
            cron: cron.expression(),
            zone: cron.zone().name(),
            from: mark,
            tick,
            next: cron.next_after(tick),
            task,
        };
        if !store.fire_schedule(firing).await? {
            // Somebody else is at it. Should they not get to the end, it is for us.
            return Ok(Some(now + SHORTEST_REST));
        }
        let late_ms = (now - tick).num_milliseconds();
        if fires {
            tracing::debug!(schedule = schedule.name, %tick, late_ms, "a schedule has fired");
        } else {
            tracing::info!(schedule = schedule.name, since = %mark, upto = %tick, "ticks were missed and are left out");
        }
        mark = tick;
    }
    Ok(cron.next_after(mark))
}

/// Whether nobody fires the schedule with the expression it is kept with: whoever declared that is gone. Then a tick is
/// missing that cannot be on time any more, and in as long a time of watching the mark has not moved.
fn is_left_behind(
    others: &mut HashMap<&'static str, Other>,
    schedule: &Schedule,
    kept: &KeptSchedule,
    now: Time,
) -> bool {
    let other = others.entry(schedule.name).or_insert_with(|| {
        let (cron, zone) = (&kept.state.cron, &kept.state.zone);
        tracing::warn!(schedule = schedule.name, cron, zone, "another program has declared it with this expression");
        Other { mark: kept.mark, well_at: now }
    });
    let is_missing = kept.state.next_tick.is_some_and(|tick| now - tick > ON_TIME);
    if !is_missing || other.mark != kept.mark {
        *other = Other { mark: kept.mark, well_at: now };
        return false;
    }
    let left = now - other.well_at > ON_TIME;
    if left {
        tracing::warn!(schedule = schedule.name, own = %schedule.cron, "nobody fires it: it is declared anew");
    }
    left
}

/// Tells once of a schedule whose ticks are dealt with far into this clock's future.
fn watch_clocks(ahead: &mut HashSet<&'static str>, schedule: &Schedule, mark: Time, now: Time) {
    if mark - now <= SUSPICIOUS {
        ahead.remove(schedule.name);
    } else if ahead.insert(schedule.name) {
        let by_s = (mark - now).num_seconds();
        tracing::warn!(
            schedule = schedule.name,
            by_s,
            "its ticks were fired ahead of this clock: one of the clocks is wrong"
        );
    }
}
