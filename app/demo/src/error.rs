//! Everything that can go wrong, in words for whoever typed `polity demo`. Only errors live here.

use thiserror::Error;

/// A corpus file that breaks the rules of its format.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{file}, line {line}: {problem}")]
pub struct CorpusError {
    /// The file, relative to the corpus folder.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: String,
}

/// Why an instance could not be filled. Whatever had been made by then stays, and the same plan continues from there.
#[derive(Debug, Error)]
pub enum DemoError {
    /// The crate's own texts are broken.
    #[error("the demo texts are broken: {0}")]
    Corpus(#[source] CorpusError),
    /// A number of the plan is outside what the corpus can fill.
    #[error("{field} must be between {least} and {most}")]
    OutOfBounds {
        /// The plan's field.
        field: &'static str,
        /// The smallest number that works.
        least: usize,
        /// The largest number that works.
        most: usize,
    },
    /// The texts do not suffice for that many different posts.
    #[error("the demo texts do not suffice for a post different from all others in “{title}”; ask for fewer posts")]
    CorpusExhausted {
        /// The thread whose next post could not be written.
        title: String,
    },
    /// The base address is not one.
    #[error("“{base_url}” is not an http address such as http://127.0.0.1:8080")]
    Address {
        /// The address as given.
        base_url: String,
    },
    /// The HTTP client could not be set up.
    #[error("the HTTP client could not be set up")]
    Client(#[source] reqwest::Error),
    /// Nobody listens at the address.
    #[error("nothing answers at {base_url}. Start Polity first (`polity run-all-in-one`) or give another address")]
    Unreachable {
        /// The address asked.
        base_url: String,
        /// What the network said.
        source: reqwest::Error,
    },
    /// Somebody answers, but not as Polity would.
    #[error("{call} did not answer as Polity does: {problem}. Is {base_url} the right address?")]
    Stranger {
        /// The address asked.
        base_url: String,
        /// The call made.
        call: String,
        /// What is odd about the answer.
        problem: String,
    },
    /// The administrator's e-mail address or password is wrong.
    #[error(
        "the administrator {email} was not let in: the e-mail address or the password is wrong. \
         `polity auth create-superuser` makes an administrator"
    )]
    AdminPassword {
        /// The address tried.
        email: String,
    },
    /// The account given as administrator's is not one.
    #[error("{email} may not create categories; give an account with the role administrator")]
    NotAdministrator {
        /// The account's address.
        email: String,
    },
    /// A demo member's e-mail address or handle belongs to somebody else.
    #[error("{email} or its handle is taken here by somebody who does not have the demo password")]
    MemberTaken {
        /// The member's address.
        email: String,
    },
    /// The server refused a call for good.
    #[error("{call} was refused with status {status} ({reason}): {detail}")]
    Refused {
        /// The call made.
        call: String,
        /// The HTTP status.
        status: u16,
        /// The stable reason, such as `forum.thread_locked`.
        reason: String,
        /// Words for people.
        detail: String,
    },
    /// The server asked to wait for too long, or too often.
    #[error("{call} was put off {attempts} times, the last time for {seconds} s. Run the same command later to go on")]
    Busy {
        /// The call made.
        call: String,
        /// How often it was tried.
        attempts: u32,
        /// How long the server last asked to wait, in seconds.
        seconds: u64,
    },
    /// The connection broke in the middle, again and again.
    #[error("the connection to {base_url} broke. Run the same command again to go on")]
    Broken {
        /// The address asked.
        base_url: String,
        /// What the network said last.
        source: reqwest::Error,
    },
}
