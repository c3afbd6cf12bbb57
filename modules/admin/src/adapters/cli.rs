//! `polity admin …`: communities, and who runs the installation, at a shell.
//!
//! What may not enter: a decision.

use crate::Admin;
use crate::domain::{CommunityRow, ProfileForm};
use crate::usecases::{CreateCommunity, ListCommunities, MakeOperator, PutCommunity};
use clap::{Arg, ArgAction, ArgMatches, Command};
use kernel::{Actor, Caller, Fault, PageRequest, TenantId};
use std::io::Write;

const CREATE: &str = "create-community";
const LIST: &str = "communities";
const PUT: &str = "put-community";
const OPERATOR: &str = "make-operator";

/// The commands of admin.
pub(crate) fn command() -> Command {
    let text = |name: &'static str, help: &'static str| Arg::new(name).long(name).value_name("TEXT").help(help);
    let create = Command::new(CREATE)
        .about("Make a community; its first administrator is made with `polity auth setup-link --community <slug>`")
        .arg(text("slug", "Its short name, such as garden").required(true))
        .arg(text("name", "What people call it").required(true))
        .arg(text("domain", "A host that leads to it; the first one given is in links").action(ArgAction::Append))
        .arg(text("region", "Where its data is kept, such as eu-west"))
        .arg(text("accent", "The colour of its buttons, such as #1f5fbf"))
        .arg(text("members", "How many people may have an account").value_parser(clap::value_parser!(i64)))
        .arg(text("requests", "How many requests it may make in a minute").value_parser(clap::value_parser!(i64)));
    let put = Command::new(PUT)
        .about("Open a community, let people only read in it, close it, or begin to remove it")
        .arg(Arg::new("name").value_name("COMMUNITY").required(true).help("Its short name or its id"))
        .arg(
            Arg::new("state")
                .value_name("STATE")
                .required(true)
                .value_parser(["active", "read_only", "suspended", "leaving"])
                .help("From now on"),
        );
    let operator = Command::new(OPERATOR)
        .about("Let somebody of the first community run the installation")
        .arg(Arg::new("handle").value_name("HANDLE").required(true).help("Their handle"));
    Command::new("admin")
        .about("Communities, and who runs the installation")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(create)
        .subcommand(Command::new(LIST).about("List every community"))
        .subcommand(put)
        .subcommand(operator)
}

/// Runs one of them.
pub(crate) async fn run(admin: &Admin, matches: &ArgMatches) -> Result<(), Fault> {
    let caller = Caller::new(Actor::service(TenantId::FIRST, "cli"), admin.ids.next().to_string());
    let words = match matches.subcommand() {
        Some((CREATE, matches)) => {
            let made = admin.execute(&caller, wanted(matches)).await?;
            format!(
                "Made {} ({}).\nIts first administrator is made with\n  polity auth setup-link --community {}\n",
                made.slug, made.id, made.slug
            )
        }
        Some((LIST, _)) => list(admin, &caller).await?,
        Some((PUT, matches)) => {
            let put =
                PutCommunity { name: word(matches, "name"), state: word(matches, "state"), expected_version: None };
            line(&admin.execute(&caller, put).await?)
        }
        Some((OPERATOR, matches)) => {
            let handle = word(matches, "handle");
            admin.execute(&caller, MakeOperator { handle: handle.clone() }).await?;
            format!("@{handle} runs the installation.\n")
        }
        _ => {
            return Err(kernel::reasons::NO_ROUTE
                .fault()
                .detail("There is no such command. See `polity admin --help`."));
        }
    };
    std::io::stdout().write_all(words.as_bytes()).map_err(Fault::internal)
}

fn wanted(matches: &ArgMatches) -> CreateCommunity {
    let profile = ProfileForm {
        name: word(matches, "name"),
        region: word(matches, "region"),
        domains: matches.get_many("domain").into_iter().flatten().cloned().collect(),
        accent: word(matches, "accent"),
        member_limit: matches.get_one("members").copied(),
        requests_per_minute: matches.get_one("requests").copied(),
    };
    CreateCommunity { slug: word(matches, "slug"), profile }
}

fn word(matches: &ArgMatches, name: &str) -> String {
    matches.get_one::<String>(name).cloned().unwrap_or_default()
}

async fn list(admin: &Admin, caller: &Caller) -> Result<String, Fault> {
    let (mut lines, mut cursor) = (String::new(), None);
    loop {
        let page = PageRequest { cursor, limit: Some(200) };
        let page = admin.execute(caller, ListCommunities { page }).await?;
        page.items.iter().for_each(|community| lines.push_str(&line(community)));
        cursor = page.next;
        if cursor.is_none() {
            return Ok(lines);
        }
    }
}

fn line(community: &CommunityRow) -> String {
    let CommunityRow { slug, profile, state, id, .. } = community;
    format!("{slug:<24} {state:<10} {id}  {} {}\n", profile.name, profile.domains.join(" "))
}
