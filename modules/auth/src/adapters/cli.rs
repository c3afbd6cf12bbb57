//! `polity auth …`: what operators do at a shell.
//!
//! What may not enter: a password on the command line, where every user of the machine could read it.

use super::address::community;
use super::cli_keys;
use crate::Auth;
use crate::domain::{AccountForm, InvitationForm, TypedSecret};
use crate::usecases::{CreateSuperuser, Invite, Invited, MakeResetLink, MakeSetupLink, ResetSecondFactors};
use clap::{Arg, ArgAction, ArgMatches, Command};
use dialoguer::{Input, Password};
use kernel::{Actor, Caller, Fault, TenantId};
use std::io::{BufRead, IsTerminal, Write};

const CREATE_SUPERUSER: &str = "create-superuser";
const RESET_LINK: &str = "reset-link";
const INVITE: &str = "invite";
const SETUP_LINK: &str = "setup-link";
const RESET_SECOND_FACTORS: &str = "reset-second-factors";

/// The questions, in the order they are asked: option, field, prompt.
const QUESTIONS: [(&str, &str, &str); 3] = [
    ("email", "email", "E-mail address"),
    ("handle", "handle", "Handle"),
    ("display-name", "display_name", "Name shown to people"),
];

/// The commands of auth.
pub(crate) fn command() -> Command {
    let options = QUESTIONS.map(|(option, _, prompt)| Arg::new(option).long(option).value_name("TEXT").help(prompt));
    let from_stdin = Arg::new("password-stdin")
        .long("password-stdin")
        .action(ArgAction::SetTrue)
        .help("Read the password from the first line of standard input");
    let create = Command::new(CREATE_SUPERUSER)
        .about("Make an account that runs the community; asks for what is not given")
        .args(options)
        .arg(community_option())
        .arg(from_stdin);
    let email = Arg::new("email").long("email").value_name("TEXT").required(true).help("The account's e-mail address");
    let second = Command::new(RESET_SECOND_FACTORS)
        .about("Remove the second factor of somebody who lost it and their recovery codes; their owner is told by mail")
        .arg(email.clone())
        .arg(community_option());
    let reset = Command::new(RESET_LINK)
        .about("Make a link that sets a new password, to be handed to the account's owner; it works once, for an hour")
        .arg(email)
        .arg(community_option());
    let setup = Command::new(SETUP_LINK)
        .about("Make the link that a community's first administrator starts with; older ones die")
        .arg(community_option());
    let auth = Command::new("auth").about("Accounts").subcommand_required(true).arg_required_else_help(true);
    auth.subcommand(create).subcommands([reset, setup, second, invite_command()]).subcommands(cli_keys::commands())
}

fn invite_command() -> Command {
    let email = Arg::new("email").long("email").value_name("TEXT").help("The one address that is invited");
    let number = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name("NUMBER").value_parser(clap::value_parser!(i64)).help(help)
    };
    Command::new(INVITE)
        .about("Make an invitation; it is mailed to the address where mail is sent, and otherwise a link is printed")
        .arg(email)
        .arg(number("uses", "How many accounts the link makes at most: 1 to 100, 1 when not said"))
        .arg(number("days", "For how many days it is good: 1 to 90, 14 when not said"))
        .arg(community_option())
}

pub(super) fn community_option() -> Arg {
    let help = "In which community, by its short name; the first one when absent";
    Arg::new("community").long("community").value_name("TEXT").help(help)
}

/// Runs one of them.
pub(crate) async fn run(auth: &Auth, matches: &ArgMatches) -> Result<(), Fault> {
    match matches.subcommand() {
        Some((CREATE_SUPERUSER, matches)) => create_superuser(auth, matches).await,
        Some((RESET_LINK, matches)) => {
            let email = matches.get_one::<String>("email").cloned().unwrap_or_default();
            let (caller, address) = shell(auth, matches).await?;
            say(&reset_link(auth, &caller, &address, email).await?)
        }
        Some((SETUP_LINK, matches)) => {
            let (caller, address) = shell(auth, matches).await?;
            say(&format!("{address}/welcome/{}\n", auth.execute(&caller, MakeSetupLink).await?))
        }
        Some((INVITE, matches)) => {
            let form = InvitationForm {
                email: matches.get_one::<String>("email").cloned().unwrap_or_default(),
                note: String::new(),
                uses: matches.get_one("uses").copied(),
                days: matches.get_one("days").copied(),
            };
            let (caller, address) = shell(auth, matches).await?;
            say(&invite(auth, &caller, &address, form).await?)
        }
        Some((RESET_SECOND_FACTORS, matches)) => {
            let email = matches.get_one::<String>("email").cloned().unwrap_or_default();
            let (caller, _address) = shell(auth, matches).await?;
            auth.execute(&caller, ResetSecondFactors { email: email.clone() }).await?;
            say(&format!("{email} logs in with the password alone now.\n"))
        }
        Some((name, matches)) => cli_keys::run(auth, name, matches).await.unwrap_or_else(|| Err(no_such_command())),
        None => Err(no_such_command()),
    }
}

fn no_such_command() -> Fault {
    kernel::reasons::NO_ROUTE.fault().detail("There is no such command. See `polity auth --help`.")
}

async fn create_superuser(auth: &Auth, matches: &ArgMatches) -> Result<(), Fault> {
    let given = Given::of(matches);
    let form = runtime::blocking(move || {
        let stdin = std::io::stdin();
        let terminal = stdin.is_terminal().then_some(&Terminal as &dyn Ask);
        given.complete(&mut stdin.lock(), terminal)
    });
    let (caller, address) = shell(auth, matches).await?;
    say(&make(auth, &caller, &address, form.await??).await?)
}

pub(super) fn say(words: &str) -> Result<(), Fault> {
    std::io::stdout().write_all(words.as_bytes()).map_err(Fault::internal)
}

/// Makes the link, and says where it leads.
async fn reset_link(auth: &Auth, caller: &Caller, address: &str, email: String) -> Result<String, Fault> {
    let link = auth.execute(caller, MakeResetLink { email }).await?;
    Ok(format!("{address}/reset-password/{}\n", link.token))
}

/// Makes the invitation, and says where it leads, or where it was mailed.
async fn invite(auth: &Auth, caller: &Caller, address: &str, form: InvitationForm) -> Result<String, Fault> {
    let Invited { invitation, token } = auth.execute(caller, Invite { form }).await?;
    let until = invitation.expires_at.format("%-d %B %Y, %H:%M UTC");
    Ok(match (token, invitation.email) {
        (Some(token), _) => format!("{address}/register/{token}\nGood until {until}.\n"),
        (None, email) => format!("A mail goes to {}. Good until {until}.\n", email.unwrap_or_default()),
    })
}

/// Whoever is at the shell, in the community they name, and where its pages are.
pub(super) async fn shell(auth: &Auth, matches: &ArgMatches) -> Result<(Caller, String), Fault> {
    let (tenant, address) = match matches.get_one::<String>("community") {
        None => (TenantId::FIRST, auth.settings.http.public_url.clone()),
        Some(name) => community(auth, name).await.map(|(tenant, card)| (tenant, card.address))?,
    };
    Ok((Caller::new(Actor::service(tenant, "cli"), auth.ids.next().to_string()), address))
}

/// Makes the account, and says so.
async fn make(auth: &Auth, caller: &Caller, address: &str, form: AccountForm) -> Result<String, Fault> {
    let account = auth.execute(caller, CreateSuperuser { form }).await?;
    Ok(format!(
        "Made @{} ({}), {}, who runs the community.\nLog in at {address}/login\n",
        account.handle, account.display_name, account.email
    ))
}

/// What the command line says.
#[derive(Default)]
struct Given {
    answers: [Option<String>; 3],
    password_stdin: bool,
}

/// Somebody who can be asked.
trait Ask {
    fn text(&self, prompt: &str) -> Result<String, Fault>;
    fn password(&self) -> Result<String, Fault>;
}

impl Given {
    fn of(matches: &ArgMatches) -> Self {
        Self {
            answers: QUESTIONS.map(|(option, _, _)| matches.get_one(option).cloned()),
            password_stdin: matches.get_flag("password-stdin"),
        }
    }

    /// Asks for what is missing, or says what is missing where there is nobody to ask.
    fn complete(self, stdin: &mut impl BufRead, terminal: Option<&dyn Ask>) -> Result<AccountForm, Fault> {
        let mut texts = Vec::with_capacity(QUESTIONS.len());
        for (answer, (option, field, prompt)) in self.answers.into_iter().zip(QUESTIONS) {
            texts.push(match (answer, terminal) {
                (Some(answer), _) => answer,
                (None, Some(terminal)) => terminal.text(prompt)?,
                (None, None) => return Err(Fault::invalid(field, format!("is missing; give it with --{option}"))),
            });
        }
        let password = match (self.password_stdin, terminal) {
            (true, _) => first_line(stdin)?,
            (false, Some(terminal)) => terminal.password()?,
            (false, None) => {
                return Err(Fault::invalid("password", "is missing; pipe it in and add --password-stdin"));
            }
        };
        let mut texts = texts.into_iter();
        let mut next = || texts.next().unwrap_or_default();
        let (email, handle, display_name) = (next(), next(), next());
        Ok(AccountForm { email, handle, display_name, password: TypedSecret::new(password) })
    }
}

fn first_line(stdin: &mut impl BufRead) -> Result<String, Fault> {
    let mut line = String::new();
    stdin.read_line(&mut line).map_err(Fault::internal)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

struct Terminal;

impl Ask for Terminal {
    fn text(&self, prompt: &str) -> Result<String, Fault> {
        Input::<String>::new().with_prompt(prompt).interact_text().map_err(Fault::internal)
    }

    fn password(&self) -> Result<String, Fault> {
        let password = Password::new().with_prompt("Password").with_confirmation("Once more", "These two differ.");
        password.interact().map_err(Fault::internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::greeting::greeting;
    use crate::credentials::token_hash;
    use kernel::{EventLog, Position};
    use std::cell::RefCell;
    use std::sync::Arc;
    use std::time::Duration;
    use store::Outbox;

    /// Answers every question, and remembers which were asked.
    #[derive(Default)]
    struct Patient(RefCell<Vec<String>>);

    impl Ask for Patient {
        fn text(&self, prompt: &str) -> Result<String, Fault> {
            self.0.borrow_mut().push(prompt.to_owned());
            Ok(format!("answer to {prompt}"))
        }

        fn password(&self) -> Result<String, Fault> {
            self.0.borrow_mut().push("Password".to_owned());
            Ok("typed".to_owned())
        }
    }

    fn given(line: &[&str]) -> Given {
        let matches = command().try_get_matches_from([&["auth", CREATE_SUPERUSER], line].concat()).unwrap();
        Given::of(matches.subcommand().unwrap().1)
    }

    #[test]
    fn only_what_is_missing_is_asked_for() {
        let patient = Patient::default();
        let form = given(&["--handle", "ada"]).complete(&mut "".as_bytes(), Some(&patient)).unwrap();
        assert_eq!((form.handle.as_str(), form.email.as_str()), ("ada", "answer to E-mail address"));
        assert_eq!(form.password.expose(), "typed");
        assert_eq!(*patient.0.borrow(), ["E-mail address", "Name shown to people", "Password"]);
    }

    #[test]
    fn password_from_standard_input_is_its_first_line() {
        let line = ["--email", "a@b.cd", "--handle", "ada", "--display-name", "Ada", "--password-stdin"];
        let form = given(&line).complete(&mut "open sesame \r\nmore".as_bytes(), None).unwrap();
        assert_eq!(form.password.expose(), "open sesame ");
    }

    const PLACE: &str = "http://polity.test";

    fn first(auth: &Auth) -> Caller {
        Caller::new(Actor::service(TenantId::FIRST, "cli"), auth.ids.next().to_string())
    }

    async fn auth(folder: &std::path::Path) -> Arc<Auth> {
        let variables = [("ENVIRONMENT".to_owned(), "test".to_owned())].into();
        let inputs = settings::Inputs { variables, ..settings::Inputs::default() };
        let mut settings = settings::load(&inputs).unwrap().settings;
        settings.data_dir = folder.to_owned();
        let runtime::ModuleSpec { schema, policies, operations, .. } = crate::SPEC;
        let part = engine_cedar::PolicyPart { module: "auth", schema, policies, operations };
        let decisions: Arc<dyn kernel::DecisionPoint> =
            Arc::new(engine_cedar::CedarDecisionPoint::build(&[part]).unwrap());
        let ids: Arc<dyn kernel::Ids> = Arc::new(testkit::SequentialIds::default());
        let context = runtime::Context {
            settings: Arc::new(settings),
            clock: Arc::new(testkit::ManualClock::default()),
            gate: kernel::Gate::new(Arc::clone(&decisions), Arc::clone(&ids)),
            ids,
            decisions,
            portals: runtime::Portals::default(),
            logs: runtime::Logs::default(),
            desks: runtime::Desks::default(),
            mailer: None,
            files: None,
            migrate: runtime::Migrate::Run,
        };
        crate::start(context).await.unwrap()
    }

    #[tokio::test]
    async fn superuser_made_at_the_shell_leaves_nothing_to_set_up() {
        let folder = tempfile::tempdir().unwrap();
        let auth = auth(folder.path()).await;
        let link = greeting(&auth).await.unwrap();
        let line = ["--email", "Ada@example.org", "--handle", "admin", "--display-name", "Ada", "--password-stdin"];
        let form = given(&line).complete(&mut "correct horse battery\n".as_bytes(), None).unwrap();
        let again = AccountForm { handle: "other".to_owned(), ..form.clone() };
        let words = make(&auth, &first(&auth), PLACE, form).await.unwrap();
        assert!(words.starts_with("Made @admin (Ada), ada@example.org,"), "{words}");
        assert_eq!(greeting(&auth).await, None);
        let link = token_hash(link.rsplit('/').next().unwrap());
        let link = auth.store.setup_link(TenantId::FIRST, &link).await.unwrap().unwrap();
        assert!(link.spent_at.is_some(), "whoever has the form open comes too late");
        let log = Outbox::of(auth.store.inner()).read(Position::START, 100, Duration::ZERO).await.unwrap();
        let kinds: Vec<_> = log.events.iter().map(|sequenced| sequenced.event.kind.as_str()).collect();
        assert!(kinds.contains(&"auth.superuser_created.v1"), "{kinds:?}");
        assert!(make(&auth, &first(&auth), PLACE, again).await.unwrap_err().is(&auth_contract::reasons::EMAIL_TAKEN));
    }

    #[tokio::test]
    async fn link_made_at_the_shell_is_kept_as_a_hash_for_an_account_that_exists() {
        let folder = tempfile::tempdir().unwrap();
        let auth = auth(folder.path()).await;
        let line = ["--email", "ada@example.org", "--handle", "admin", "--display-name", "Ada", "--password-stdin"];
        let form = given(&line).complete(&mut "correct horse battery\n".as_bytes(), None).unwrap();
        make(&auth, &first(&auth), PLACE, form).await.unwrap();
        let words = reset_link(&auth, &first(&auth), PLACE, " Ada@example.org".to_owned()).await.unwrap();
        let hash = token_hash(words.trim_end().rsplit('/').next().unwrap());
        let link = auth.store.mail_link(TenantId::FIRST, crate::domain::Purpose::ResetPassword, &hash).await.unwrap();
        assert_eq!(link.unwrap().email, "ada@example.org");
        let nobody = reset_link(&auth, &first(&auth), PLACE, "nobody@example.org".to_owned()).await.unwrap_err();
        assert!(nobody.is(&auth_contract::reasons::NO_SUCH_USER));
    }

    #[test]
    fn script_is_told_which_option_is_missing() {
        let fault = given(&["--email", "a@b.cd"]).complete(&mut "".as_bytes(), None).err().unwrap();
        assert!(fault.detail.contains("--handle"), "{fault}");
        let line = ["--email", "a@b.cd", "--handle", "ada", "--display-name", "Ada"];
        let fault = given(&line).complete(&mut "".as_bytes(), None).err().unwrap();
        assert!(fault.detail.contains("--password-stdin"), "{fault}");
    }
}
