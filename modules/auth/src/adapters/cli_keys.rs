//! `polity auth …`: service accounts and their keys.

use super::cli::{community_option, say, shell};
use crate::Auth;
use crate::domain::{Handle, KeyForm};
use crate::usecases::{KeyList, ListKeys, ListServiceAccounts, MakeKey, MakeServiceAccount, RevokeKey};
use auth_contract::reasons;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use kernel::{Caller, Fault, UserId};
use std::fmt::Write;
use uuid::Uuid;

const MAKE_ACCOUNT: &str = "create-service-account";
const LIST_ACCOUNTS: &str = "service-accounts";
const MAKE_KEY: &str = "create-key";
const LIST_KEYS: &str = "keys";
const REVOKE_KEY: &str = "revoke-key";
const DAY_S: u64 = 24 * 3_600;

/// These commands.
pub(super) fn commands() -> [Command; 5] {
    let option =
        |name: &'static str, help: &'static str| Arg::new(name).long(name).value_name("TEXT").required(true).help(help);
    let owner = || option("owner", "The handle of the key's owner");
    [
        Command::new(MAKE_ACCOUNT)
            .about("Make an account for a program, which acts with keys and never logs in")
            .arg(option("handle", "Handle"))
            .arg(option("display-name", "Name shown to people")),
        Command::new(LIST_ACCOUNTS).about("List the accounts of programs"),
        Command::new(MAKE_KEY)
            .about("Make a key for a service account; it is printed this once")
            .arg(owner())
            .arg(option("name", "What the key is for"))
            .arg(
                option("scope", "What it may be used for, such as forum:read; may be given several times")
                    .action(ArgAction::Append),
            )
            .arg(
                Arg::new("days")
                    .long("days")
                    .value_name("N")
                    .value_parser(value_parser!(u64))
                    .help("How many days it lives; 90 when not said"),
            ),
        Command::new(LIST_KEYS).about("List somebody's keys").arg(owner()),
        Command::new(REVOKE_KEY).about("Revoke a key; it is refused everywhere within a second").arg(
            Arg::new("id")
                .value_name("ID")
                .required(true)
                .value_parser(value_parser!(Uuid))
                .help("The key's id, as `polity auth keys` lists it"),
        ),
    ]
    .map(|command| command.arg(community_option()))
}

/// Runs one of them; nothing when it is another one.
pub(super) async fn run(auth: &Auth, name: &str, matches: &ArgMatches) -> Option<Result<(), Fault>> {
    if ![MAKE_ACCOUNT, LIST_ACCOUNTS, MAKE_KEY, LIST_KEYS, REVOKE_KEY].contains(&name) {
        return None;
    }
    Some(words(auth, name, matches).await.and_then(|words| say(&words)))
}

async fn words(auth: &Auth, name: &str, matches: &ArgMatches) -> Result<String, Fault> {
    let (caller, _address) = shell(auth, matches).await?;
    match name {
        MAKE_ACCOUNT => make_account(auth, &caller, matches).await,
        LIST_ACCOUNTS => list_accounts(auth, &caller).await,
        MAKE_KEY => make_key(auth, &caller, matches).await,
        LIST_KEYS => list_keys(auth, &caller, matches).await,
        _ => revoke_key(auth, &caller, matches).await,
    }
}

fn text(matches: &ArgMatches, name: &str) -> String {
    matches.get_one::<String>(name).cloned().unwrap_or_default()
}

async fn make_account(auth: &Auth, caller: &Caller, matches: &ArgMatches) -> Result<String, Fault> {
    let usecase = MakeServiceAccount { handle: text(matches, "handle"), display_name: text(matches, "display-name") };
    let account = auth.execute(caller, usecase).await?;
    Ok(format!("Made the service account @{} ({}), {}.\n", account.handle, account.display_name, account.id))
}

async fn list_accounts(auth: &Auth, caller: &Caller) -> Result<String, Fault> {
    let accounts = auth.execute(caller, ListServiceAccounts).await?;
    Ok(accounts.into_iter().fold(String::new(), |mut lines, account| {
        let _ = writeln!(lines, "{}  @{}  {} keys", account.id, account.handle, account.keys);
        lines
    }))
}

/// The key alone goes to standard output, so that a script can take it.
async fn make_key(auth: &Auth, caller: &Caller, matches: &ArgMatches) -> Result<String, Fault> {
    let scopes = matches.get_many::<String>("scope").into_iter().flatten().cloned().collect();
    let expires_in_s = matches.get_one::<u64>("days").map(|days| days.saturating_mul(DAY_S));
    let form = KeyForm { name: text(matches, "name"), scopes, expires_in_s };
    let owner = Some(owner(auth, caller, matches).await?);
    let made = auth.execute(caller, MakeKey { owner, form }).await?;
    Ok(format!("{}\n", made.key))
}

async fn list_keys(auth: &Auth, caller: &Caller, matches: &ArgMatches) -> Result<String, Fault> {
    let owner = Some(owner(auth, caller, matches).await?);
    let KeyList { items, .. } = auth.execute(caller, ListKeys { owner }).await?;
    Ok(items.into_iter().fold(String::new(), |mut lines, key| {
        let used = key.last_used_at.map_or_else(|| "never".to_owned(), |at| at.to_rfc3339());
        let (scopes, ends) = (key.scopes.join(" "), key.expires_at.to_rfc3339());
        let _ = writeln!(lines, "{}  …{}  {}  [{scopes}]  ends {ends}  used {used}", key.id, key.hint, key.name);
        lines
    }))
}

async fn revoke_key(auth: &Auth, caller: &Caller, matches: &ArgMatches) -> Result<String, Fault> {
    let id = matches.get_one::<Uuid>("id").copied().unwrap_or_default();
    auth.execute(caller, RevokeKey { id }).await?;
    Ok(format!("Revoked {id}.\n"))
}

async fn owner(auth: &Auth, caller: &Caller, matches: &ArgMatches) -> Result<UserId, Fault> {
    let handle = Handle::of_superuser(&text(matches, "owner"));
    let handle = handle.map_err(|refused| Fault::invalid("owner", refused.to_string()))?;
    let user = auth.store.user_by_handle(caller.actor.tenant, &handle).await?;
    Ok(user.ok_or_else(|| reasons::NO_SUCH_USER.fault())?.user_id())
}
