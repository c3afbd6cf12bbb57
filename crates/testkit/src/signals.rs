//! Signals to other processes, through the shell's `kill`: the direct call would be unsafe code.
//!
//! What may not enter: waiting for what a signal brings about.

use std::fs;
use std::process::{Command, Stdio};

/// Sends `signal`, such as `TERM`, to these processes. Whoever is gone already is none the worse for it.
pub(crate) fn send(signal: &str, pids: &[u32]) {
    kill(signal, pids.iter().map(u32::to_string));
}

/// Sends `signal` to the whole group that `leader` leads.
pub(crate) fn send_to_group(signal: &str, leader: u32) {
    kill(signal, [format!("-{leader}")]);
}

/// The living children of a process, as Linux's `/proc` shows them.
pub(crate) fn children_of(parent: u32) -> Vec<u32> {
    let entries = fs::read_dir("/proc").expect("/proc can be read");
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| parent_of(*pid) == Some(parent)).collect()
}

/// The fourth field of `/proc/<pid>/stat` (proc_pid_stat(5)). The second may hold spaces and brackets, so the count
/// starts behind its last bracket.
fn parent_of(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn kill(signal: &str, targets: impl IntoIterator<Item = String>) {
    let mut command = Command::new("sh");
    command.args(["-c", "kill -s \"$@\"", "sh", signal, "--"]).args(targets);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().expect("a shell can be started");
}
