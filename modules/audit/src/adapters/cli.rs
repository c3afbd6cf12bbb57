//! `polity audit …`: the record at a shell. Verifying takes a file and nothing else: no installation, no configuration.
//!
//! What may not enter: a decision. What is wrong with a record is found in `domain/verifier.rs`.

use crate::Audit;
use crate::adapters::export::Form;
use crate::domain::{Broken, Kept, PublicKey, Verified, Verifier};
use crate::usecases::{ExportEntries, ForgetPerson, ReadCheckpoint};
use audit_contract::reasons::EXPORT_BROKEN;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use flate2::read::MultiGzDecoder;
use kernel::{Actor, Caller, Fault, TenantId};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use uuid::Uuid;

const VERIFY: &str = "verify";
const EXPORT: &str = "export";
const CHECKPOINT: &str = "checkpoint";
const FORGET: &str = "forget";
/// How compressed files begin (RFC 1952, section 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// The longest line that is read. Entries are far shorter; a file without line breaks is no record.
const LONGEST_LINE: u64 = 16 * 1024 * 1024;

/// The commands of audit.
pub(crate) fn command() -> Command {
    let file = |name: &'static str| Arg::new(name).value_name("FILE").value_parser(value_parser!(PathBuf));
    let verify = Command::new(VERIFY)
        .about("Checks an exported record, without the installation it comes from")
        .arg(file("file").required(true).num_args(1..).action(ArgAction::Append).help(
            "The record, exported as JSON lines; or its archives, the oldest first, and what was exported behind them",
        ))
        .arg(
            file("checkpoint")
                .long("checkpoint")
                .action(ArgAction::Append)
                .help("An earlier checkpoint that was kept elsewhere; may be given several times"),
        )
        .arg(
            Arg::new("public-key")
                .long("public-key")
                .value_name("KEY")
                .help("The key that signs the checkpoints; without it, the one that the file itself names"),
        )
        .arg(
            Arg::new("part")
                .long("part")
                .action(ArgAction::SetTrue)
                .help("Verifies what is given although the beginning of the record is not"),
        );
    let export = Command::new(EXPORT).about("Prints the sealed record").arg(
        Arg::new("format")
            .long("format")
            .default_value("jsonl")
            .value_parser(["jsonl", "csv"])
            .help("JSON lines, which can be verified, or a table of the entries"),
    );
    let forget = Command::new(FORGET)
        .about("Erases somebody's name, addresses and clients from the record, for good; what they did stays")
        .arg(
            Arg::new("person")
                .value_name("USER")
                .required(true)
                .value_parser(value_parser!(Uuid))
                .help("The user's id"),
        );
    let checkpoint = Command::new(CHECKPOINT).about("Prints the latest checkpoint, to be kept elsewhere");
    Command::new("audit")
        .about("The record of who did what")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(verify)
        .subcommand(export)
        .subcommand(checkpoint)
        .subcommand(forget)
}

/// Runs one that needs the installation.
pub(crate) async fn run(audit: &Audit, matches: &ArgMatches) -> Result<(), Fault> {
    let request = audit.store.base().ids().next().to_string();
    let caller = Caller::new(Actor::service(TenantId::FIRST, "cli"), request);
    match matches.subcommand() {
        Some((EXPORT, matches)) => export(audit, &caller, matches).await,
        Some((FORGET, matches)) => {
            let Some(person) = matches.get_one::<Uuid>("person") else {
                return Err(Fault::invalid("USER", "is missing"));
            };
            let keys = audit.execute(&caller, ForgetPerson { person: *person }).await?;
            say(&forgotten(*person, keys))
        }
        Some((CHECKPOINT, _)) => say(&audit.execute(&caller, ReadCheckpoint {}).await?.note),
        _ => Err(kernel::reasons::NO_ROUTE.fault().detail("There is no such command. See `polity audit --help`.")),
    }
}

/// Runs one that does not.
pub(crate) fn offline(matches: &ArgMatches) -> Option<Result<(), Fault>> {
    let (VERIFY, matches) = matches.subcommand()? else { return None };
    Some(verify(matches).and_then(|words| say(&words)))
}

/// What there is to say when so many keys of somebody were there to be destroyed.
fn forgotten(person: Uuid, keys: u64) -> String {
    match keys {
        0 => format!("The record had nothing sealed of user:{person}, and will seal nothing of them from now on.\n"),
        _ => format!("The record has forgotten who user:{person} was.\n"),
    }
}

fn say(words: &str) -> Result<(), Fault> {
    let mut out = std::io::stdout().lock();
    out.write_all(words.as_bytes()).and_then(|()| out.flush()).map_err(Fault::internal)
}

async fn export(audit: &Audit, caller: &Caller, matches: &ArgMatches) -> Result<(), Fault> {
    let form = Form::parse(matches.get_one::<String>("format").map(String::as_str))?;
    let mut next = Some(ExportEntries::default());
    while let Some(part) = next {
        let batch = audit.execute(caller, part).await?;
        say(&form.write(&batch.lines)?)?;
        next = batch.next;
    }
    Ok(())
}

/// The longest checkpoint with all its witnesses' signatures, in bytes.
const LONGEST_NOTE: u64 = 64 * 1_024;

/// What there is to say about a record that is whole.
fn verify(matches: &ArgMatches) -> Result<String, Fault> {
    let given = matches.get_one::<String>("public-key");
    let trusted = given.map(|text| PublicKey::parse(text)).transpose();
    let trusted = trusted.map_err(|_| Fault::invalid("public-key", "is no Ed25519 public key in base64"))?;
    let kept = matches.get_many::<PathBuf>("checkpoint").unwrap_or_default().map(|path| kept(path));
    let kept = kept.collect::<Result<Vec<_>, _>>()?;
    let compared = kept.len();
    let mut parts: Box<dyn Read> = Box::new(std::io::empty());
    for path in matches.get_many::<PathBuf>("file").unwrap_or_default() {
        parts = Box::new(parts.chain(unpacked(path)?));
    }
    let verified = record(&mut BufReader::new(parts), trusted, kept, matches.get_flag("part"))?;
    Ok(words(&verified, trusted.is_some(), compared))
}

fn opened(path: &Path) -> Result<File, Fault> {
    File::open(path).map_err(|error| Fault::invalid(&path.display().to_string(), error.to_string()))
}

/// The file's text, whether it is compressed or not.
fn unpacked(path: &Path) -> Result<Box<dyn Read>, Fault> {
    let mut file = BufReader::new(opened(path)?);
    let unreadable = |error: std::io::Error| Fault::invalid(&path.display().to_string(), error.to_string());
    let packed = file.fill_buf().map_err(unreadable)?.starts_with(&GZIP);
    Ok(if packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) })
}

fn kept(path: &Path) -> Result<Kept, Fault> {
    let name = path.display().to_string();
    let mut bytes = Vec::new();
    let read = opened(path)?.take(LONGEST_NOTE + 1).read_to_end(&mut bytes);
    if read.map_err(|error| Fault::invalid(&name, error.to_string()))? as u64 > LONGEST_NOTE {
        return Err(Fault::invalid(&name, "is longer than any checkpoint"));
    }
    // Mail and some editors end lines in another way.
    Ok(Kept { name, note: String::from_utf8_lossy(&bytes).replace("\r\n", "\n") })
}

/// Reads the whole record, a line at a time.
fn record(file: &mut impl BufRead, trusted: Option<PublicKey>, kept: Vec<Kept>, part: bool) -> Result<Verified, Fault> {
    let broken = |broken: Broken| EXPORT_BROKEN.fault().detail(printable(&broken.to_string()));
    let (mut line, mut number) = (Vec::new(), 1);
    let first = next_line(file, &mut line, number)?.ok_or_else(|| broken(Broken::Empty))?;
    let mut verifier = Verifier::begin(first, trusted, kept, part).map_err(broken)?;
    loop {
        number += 1;
        let Some(text) = next_line(file, &mut line, number)? else { break };
        verifier.next(text).map_err(broken)?;
    }
    verifier.end().map_err(broken)
}

/// The next line without its end; nothing after the last one.
fn next_line<'a>(file: &mut impl BufRead, line: &'a mut Vec<u8>, number: u64) -> Result<Option<&'a str>, Fault> {
    let unreadable = |why: String| EXPORT_BROKEN.fault().detail(Broken::Unreadable { line: number, why }.to_string());
    line.clear();
    let read = file.take(LONGEST_LINE).read_until(b'\n', line).map_err(|error| unreadable(error.to_string()))?;
    if read == 0 {
        return Ok(None);
    }
    match line.last() {
        Some(b'\n') => line.truncate(line.len() - 1),
        _ if read as u64 == LONGEST_LINE => return Err(unreadable("it is longer than any entry".to_owned())),
        _ => {}
    }
    std::str::from_utf8(line).map(Some).map_err(|_| unreadable("it is not UTF-8".to_owned()))
}

/// The text without what a terminal would act on: parts of it come from the file.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

fn words(verified: &Verified, trusted: bool, compared: usize) -> String {
    let Verified { tenant, start, tree, checkpoints, key } = verified;
    let entries = tree.size - start;
    if entries == 0 {
        let what = if *start == 0 { "The record" } else { "This part of the record" };
        return format!("{what} of community {tenant} has no entries yet: there is nothing to verify.\n");
    }
    let last = tree.size - 1;
    let mut words = match start {
        0 => format!("The record of community {tenant} is whole.\n"),
        _ => format!(
            "This part of the record of community {tenant} is whole: leaves {start} to {last}. What stands before them was \
             not given.\n"
        ),
    };
    words += &format!(
        "Entries:     {entries}\n\
         Checkpoints: {checkpoints}, each signed and each over what stands above it\n\
         Root:        {}\n\
         Key:         {key}\n",
        tree.root
    );
    if compared > 0 {
        words.push_str("It goes on from every checkpoint that was given.\n");
    }
    if !trusted {
        words.push_str(
            "The key is the one that the file itself names. Compare it with one that you had before, or give that one \
             with --public-key.\n",
        );
    }
    if compared == 0 {
        words.push_str(
            "Entries behind the last checkpoint here are not missed: give an earlier checkpoint with --checkpoint.\n",
        );
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(bytes: &[u8]) -> String {
        record(&mut &*bytes, None, Vec::new(), false).unwrap_err().detail
    }

    #[test]
    fn file_that_is_no_record_is_refused_with_its_line() {
        assert_eq!(said(b""), "The file is empty.");
        assert_eq!(said(b"\n"), "Line 1 is not the header of an exported record.");
        assert_eq!(said(b"\xff\xfe\n"), "Line 1 cannot be read: it is not UTF-8.");
        let endless = vec![b'x'; usize::try_from(LONGEST_LINE).unwrap() + 1];
        assert_eq!(said(&endless), "Line 1 cannot be read: it is longer than any entry.");
    }

    #[test]
    fn command_is_well_formed_and_only_verifying_runs_without_an_installation() {
        command().debug_assert();
        let matches = |line: &[&str]| command().try_get_matches_from([&["audit"], line].concat()).unwrap();
        assert!(offline(&matches(&["export"])).is_none());
        let missing = offline(&matches(&["verify", "/nowhere/audit.jsonl"])).unwrap().unwrap_err();
        assert!(missing.detail.starts_with("/nowhere/audit.jsonl: "), "{missing}");
        let wrong = offline(&matches(&["verify", "x", "--public-key", "abc"])).unwrap().unwrap_err();
        assert_eq!(wrong.fields[0].field, "public-key");
    }
}
