//! What the process takes from its machine and how busy its runtime is, read when somebody asks. The names are those
//! of the Prometheus client libraries, so that existing dashboards fit. Where there is no `/proc`, the process's own
//! figures are left out.

use opentelemetry::metrics::Meter;
use std::fs;
use tokio::runtime::Handle;

/// How many ticks `/proc` counts a second in: `USER_HZ`, 100 on every architecture that Rust's Linux targets name.
const TICKS_PER_SECOND: f64 = 100.0;

/// Registers the figures on `meter`; those of tokio only when there is a `runtime`.
pub(crate) fn observe(meter: &Meter, runtime: Option<Handle>) {
    meter
        .u64_observable_gauge("process_resident_memory")
        .with_unit("By")
        .with_description("Resident memory size.")
        .with_callback(|observer| resident_bytes().into_iter().for_each(|bytes| observer.observe(bytes, &[])))
        .build();
    meter
        .f64_observable_counter("process_cpu")
        .with_unit("s")
        .with_description("User and system CPU time spent.")
        .with_callback(|observer| cpu_seconds().into_iter().for_each(|seconds| observer.observe(seconds, &[])))
        .build();
    meter
        .u64_observable_gauge("process_open_fds")
        .with_description("Open file descriptors.")
        .with_callback(|observer| open_files().into_iter().for_each(|files| observer.observe(files, &[])))
        .build();
    meter
        .f64_observable_gauge("process_start_time")
        .with_unit("s")
        .with_description("Start time of the process since the Unix epoch.")
        .with_callback(|observer| start_seconds().into_iter().for_each(|seconds| observer.observe(seconds, &[])))
        .build();
    if let Some(runtime) = runtime {
        observe_runtime(meter, &runtime);
    }
}

fn observe_runtime(meter: &Meter, runtime: &Handle) {
    let gauge = |name: &'static str, about: &'static str, read: fn(&Handle) -> usize| {
        let runtime = runtime.clone();
        meter
            .u64_observable_gauge(name)
            .with_description(about)
            .with_callback(move |observer| observer.observe(read(&runtime) as u64, &[]))
            .build()
    };
    gauge("tokio.runtime.alive_tasks", "Tasks that have not finished.", |runtime| runtime.metrics().num_alive_tasks());
    gauge("tokio.runtime.workers", "Worker threads.", |runtime| runtime.metrics().num_workers());
    gauge("tokio.runtime.global_queue_depth", "Tasks waiting for any worker.", |runtime| {
        runtime.metrics().global_queue_depth()
    });
}

/// Bytes of memory held, from the `VmRSS` line of `/proc/self/status` (proc(5)).
fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1_024)
}

/// Field `number` of `/proc/self/stat`, counted from 1 as proc(5) does. The program's name, field 2, may hold anything,
/// so counting starts behind it.
fn stat_field(number: usize) -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(number - 3)?.parse().ok()
}

fn cpu_seconds() -> Option<f64> {
    Some((stat_field(14)? + stat_field(15)?) / TICKS_PER_SECOND)
}

fn start_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let boot: f64 = stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
    Some(boot + stat_field(22)? / TICKS_PER_SECOND)
}

/// Open descriptors, without the one that counting them takes.
fn open_files() -> Option<u64> {
    fs::read_dir("/proc/self/fd").ok().map(|files| (files.count() as u64).saturating_sub(1))
}
