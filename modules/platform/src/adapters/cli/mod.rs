//! `polity platform …`: the console at a shell. What may not enter: a decision, or a colour.

mod table;

use crate::Platform;
use crate::adapters::orders::{Order, QueueOrder, SagaOrder, ScheduleOrder, TaskOrder};
use crate::adapters::shapes::{
    CountedBody, QueuesBody, SagaLifeBody, SagasBody, SchedulesBody, TaskLifeBody, TasksBody, TouchedBody,
};
use crate::adapters::words::counted;
use crate::desks::{Silent, Survey};
use crate::domain::{TypedFilter, TypedLimits, TypedSagaFilter};
use crate::usecases::{
    GiveOrder, LimitQueue, ListQueues, ListSagas, ListSchedules, ListTasks, ReadSaga, ReadTask, RedriveAll,
};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use kernel::{Actor, Caller, Cursor, DeskOrder, Fault, PageRequest, TenantId};
use serde::Serialize;
use std::io::Write;
use uuid::Uuid;

/// The commands of platform.
pub(crate) fn command() -> Command {
    group("platform", "Tasks, schedules and sagas of every module")
        .subcommand(tasks())
        .subcommand(schedules())
        .subcommand(sagas())
        .arg(
            Arg::new("json")
                .long("json")
                .action(ArgAction::SetTrue)
                .global(true)
                .help("Prints JSON instead of a table"),
        )
}

fn tasks() -> Command {
    group("tasks", "Queues and what is in them")
        .subcommand(Command::new("queues").about("Lists every queue").arg(module_option()))
        .subcommand(paged(
            Command::new("list").about("Lists tasks, the newest first").arg(module_option()).args(filters()),
        ))
        .subcommand(one("show", "Shows one task's life", "task"))
        .subcommand(
            Command::new("redrive")
                .about("Gives a dead letter another life, or with --all every one that the filter matches")
                .arg(
                    Arg::new("module")
                        .required_unless_present("all")
                        .help("The module whose task it is; without it, --all is about every module's"),
                )
                .arg(id("task").required_unless_present("all").required(false).conflicts_with("all"))
                .arg(Arg::new("all").long("all").action(ArgAction::SetTrue).help("Every dead letter that matches"))
                .args(
                    filters()
                        .into_iter()
                        .filter(|arg| arg.get_id() != "state")
                        .map(|arg| arg.requires("all").conflicts_with("id")),
                ),
        )
        .subcommand(one("cancel", "Stops a task: one that waits at once, one that runs as soon as it listens", "task"))
        .subcommand(queue("pause", "Starts nothing in a queue any more"))
        .subcommand(queue("resume", "Goes on starting"))
        .subcommand(
            queue("limit", "Sets how much of a queue may run; what is left out is not limited")
                .arg(number("per-process", "At most so many at a time in each process"))
                .arg(number("at-most", "At most so many at a time in all processes together"))
                .arg(number("rate", "At most so many started in each period"))
                .arg(number("rate-seconds", "How long the period is, 1 when not said").requires("rate")),
        )
}

fn schedules() -> Command {
    let named = |name: &'static str, about: &'static str| {
        Command::new(name).about(about).arg(module()).arg(Arg::new("name").required(true).help("The schedule"))
    };
    group("schedules", "What is enqueued by the clock")
        .subcommand(Command::new("list").about("Lists every schedule").arg(module_option()))
        .subcommand(named("run-now", "Fires a schedule now, besides its ticks"))
        .subcommand(named("pause", "Stops a schedule from firing"))
        .subcommand(named("resume", "Lets a schedule fire again"))
}

fn sagas() -> Command {
    let text = |name: &'static str, help: &'static str| Arg::new(name).long(name).value_name("TEXT").help(help);
    group("sagas", "What takes several steps and can be undone")
        .subcommand(paged(Command::new("list").about("Lists sagas, the newest first").arg(module_option()).args([
            text("kind", "Of this kind"),
            text("correlation", "With this correlation id"),
            text("state", "In this state: stuck, for instance"),
        ])))
        .subcommand(one("show", "Shows one saga's life", "saga"))
        .subcommand(one(
            "retry",
            "Tries what a saga is at again now: the failed step, or one whose task is gone",
            "saga",
        ))
        .subcommand(one("skip", "Takes a saga's failed step as done; on the way back, as undone", "saga"))
        .subcommand(one("compensate", "Undoes a saga now", "saga"))
}

fn group(name: &'static str, about: &'static str) -> Command {
    Command::new(name).about(about).subcommand_required(true).arg_required_else_help(true)
}

fn module() -> Arg {
    Arg::new("module").required(true).help("The module, such as forum")
}

fn module_option() -> Arg {
    Arg::new("module").long("module").value_name("MODULE").help("Only this module's")
}

fn id(what: &'static str) -> Arg {
    Arg::new("id").required(true).value_parser(value_parser!(Uuid)).help(format!("The {what}'s id"))
}

fn one(name: &'static str, about: &'static str, what: &'static str) -> Command {
    Command::new(name).about(about).arg(module()).arg(id(what))
}

fn queue(name: &'static str, about: &'static str) -> Command {
    Command::new(name).about(about).arg(module()).arg(Arg::new("queue").required(true).help("The queue"))
}

fn number(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name("N").value_parser(value_parser!(u32)).help(help)
}

fn filters() -> [Arg; 5] {
    let text = |name: &'static str, help: &'static str| Arg::new(name).long(name).value_name("TEXT").help(help);
    [
        text("queue", "In this queue"),
        text("kind", "Of this kind"),
        text("key", "With this unique key"),
        text("tenant", "For this community"),
        text("state", "In this state: dead, for instance"),
    ]
}

fn paged(command: Command) -> Command {
    command
        .arg(number("limit", "How many at most: 1 to 200"))
        .arg(Arg::new("cursor").long("cursor").value_name("TEXT").help("Where to go on from, as the last list said"))
}

/// Runs one of them.
pub(crate) async fn run(platform: &Platform, matches: &ArgMatches) -> Result<(), Fault> {
    let words = answer(platform, matches).await?;
    std::io::stdout().write_all(words.as_bytes()).map_err(Fault::internal)
}

/// What a command says, in words or in JSON.
async fn answer(platform: &Platform, matches: &ArgMatches) -> Result<String, Fault> {
    let unknown =
        || kernel::reasons::NO_ROUTE.fault().detail("There is no such command. See `polity platform --help`.");
    let (group, matches) = matches.subcommand().ok_or_else(unknown)?;
    let (verb, matches) = matches.subcommand().ok_or_else(unknown)?;
    let shell = Shell { platform, matches, caller: caller(platform) };
    match (group, verb) {
        ("tasks", "queues") => shell.queues().await,
        ("tasks", "list") => shell.tasks().await,
        ("tasks", "show") => shell.task().await,
        ("tasks", "redrive") if matches.get_flag("all") => shell.redrive_all().await,
        ("tasks", "limit") => shell.limit().await,
        ("schedules", "list") => shell.schedules().await,
        ("sagas", "list") => shell.sagas().await,
        ("sagas", "show") => shell.saga().await,
        _ => shell.order(order(group, verb, matches).ok_or_else(unknown)?).await,
    }
}

/// The order that a command stands for.
fn order(group: &str, verb: &str, matches: &ArgMatches) -> Option<DeskOrder> {
    let text = |name: &str| matches.get_one::<String>(name).cloned();
    let id = || matches.get_one::<Uuid>("id").copied();
    match group {
        "tasks" => match (TaskOrder::parse(verb), QueueOrder::parse(verb)) {
            (Some(order), _) => Some(order.about(id()?)),
            (None, order) => Some(order?.about(text("queue")?)),
        },
        "schedules" => Some(ScheduleOrder::parse(verb)?.about(text("name")?)),
        "sagas" => Some(SagaOrder::parse(verb)?.about(id()?)),
        _ => None,
    }
}

/// Whoever sits at the shell.
fn caller(platform: &Platform) -> Caller {
    Caller::new(Actor::service(TenantId::FIRST, "cli"), platform.ids.next().to_string())
}

/// One command being run.
struct Shell<'a> {
    platform: &'a Platform,
    matches: &'a ArgMatches,
    caller: Caller,
}

impl Shell<'_> {
    async fn queues(&self) -> Result<String, Fault> {
        let survey = self.platform.execute(&self.caller, ListQueues { module: self.text("module") }).await?;
        let now = self.platform.clock.now();
        self.said(survey, |survey| table::queues(&survey.heard, now) + &silence(&survey.silent), QueuesBody::from)
    }

    async fn tasks(&self) -> Result<String, Fault> {
        let (module, filter) = (self.text("module"), self.filter(self.text("state")));
        let found = self.platform.execute(&self.caller, ListTasks { module, filter, page: self.page() }).await?;
        self.said(found, |found| table::tasks(&found.page) + &silence(&found.silent), TasksBody::from)
    }

    async fn task(&self) -> Result<String, Fault> {
        let life = self.platform.execute(&self.caller, ReadTask { module: self.module(), id: self.id() }).await?;
        self.said(life, |life| table::task(&self.module(), life), |life| TaskLifeBody::of(self.module(), life))
    }

    async fn schedules(&self) -> Result<String, Fault> {
        let survey = self.platform.execute(&self.caller, ListSchedules { module: self.text("module") }).await?;
        self.said(survey, |survey| table::schedules(&survey.heard) + &silence(&survey.silent), SchedulesBody::from)
    }

    async fn sagas(&self) -> Result<String, Fault> {
        let (kind, correlation, state) = (self.text("kind"), self.text("correlation"), self.text("state"));
        let filter = TypedSagaFilter { kind, correlation, state };
        let wanted = ListSagas { module: self.text("module"), filter, page: self.page() };
        let found = self.platform.execute(&self.caller, wanted).await?;
        self.said(found, |found| table::sagas(&found.page) + &silence(&found.silent), SagasBody::from)
    }

    async fn saga(&self) -> Result<String, Fault> {
        let life = self.platform.execute(&self.caller, ReadSaga { module: self.module(), id: self.id() }).await?;
        self.said(life, |life| table::saga(&self.module(), life), |life| SagaLifeBody::of(self.module(), life))
    }

    async fn redrive_all(&self) -> Result<String, Fault> {
        let wanted = RedriveAll { module: self.text("module"), filter: self.filter(None) };
        let survey = self.platform.execute(&self.caller, wanted).await?;
        let words = |survey: &Survey<u64>| {
            format!("Redrove {}.\n{}", counted(survey.total(), "dead letter"), silence(&survey.silent))
        };
        self.said(survey, words, CountedBody::from)
    }

    async fn limit(&self) -> Result<String, Fault> {
        let number = |name: &str| self.matches.get_one::<u32>(name).copied();
        let limits = TypedLimits {
            per_process: number("per-process"),
            at_most: number("at-most"),
            rate: number("rate"),
            rate_seconds: number("rate-seconds"),
        };
        let queue = self.text("queue").unwrap_or_default();
        let touched = self.platform.execute(&self.caller, LimitQueue { module: self.module(), queue, limits }).await?;
        self.done(touched)
    }

    async fn order(&self, order: DeskOrder) -> Result<String, Fault> {
        let touched = self.platform.execute(&self.caller, GiveOrder { module: self.module(), order }).await?;
        self.done(touched)
    }

    fn done(&self, touched: u64) -> Result<String, Fault> {
        let words = |touched: &u64| String::from(if *touched == 0 { "Nothing had to be done.\n" } else { "Done.\n" });
        self.said(touched, words, |touched| TouchedBody { touched })
    }

    /// An answer in words, or in the JSON that REST promises.
    fn said<T, B: Serialize>(
        &self,
        answer: T,
        words: impl FnOnce(&T) -> String,
        body: impl FnOnce(T) -> B,
    ) -> Result<String, Fault> {
        if self.matches.get_flag("json") {
            return Ok(serde_json::to_string_pretty(&body(answer)).map_err(Fault::internal)? + "\n");
        }
        Ok(words(&answer))
    }

    fn text(&self, name: &str) -> Option<String> {
        self.matches.try_get_one::<String>(name).ok().flatten().cloned()
    }

    fn module(&self) -> String {
        self.text("module").unwrap_or_default()
    }

    fn id(&self) -> Uuid {
        self.matches.get_one::<Uuid>("id").copied().unwrap_or_default()
    }

    fn page(&self) -> PageRequest {
        PageRequest { cursor: self.text("cursor").map(Cursor), limit: self.matches.get_one::<u32>("limit").copied() }
    }

    fn filter(&self, state: Option<String>) -> TypedFilter {
        let (queue, kind, key, tenant) = (self.text("queue"), self.text("kind"), self.text("key"), self.text("tenant"));
        TypedFilter { queue, kind, key, tenant, state }
    }
}

/// The modules whose part is missing.
fn silence(silent: &[Silent]) -> String {
    silent
        .iter()
        .map(|silent| format!("{} does not answer: {}\n", silent.module, table::plain(&silent.detail)))
        .collect()
}
