//! What is wrong with schemas and policies, in words that say where. Nothing here decides what a fault is.

use kernel::RuleProblem;
use miette::Diagnostic;
use std::error::Error;
use std::fmt;

/// One thing wrong with what a module brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFault {
    /// The module it was found in. `polity` is the engine's own part and the whole of all parts together.
    pub module: String,
    /// What is wrong, with the line where that is known.
    pub detail: String,
}

/// Everything wrong with the parts of a build, in the order found. Never empty when returned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyFaults(pub Vec<PolicyFault>);

impl PolicyFaults {
    /// Adds a fault, unless the same was said before: Cedar repeats itself for every kind of principal.
    pub(crate) fn add(&mut self, module: &str, detail: impl Into<String>) {
        let fault = PolicyFault { module: module.to_owned(), detail: detail.into() };
        if !self.0.contains(&fault) {
            self.0.push(fault);
        }
    }

    /// Adds everything `error` says. Its places are offsets into `text`, when that is known.
    pub(crate) fn add_all(&mut self, module: &str, error: &dyn Diagnostic, text: Option<&str>) {
        self.add(module, placed(error, text));
        for further in error.related().into_iter().flatten() {
            self.add(module, placed(further, text));
        }
    }
}

impl fmt::Display for PolicyFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} fault(s) in the policies", self.0.len())?;
        for fault in &self.0 {
            write!(f, "\n- {}: {}", fault.module, fault.detail)?;
        }
        Ok(())
    }
}

impl Error for PolicyFaults {}

/// The error and its causes on one line, outermost first.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_words = cause.to_string();
        // Cedar often quotes the cause in the error itself.
        if !words.contains(&cause_words) {
            words = format!("{words}: {cause_words}");
        }
        next = cause.source();
    }
    words
}

fn placed(error: &dyn Diagnostic, text: Option<&str>) -> String {
    let RuleProblem { line, detail } = problem(error, text);
    line.map_or_else(|| detail.clone(), |line| format!("line {line}: {detail}"))
}

fn problem(error: &dyn Diagnostic, text: Option<&str>) -> RuleProblem {
    let mut detail = chain(error);
    if let Some(help) = error.help() {
        detail = format!("{detail} ({help})");
    }
    let label = error.labels().and_then(|mut labels| labels.next());
    let line = text.zip(label).map(|(text, label)| line_of(text, label.offset()));
    RuleProblem { line, detail }
}

/// The line of `text` that the byte `offset` stands in, from 1.
fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

/// Everything `error` says, each with its line of `text`.
pub(crate) fn problems(error: &dyn Diagnostic, text: &str) -> Vec<RuleProblem> {
    let further = error.related().into_iter().flatten().map(|further| problem(further, Some(text)));
    std::iter::once(problem(error, Some(text))).chain(further).collect()
}
