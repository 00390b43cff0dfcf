//! What the operating system says about and allows this process. Linux only, as the sockets are.

use crate::start_error::StartError;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::fs;

/// Files a node needs beside its media sockets: log, records, SIP, HTTP and its connections, the wasm engine.
const OTHER_FILES: u64 = 256;
/// Memory maps the wasm engine needs for each instance it may hold.
const MAPS_PER_INSTANCE: u64 = 6;
/// Clock ticks a second in /proc; fixed on every Linux in use.
const TICKS_PER_SECOND: f64 = 100.0;

/// What is read for the metrics page.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Usage {
    pub(crate) resident_bytes: u64,
    pub(crate) threads: u64,
    pub(crate) open_files: u64,
    pub(crate) cpu_seconds: f64,
}

/// Reads what this process uses. What cannot be read is 0.
pub(crate) fn usage() -> Usage {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    Usage {
        resident_bytes: status_field(&status, "VmRSS:") * 1024,
        threads: status_field(&status, "Threads:"),
        // The listing itself has one file open.
        open_files: fs::read_dir("/proc/self/fd")
            .map_or(0, |files| files.count() as u64)
            .saturating_sub(1),
        cpu_seconds: cpu_ticks(&stat) as f64 / TICKS_PER_SECOND,
    }
}

fn status_field(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// User and system time; they are the 12th and 13th word behind the process name, which may hold anything.
fn cpu_ticks(stat: &str) -> u64 {
    let behind_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let words = behind_name.split_whitespace().skip(11).take(2);
    words.filter_map(|word| word.parse::<u64>().ok()).sum()
}

/// Makes sure that so many sockets can be open, by raising the process's own limit if it may.
pub(crate) fn allow_sockets(sockets: u64) -> Result<(), StartError> {
    let needed = sockets + OTHER_FILES;
    let Ok((now, most)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        // Then binding says whether it is enough.
        return Ok(());
    };
    if now >= needed {
        return Ok(());
    }
    if most < needed {
        return Err(StartError::OpenFiles { needed, allowed: most });
    }
    setrlimit(Resource::RLIMIT_NOFILE, needed, most).map_err(|_| StartError::OpenFiles { needed, allowed: now })
}

/// How many more sockets than `needed` can be open, at most `wanted`; raises the process's own limit as far as it may.
pub(crate) fn more_sockets(needed: u64, wanted: u64) -> u64 {
    let before = needed + OTHER_FILES;
    let Ok((now, most)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return wanted;
    };
    let all = before.saturating_add(wanted);
    let allowed = if now >= all {
        now
    } else {
        let raised = all.min(most);
        match setrlimit(Resource::RLIMIT_NOFILE, raised, most) {
            Ok(()) => raised,
            Err(_) => now,
        }
    };
    allowed.saturating_sub(before).min(wanted)
}

/// Says so in the log if the kernel allows fewer memory maps than so many instances can need.
pub(crate) fn warn_of_few_maps(instances: u64) {
    let Ok(text) = fs::read_to_string("/proc/sys/vm/max_map_count") else {
        return;
    };
    let Ok(allowed) = text.trim().parse::<u64>() else {
        return;
    };
    let needed = instances * MAPS_PER_INSTANCE;
    if allowed < needed {
        tracing::warn!(
            allowed,
            needed,
            "vm.max_map_count is too small for so many calls at once; some will not start: `sysctl vm.max_map_count={needed}`"
        );
    }
}

#[cfg(test)]
mod tests;
