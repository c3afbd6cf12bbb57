//! The command line, made from the list of modules.

use crate::{MODULES, secrets};
use clap::{Arg, ArgAction, Command, value_parser};
use runtime::Role;
use std::path::PathBuf;

/// What of a module a process may run: how the command ends, the role, and the words for it.
const ROLES: [(&str, Role, &str); 5] = [
    ("-http", Role::Http, "pages, REST and portals of"),
    ("-feed", Role::Feed, "subscriptions of"),
    ("-taskmill-worker", Role::TaskmillWorker, "tasks of"),
    ("-taskmill-scheduler", Role::TaskmillScheduler, "schedules of"),
    ("", Role::All, "everything of"),
];

/// The module and the role that `run-…` names.
pub(crate) fn module_and_role(command: &str) -> (&str, Role) {
    let rest = command.strip_prefix("run-").unwrap_or(command);
    let named = ROLES.iter().find_map(|(suffix, role, _)| Some((rest.strip_suffix(suffix)?, *role)));
    named.unwrap_or((rest, Role::All))
}

/// `polity …`.
pub(crate) fn command() -> Command {
    let config = Arg::new("config")
        .long("config")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .global(true)
        .help("Reads this file instead of config/<ENVIRONMENT>.yaml");
    let mut polity = Command::new("polity")
        .about("A home for communities that discuss, decide and spend together")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(config)
        .subcommand(Command::new("run-all-in-one").about("Runs every module in this process"))
        .subcommand(Command::new("run-gateway").about("Runs the public address in front of other processes"));
    for module in MODULES {
        for (suffix, _, what) in ROLES {
            let about = format!("Runs {what} {}: {}", module.name, module.about.to_lowercase());
            polity = polity.subcommand(Command::new(format!("run-{}{suffix}", module.name)).about(about));
        }
    }
    for command in MODULES.iter().filter_map(|module| module.command) {
        polity = polity.subcommand(command());
    }
    polity
        .subcommand(Command::new("migrate").about("Brings the schema of every module up to date, then ends"))
        .subcommand(secrets::command())
        .subcommand(config_command())
        .subcommand(demo_command())
        .subcommand(Command::new("openapi").about("Prints the OpenAPI document"))
        .subcommand(Command::new("reasons").about("Prints every reason a request can be refused for"))
        .subcommand(Command::new("access").about("Prints who may do what: operations by roles"))
}

fn config_command() -> Command {
    Command::new("config")
        .about("Looks at the configuration")
        .subcommand_required(true)
        .subcommand(Command::new("check").about("Lists everything that is wrong with it"))
        .subcommand(Command::new("print").about("Prints it as one YAML document, secrets masked"))
        .subcommand(Command::new("explain").about("Shows each value and where it comes from, secrets masked"))
        .subcommand(Command::new("reference").about("Prints every key there is, in Markdown"))
}

fn demo_command() -> Command {
    let text = |name: &'static str, help: &'static str| Arg::new(name).long(name).help(help);
    Command::new("demo")
        .about("Fills a running instance with a believable community, over its public API")
        .arg(text("url", "Where it runs").default_value("http://127.0.0.1:8080"))
        .arg(text("email", "An administrator's e-mail address").default_value("admin@example.org"))
        .arg(text("password", "The administrator's password").env("DEMO_PASSWORD").hide_env_values(true).required(true))
        .arg(text("members", "How many members").default_value("60").value_parser(value_parser!(usize)))
        .arg(text("threads", "How many threads").default_value("220").value_parser(value_parser!(usize)))
        .arg(text("posts", "How many posts").default_value("3200").value_parser(value_parser!(usize)))
        .arg(text("seed", "Another seed makes another community").default_value("1").value_parser(value_parser!(u64)))
        .arg(Arg::new("quiet").long("quiet").action(ArgAction::SetTrue).help("Shows no progress bar"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_names_its_module_and_its_role() {
        for (command, expected) in [
            ("run-forum", ("forum", Role::All)),
            ("run-forum-http", ("forum", Role::Http)),
            ("run-forum-feed", ("forum", Role::Feed)),
            ("run-forum-taskmill-worker", ("forum", Role::TaskmillWorker)),
            ("run-forum-taskmill-scheduler", ("forum", Role::TaskmillScheduler)),
        ] {
            assert_eq!(module_and_role(command), expected, "{command}");
        }
    }

    #[test]
    fn command_line_is_well_formed() {
        command().debug_assert();
    }
}
